/**
 * The audit log: chained, signed, continued after a crash, and able to say where it was changed.
 *
 * @module
 */
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { formatAuditLine } from "../../core/audit_chain.ts";
import { didKey } from "../../core/did_key.ts";
import { StoreUnavailableError } from "../../core/errors.ts";
import { sha256 } from "../../daemon/audit_files.ts";
import { AuditLog, type AuditSigner } from "../../daemon/audit_log.ts";
import { readAuditPage } from "../../daemon/audit_reader.ts";
import { verifyAuditLog } from "../../daemon/verify_audit_log.ts";

const now = () => new Date("2026-11-21T12:00:00Z");

function makeSigner(): AuditSigner {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const raw = publicKey.export({ type: "spki", format: "der" }).subarray(-32);
  return { did: didKey(new Uint8Array(raw)), privateKey };
}

async function withLog(
  test: (path: string, signer: AuditSigner) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await test(`${folder}/audit.log`, makeSigner());
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function writeTwenty(path: string, signer: AuditSigner, maxBytes?: number): AuditLog {
  const log = AuditLog.open({ path, signer, now, ...(maxBytes === undefined ? {} : { maxBytes }) });
  log.append({ event: "daemon_start", status: "success" });
  log.checkpoint();
  for (let i = 0; i < 17; i++) {
    log.append({ event: "login", status: "success", provider: `p${i}`, connection: "default" });
  }
  log.checkpoint();
  return log;
}

Deno.test("a log that nobody touched verifies, and its last checkpoint signs everything before it", async () => {
  await withLog(async (path, signer) => {
    const log = writeTwenty(path, signer);
    const report = await verifyAuditLog(log);
    log.close();

    assert.equal(report.fault, null);
    assert.deepEqual([report.lines, report.checkpoints, report.signed_until], [20, 2, 20]);
  });
});

/** A line 21 that continues the chain and that nobody wrote. */
function forgedLine(lines: readonly string[]): string {
  const head = { seq: 20, hash: sha256(new TextEncoder().encode(lines[19])) };
  return formatAuditLine({ event: "login", status: "success" }, head, now());
}

const TAMPERING: readonly [string, (lines: string[]) => string[], number, string][] = [
  ["changed", (l) => l.with(4, l[4]!.replace("p2", "px")), 5, "wrong_hash"],
  ["changed, the last one", (l) => l.with(18, l[18]!.replace("p16", "px")), 19, "wrong_hash"],
  [
    "whose link was changed",
    (l) => l.with(4, l[4]!.replace(/"prev":"./, '"prev":"x')),
    5,
    "wrong_hash",
  ],
  ["added at the end", (l) => [...l, forgedLine(l)], 21, "appended"],
  ["removed", (l) => l.toSpliced(4, 1), 5, "wrong_sequence"],
  ["inserted twice", (l) => l.toSpliced(4, 0, l[4]!), 6, "wrong_sequence"],
  ["swapped with its neighbour", (l) => l.with(4, l[5]!).with(5, l[4]!), 5, "wrong_sequence"],
  ["turned into something else", (l) => l.with(4, "nothing"), 5, "not_json"],
  ["cut off at the end", (l) => l.slice(0, 12), 12, "truncated"],
];
for (const [name, tamper, line, problem] of TAMPERING) {
  Deno.test(`a line ${name} is found, with its place`, async () => {
    await withLog(async (path, signer) => {
      const log = writeTwenty(path, signer);
      log.close();
      const lines = (await Deno.readTextFile(path)).trimEnd().split("\n");
      await Deno.writeTextFile(path, tamper(lines).join("\n") + "\n");

      const report = await verifyAuditLog(log);

      assert.equal(report.fault?.problem, problem);
      assert.equal(report.fault?.line, line);
    });
  });
}

Deno.test("a chain rewritten from the start with another key is refused at its first checkpoint", async () => {
  await withLog(async (path, signer) => {
    const log = writeTwenty(path, makeSigner());
    log.close();
    const report = await verifyAuditLog({ path, key: signer.did, head: log.head });
    assert.equal(report.fault?.problem, "foreign_key");
    assert.equal(report.fault?.line, 2);
  });
});

Deno.test("a line that a crash cut in half is taken off, and the log says so and goes on", async () => {
  await withLog(async (path, signer) => {
    writeTwenty(path, signer).close();
    await Deno.writeTextFile(path, '{"seq":21,"times', { append: true });

    const log = AuditLog.open({ path, signer, now });
    const report = await verifyAuditLog(log);
    log.close();

    assert.equal(report.fault, null);
    const { entries } = await readAuditPage(path, {}, 1);
    assert.equal(entries[0]?.event, "log_recovered");
    assert.deepEqual(entries[0]?.details, { dropped_bytes: 16 });
  });
});

Deno.test("a log whose last line was replaced is not continued and not overwritten", async () => {
  await withLog(async (path, signer) => {
    writeTwenty(path, signer).close();
    await Deno.writeTextFile(path, "garbage\n", { append: true });
    const before = await Deno.readTextFile(path);

    assert.throws(() => AuditLog.open({ path, signer, now }), StoreUnavailableError);
    assert.equal(await Deno.readTextFile(path), before);
  });
});

Deno.test("a log that was cut off while no daemon ran goes on behind the gap, which stays to be seen", async () => {
  await withLog(async (path, signer) => {
    const before = writeTwenty(path, signer);
    before.close();
    const lines = (await Deno.readTextFile(path)).split("\n");
    await Deno.writeTextFile(path, lines.slice(0, 12).join("\n") + "\n");

    const log = AuditLog.open({ path, signer, now, remembered: before.head });
    log.append({ event: "daemon_start", status: "success" });
    const report = await verifyAuditLog(log);
    log.close();

    const { entries } = await readAuditPage(path, { event: "log_damaged" }, 1);
    assert.deepEqual(entries[0]?.details, { continues: 20, found: 12 });
    assert.equal(
      report.fault?.message,
      "audit.log line 13 has sequence number 21, which follows " +
        "12: 8 line(s) in between were removed",
    );
  });
});

Deno.test("a line that was added while no daemon ran is not taken for one of ours", async () => {
  await withLog(async (path, signer) => {
    const before = writeTwenty(path, signer);
    before.close();
    const lines = (await Deno.readTextFile(path)).trimEnd().split("\n");
    await Deno.writeTextFile(path, `${forgedLine(lines)}\n`, { append: true });

    const log = AuditLog.open({
      path,
      signer,
      now,
      remembered: { ...before.head, closed: true },
    });
    const report = await verifyAuditLog(log);
    log.close();

    assert.equal(report.fault?.line, 21);
    assert.equal((await readAuditPage(path, {}, 1)).entries[0]?.event, "log_damaged");
  });
});

Deno.test("a log that was replaced by another whole one is noticed at the start", async () => {
  await withLog(async (path, signer) => {
    const before = writeTwenty(path, signer);
    before.close();
    await Deno.remove(path);
    const forger = makeSigner();
    const forged = writeTwenty(path, forger);
    for (let i = 0; i < 3; i++) forged.append({ event: "logout", status: "success" });
    forged.close();

    const log = AuditLog.open({ path, signer, now, remembered: before.head });
    const report = await verifyAuditLog(log);
    log.close();

    assert.equal((await readAuditPage(path, {}, 1)).entries[0]?.event, "log_damaged");
    assert.equal(report.fault?.problem, "foreign_key");
  });
});

Deno.test("what is remembered may be older than the log: a daemon was killed behind it", async () => {
  await withLog(async (path, signer) => {
    const killed = writeTwenty(path, signer);
    const remembered = killed.head;
    killed.append({ event: "logout", status: "success" });
    killed.close();

    const log = AuditLog.open({ path, signer, now, remembered });
    const report = await verifyAuditLog(log);
    log.close();

    assert.equal(report.fault, null);
    assert.equal(log.head.seq, 21);
  });
});

for (const kind of ["removed", "replaced", "cut off", "written to"] as const) {
  Deno.test(`a log that is ${kind} under the daemon is written to where it belongs, with the gap`, async () => {
    await withLog(async (path, signer) => {
      const log = writeTwenty(path, signer);
      const text = await Deno.readTextFile(path);
      if (kind === "removed" || kind === "replaced") await Deno.remove(path);
      if (kind === "replaced") await Deno.writeTextFile(path, text.slice(0, 500));
      if (kind === "cut off") await Deno.truncate(path, 700);
      if (kind === "written to") await Deno.writeTextFile(path, "more", { append: true });

      log.append({ event: "logout", status: "success" });
      const report = await verifyAuditLog(log);
      log.close();

      const { entries } = await readAuditPage(path, {}, 2);
      assert.deepEqual(entries.map(({ event }) => event), ["logout", "log_damaged"]);
      assert.notEqual(report.fault, null);
    });
  });
}

Deno.test("several decisions are written in one go, each with a line of its own", async () => {
  await withLog(async (path, signer) => {
    const log = writeTwenty(path, signer);
    log.append(
      { event: "export", status: "success", provider: "a" },
      { event: "export", status: "success", provider: "b" },
    );
    const report = await verifyAuditLog(log);
    log.close();

    assert.equal(report.fault, null);
    assert.equal(report.lines, 22);
  });
});

Deno.test("a rotated file that is gone is named by the line that misses it", async () => {
  await withLog(async (path, signer) => {
    const log = writeTwenty(path, signer, 600);
    log.close();
    const rotated = [...Deno.readDirSync(path.replace("/audit.log", ""))]
      .map(({ name }) => name).filter((name) => name !== "audit.log").sort();
    await Deno.remove(path.replace("audit.log", rotated[1]!));

    const report = await verifyAuditLog(log);

    assert.equal(report.fault?.problem, "wrong_sequence");
    assert.equal(report.fault?.file, rotated[2]);
    assert.equal(report.fault?.line, 1);
  });
});

Deno.test("rotation keeps one chain over all files, also for a log reopened right after it", async () => {
  await withLog(async (path, signer) => {
    writeTwenty(path, signer, 600).close();
    const log = AuditLog.open({ path, signer, now, maxBytes: 600 });
    log.append({ event: "daemon_stop", status: "success" });
    const report = await verifyAuditLog(log);
    log.close();

    assert.equal(report.fault, null);
    assert.ok([...Deno.readDirSync(path.replace("/audit.log", ""))].length > 3);
  });
});

Deno.test("pages come newest first, filtered, and a cursor leads through all of them", async () => {
  await withLog(async (path, signer) => {
    writeTwenty(path, signer, 600).close();

    const seen: string[] = [];
    let cursor: string | null = String(Number.MAX_SAFE_INTEGER);
    while (cursor !== null) {
      const page = await readAuditPage(path, { event: "login" }, 5, Number(cursor));
      seen.push(...page.entries.map((entry) => entry.provider!));
      cursor = page.next_cursor;
    }

    assert.deepEqual(seen, Array.from({ length: 17 }, (_, i) => `p${16 - i}`));
  });
});

Deno.test("a log file is made readable for its owner only", async () => {
  await withLog(async (path, signer) => {
    writeTwenty(path, signer).close();
    assert.equal((await Deno.stat(path)).mode! & 0o777, 0o600);
  });
});
