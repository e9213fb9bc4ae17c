/**
 * Named invariant: secret confinement.
 *
 * The attack: the agent, or what it was talked into running, reads everything it can reach. The plain
 * text of a stored key must be nowhere: not in the child's environment, not in any process's
 * environment or arguments, not in a file of the home or of the run, not in an answer of the proxy or
 * of the daemon, not in an error, not in a log.
 */
import assert from "node:assert/strict";
import { ACME_KEY, openAcmeHome } from "../support/acme_home.ts";

const CHILD = new URL("./curious_child.ts", import.meta.url).pathname;

Deno.test("a child that reads everything it can reach does not find the key", {
  ignore: Deno.build.os !== "linux",
}, async () => {
  const acme = await openAcmeHome();
  const output = `${acme.directory}/found.txt`;

  const { code, stdout, stderr } = await acme.run(
    ["deno", "run", "--quiet", "--no-config", "-A", CHILD, output],
  );

  assert.equal(code, 0, stderr);
  const found = await Deno.readTextFile(output);
  // It has really looked, and the key was really in use.
  for (const place of ["/server/vault.db", "/bundle.pem", "/environ", "/cmdline"]) {
    assert.ok(found.includes(place), place);
  }
  const work = acme.api.requests.find((request) => request.target === "/work");
  assert.equal(work?.headers.get("x-api-key"), ACME_KEY);
  assert.match(found, /== proxy without the secret\nHTTP\/1\.1 407 /);
  assert.match(found, /== daemon through the proxy\nHTTP\/1\.1 403 /);
  assert.match(found, /== daemon GET \S+\nHTTP\/1\.1 401 /);
  assert.doesNotMatch(found, /== daemon \S+ \S+\nHTTP\/1\.1 2/);

  for (const form of formsOf(ACME_KEY)) {
    assert.ok(!(found + stdout + stderr).includes(form), `found as ${form.slice(0, 4)}…`);
  }
  await acme.close();
});

Deno.test("after logins, runs and errors the key is in no file of the home, and in nothing printed", async () => {
  const acme = await openAcmeHome();
  const { home } = acme;
  const printed: string[] = [];
  const keep = async (args: string[], input?: string) => {
    const result = await home.authsome(args, input === undefined ? {} : { input });
    printed.push(result.stdout, result.stderr);
  };

  await keep(["list", "--json"]);
  await keep(["get", "acme"]);
  await keep(["inspect", "acme", "--json"]);
  // Each of these fails, the key in hand.
  await keep(["login", "acme", "--stdin"], `${ACME_KEY}\n`);
  await keep(["login", "acme", "--stdin", "--force"], `${ACME_KEY}\n${ACME_KEY}\n`);
  await keep(["login", "no-such-provider", "--stdin"], `${ACME_KEY}\n`);
  await keep(["login", "acme", "--flow", "pkce", "--stdin"], `${ACME_KEY}\n`);
  const run = await acme.run(["sh", "-c", "env; no-such-command; exit 3"], {
    env: { ACME_API_KEY: ACME_KEY },
  });
  printed.push(run.stdout, run.stderr);
  await keep(["daemon", "logs", "-n", "1000"]);

  for (const form of formsOf(ACME_KEY)) {
    assert.deepEqual(await home.filesHolding(form), []);
    assert.ok(!printed.join("\n").includes(form));
  }
  await acme.close();
});

/** The key as it is and in the dress it might be found in. */
function formsOf(key: string): string[] {
  const bytes = new TextEncoder().encode(key);
  // The middle of the base64, whatever it is encoded together with.
  const base64 = [0, 1, 2].map((shift) => bytes.subarray(shift).toBase64().slice(0, 36));
  return [key, ...base64, bytes.toHex(), [...key].reverse().join("")];
}
