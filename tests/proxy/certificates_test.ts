/** Certificates of a run, with OpenSSL's opinion where the machine has it. */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { createAuthority, permittedDomains } from "../../proxy/certificate_authority.ts";
import { integer, objectIdentifier, time } from "../../proxy/der.ts";
import { LeafCertificates } from "../../proxy/leaf_certificates.ts";
import { findProgram } from "../support/deno_on_path.ts";

const HOSTS = ["api.acme.test", "*.shops.test", "regex:[a-z]+\\.api\\.region\\.test"];
const hasOpenSsl = findProgram("openssl", Deno.env.get("PATH") ?? "") !== null;

/** `openssl verify` for `host` of a leaf for it, or for another name, as strict as it can be. */
async function verify(host: string, { name = host } = {}): Promise<string> {
  const directory = await Deno.makeTempDir();
  const authority = createAuthority({ hosts: HOSTS });
  const { certificatePem } = new LeafCertificates(authority).issue([name]);
  await Deno.writeTextFile(`${directory}/ca.pem`, authority.certificatePem);
  await Deno.writeTextFile(`${directory}/leaf.pem`, certificatePem);
  const { stdout, stderr } = await new Deno.Command("openssl", {
    args: [
      "verify",
      "-x509_strict",
      "-check_ss_sig",
      "-purpose",
      "sslserver",
      "-verify_hostname",
      host,
      "-CAfile",
      `${directory}/ca.pem`,
      `${directory}/leaf.pem`,
    ],
    env: { SSL_CERT_FILE: "/dev/null", SSL_CERT_DIR: "/dev/null" },
  }).output();
  await Deno.remove(directory, { recursive: true });
  return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
}

for (const host of ["api.acme.test", "v2.api.acme.test", "one.shops.test", "eu.api.region.test"]) {
  Deno.test(
    `openssl -x509_strict accepts a leaf for ${host}`,
    { ignore: !hasOpenSsl },
    async () => {
      assert.match(await verify(host), /leaf\.pem: OK/);
    },
  );
}

for (const host of ["bank.example", "acme.test", "shops.test.evil.example", "10.0.0.1"]) {
  Deno.test(`openssl refuses a leaf for ${host}: the name constraint`, {
    ignore: !hasOpenSsl,
  }, async () => {
    assert.match(await verify(host), /permitted subtree violation|hostname mismatch/);
  });
}

Deno.test("openssl refuses every leaf of an authority without hosts", {
  ignore: !hasOpenSsl,
}, async () => {
  const directory = await Deno.makeTempDir();
  const authority = createAuthority({ hosts: [] });
  await Deno.writeTextFile(`${directory}/ca.pem`, authority.certificatePem);
  await Deno.writeTextFile(
    `${directory}/leaf.pem`,
    new LeafCertificates(authority).issue(["api.acme.test"]).certificatePem,
  );
  const { success } = await new Deno.Command("openssl", {
    args: ["verify", "-CAfile", `${directory}/ca.pem`, `${directory}/leaf.pem`],
    stdout: "null",
    stderr: "null",
  }).output();
  await Deno.remove(directory, { recursive: true });
  assert.equal(success, false);
});

Deno.test("the authority is one, and a leaf is none", () => {
  const authority = createAuthority({ hosts: HOSTS });
  const root = new X509Certificate(authority.certificatePem);
  const leaf = new X509Certificate(
    new LeafCertificates(authority).issue(["api.acme.test"]).certificatePem,
  );

  assert.ok(root.ca);
  assert.ok(!leaf.ca);
  assert.ok(root.verify(root.publicKey));
  assert.ok(leaf.verify(root.publicKey));
  assert.equal(leaf.subjectAltName, "DNS:api.acme.test");
  assert.equal(leaf.issuer, root.subject);
});

Deno.test("an authority after 2049 has a date that is read right", { ignore: !hasOpenSsl }, () => {
  const authority = createAuthority({
    hosts: HOSTS,
    now: new Date("2051-06-01T00:00:00Z"),
    lifetimeDays: 30,
  });
  assert.match(new X509Certificate(authority.certificatePem).validTo, /2051/);
});

Deno.test("a host longer than a common name stands in the alternative name", () => {
  const host = `${"a".repeat(60)}.${"b".repeat(60)}.shops.test`;
  const leaves = new LeafCertificates(createAuthority({ hosts: HOSTS }));
  const leaf = new X509Certificate(leaves.issue([host]).certificatePem);
  assert.equal(leaf.subjectAltName, `DNS:${host}`);
});

Deno.test("a host's context is kept, and made anew before its certificate expires", () => {
  let now = new Date("2026-01-01T00:00:00Z");
  const leaves = new LeafCertificates(createAuthority({ hosts: HOSTS }), {
    now: () => now,
    lifetimeDays: 10,
  });
  const first = leaves.contextFor("api.acme.test");
  now = new Date("2026-01-09T00:00:00Z");
  assert.equal(leaves.contextFor("api.acme.test"), first);
  now = new Date("2026-01-10T00:00:01Z");
  assert.notEqual(leaves.contextFor("api.acme.test"), first);
});

Deno.test("of a thousand hosts and more those used last are kept", () => {
  const leaves = new LeafCertificates(createAuthority({ hosts: ["*.shops.test"] }));
  const used = leaves.contextFor("used.shops.test");
  const unused = leaves.contextFor("unused.shops.test");
  for (let n = 0; n < 1_000; n++) {
    leaves.signAhead(`${n}.shops.test`);
    assert.equal(leaves.contextFor("used.shops.test"), used);
  }

  assert.notEqual(leaves.contextFor("unused.shops.test"), unused);
});

Deno.test("a clock that is set back: the certificate is made anew, or it would not be valid yet", () => {
  let now = new Date("2026-01-10T00:00:00Z");
  const leaves = new LeafCertificates(createAuthority({ hosts: HOSTS }), { now: () => now });
  const first = leaves.contextFor("api.acme.test");
  now = new Date("2026-01-09T23:30:00Z");
  assert.equal(leaves.contextFor("api.acme.test"), first);
  now = new Date("2026-01-09T00:00:00Z");
  assert.notEqual(leaves.contextFor("api.acme.test"), first);
});

Deno.test("what was signed ahead is served: nothing is signed when its host is connected to", () => {
  let now = new Date("2026-01-01T00:00:00Z");
  const leaves = new LeafCertificates(createAuthority({ hosts: HOSTS }), {
    now: () => now,
    lifetimeDays: 10,
  });
  const signed: string[] = [];
  const issue = leaves.issue.bind(leaves);
  leaves.issue = (hosts) => {
    signed.push(...hosts);
    return issue(hosts);
  };

  assert.ok(leaves.signAhead("api.acme.test"));
  assert.ok(!leaves.signAhead("api.acme.test"), "it is there");
  assert.ok(!leaves.signAhead("api.other.test"), "the authority must not");
  assert.equal(leaves.contextFor("api.acme.test"), leaves.contextFor("api.acme.test"));

  assert.deepEqual(signed, ["api.acme.test"]);
  now = new Date("2026-01-10T00:00:01Z");
  leaves.contextFor("api.acme.test");
  assert.equal(signed.length, 2, "its last tenth: made anew");
});

/** Leaves of HOSTS, and the names that were signed for. */
function watched(now: () => Date = () => new Date()) {
  const leaves = new LeafCertificates(createAuthority({ hosts: HOSTS, now: now() }), { now });
  const signed: string[] = [];
  const issue = leaves.issue.bind(leaves);
  leaves.issue = (hosts) => {
    signed.push(...hosts);
    return issue(hosts);
  };
  return { leaves, signed };
}

Deno.test("the hosts right below a wildcard that was signed ahead share its certificate", () => {
  const { leaves, signed } = watched();

  assert.ok(leaves.signAhead("*.shops.test"));
  assert.ok(!leaves.signAhead("*.shops.test"), "it is there");
  assert.ok(!leaves.signAhead("named.shops.test"), "it is covered");

  assert.equal(leaves.contextFor("one.shops.test"), leaves.contextFor("two-2.shops.test"));
  assert.deepEqual(signed, ["*.shops.test"]);
});

for (const host of ["a.b.shops.test", "under_score.shops.test", "-.shops.test", "shops.test"]) {
  Deno.test(`${host} is not what *.shops.test stands for at every client: it has its own`, () => {
    const { leaves, signed } = watched();
    leaves.signAhead("*.shops.test");

    leaves.contextFor(host);

    assert.deepEqual(signed, ["*.shops.test", host]);
  });
}

Deno.test("a host that has a certificate keeps it when its wildcard is signed for", () => {
  const { leaves, signed } = watched();
  const own = leaves.contextFor("one.shops.test");

  leaves.signAhead("*.shops.test");

  assert.equal(leaves.contextFor("one.shops.test"), own);
  assert.deepEqual(signed, ["one.shops.test", "*.shops.test"]);
});

Deno.test("a wildcard's certificate in its last tenth is made anew for whoever comes next", () => {
  let now = new Date("2026-01-01T00:00:00Z");
  const { leaves, signed } = watched(() => now);
  leaves.signAhead("*.shops.test");
  const first = leaves.contextFor("one.shops.test");

  now = new Date("2026-01-07T12:00:00Z");

  assert.notEqual(leaves.contextFor("one.shops.test"), first);
  assert.deepEqual(signed, ["*.shops.test", "*.shops.test"]);
});

for (const [host, accepted] of [["one.shops.test", true], ["a.b.shops.test", false]] as const) {
  Deno.test(`openssl ${accepted ? "accepts" : "refuses"} the leaf of *.shops.test for ${host}`, {
    ignore: !hasOpenSsl,
  }, async () => {
    const answer = await verify(host, { name: "*.shops.test" });
    assert.match(answer, accepted ? /leaf\.pem: OK/ : /hostname mismatch/);
  });
}

for (const days of [0, 6, 8, 29, 31, 400, 3000]) {
  Deno.test(`day ${days} of a run: what the child trusted at its start covers the certificate`, {
    ignore: !hasOpenSsl,
  }, async () => {
    const start = new Date("2026-01-01T00:00:00Z");
    let now = start;
    const authority = createAuthority({ hosts: HOSTS, now: start });
    const leaves = new LeafCertificates(authority, { now: () => now });
    leaves.issue(["api.acme.test"]);
    now = new Date(start.getTime() + days * 86_400_000);
    const directory = await Deno.makeTempDir();
    await Deno.writeTextFile(`${directory}/ca.pem`, authority.certificatePem);
    await Deno.writeTextFile(
      `${directory}/leaf.pem`,
      leaves.issue(["api.acme.test"]).certificatePem,
    );

    const { success, stderr } = await new Deno.Command("openssl", {
      args: [
        "verify",
        "-x509_strict",
        ...["-attime", String(now.getTime() / 1000)],
        ...["-CAfile", `${directory}/ca.pem`],
        `${directory}/leaf.pem`,
      ],
    }).output();

    await Deno.remove(directory, { recursive: true });
    assert.ok(success, new TextDecoder().decode(stderr));
  });
}

Deno.test("permittedDomains() takes literal ends, and nothing below what is there already", () => {
  assert.deepEqual(
    permittedDomains([...HOSTS, "x.api.acme.test", "api.acme.test", "10.0.0.1", "localhost"]),
    ["api.acme.test", "api.region.test", "localhost", "shops.test"],
  );
});

Deno.test("permittedDomains() reads a wildcard's end off, and takes none that a definition may not have", () => {
  assert.deepEqual(
    permittedDomains([
      "bedrock.*.amazonaws.com",
      "*-x.a.b.test",
      "*.c.*.d_e.co.uk",
      "*.F.test.org",
    ]),
    ["a.b.test", "amazonaws.com", "d_e.co.uk", "f.test.org"],
  );
  for (const pattern of ["*.com", "*", "a.*m.test", "*.test.com evil.com"]) {
    assert.throws(() => permittedDomains([pattern]), RangeError, pattern);
  }
});

Deno.test("covers() takes the names of the authority and what is below them, and nothing that only ends alike", () => {
  const leaves = new LeafCertificates(
    createAuthority({ hosts: ["api.acme.test", "*.shops.test"] }),
  );
  const asked = ["api.acme.test", "x.api.acme.test", "a.b.shops.test"];
  assert.deepEqual(asked.filter((host) => leaves.covers(host)), asked);
  const others = ["acme.test", "test", "evilapi.acme.test", "evilshops.test", "api.acme.test.evil"];
  assert.deepEqual(others.filter((host) => leaves.covers(host)), []);
});

Deno.test("an authority with a thousand hosts is made", () => {
  const hosts = Array.from({ length: 1000 }, (_, i) => `api${i}.acme-${i}.test`);
  const leaves = new LeafCertificates(createAuthority({ hosts }));
  assert.ok(leaves.covers("api999.acme-999.test"));
});

Deno.test("DER: integers are shortest and never negative, identifiers and times as in the standard", () => {
  assert.deepEqual([...integer(Uint8Array.of(0, 0, 5))], [2, 1, 5]);
  assert.deepEqual([...integer(Uint8Array.of(0x80))], [2, 2, 0, 0x80]);
  assert.deepEqual([...integer(Uint8Array.of(0))], [2, 1, 0]);
  assert.deepEqual(
    [...objectIdentifier("1.2.840.10045.4.3.2")],
    [6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2],
  );
  const ascii = (der: Uint8Array) => new TextDecoder().decode(der.subarray(2));
  assert.equal(ascii(time(new Date("2049-12-31T23:59:59Z"))), "491231235959Z");
  assert.equal(ascii(time(new Date("2050-01-01T00:00:00Z"))), "20500101000000Z");
});
