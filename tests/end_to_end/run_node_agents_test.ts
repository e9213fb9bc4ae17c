/**
 * What Node's own agents promise holds behind `authsome run`, where the bootstrap opens their
 * connections: `maxSockets`, and that nobody waits for ever behind a connection that failed.
 */
import assert from "node:assert/strict";
import {
  ACME_HOST,
  ACME_KEY,
  type AcmeHome,
  openAcmeHome,
  OTHER_HOST,
} from "../support/acme_home.ts";
import { findNode } from "../support/client_programs.ts";
import { startPlainUpstream } from "../support/tls_upstream.ts";

const NODE = await findNode("");
/** Taken for one of those that use proxies by themselves, and warn of it before any program begins. */
const LIKE_NODE_22 = `
  Object.defineProperty(process, "versions", { value: { ...process.versions, node: "22.21.0" } });
  process.emitWarning("EnvHttpProxyAgent is experimental", { code: "UNDICI-EHPA" });
`;
const PROGRAM = new URL("../support/clients/agent_limits.mjs", import.meta.url).pathname;
const PLAIN_HOST = "plain.acme.test";

const TARGETS = {
  "a routed host": { origin: `https://${ACME_HOST}`, key: ACME_KEY },
  "a tunnelled host": { origin: `https://${OTHER_HOST}`, key: null },
  "a plain-HTTP host": { origin: `http://${PLAIN_HOST}`, key: null },
};

let acme: AcmeHome;
let plain: ReturnType<typeof startPlainUpstream>;

Deno.test.beforeAll(async () => {
  acme = await openAcmeHome();
  plain = startPlainUpstream();
});
Deno.test.afterAll(async () => {
  await acme.close();
  await plain.close();
});

for (const [what, { origin, key }] of Object.entries(TARGETS)) {
  const title = `an agent in Node.js keeps its limits and its failures: ${what}`;
  const isHere = NODE !== null;
  Deno.test(isHere ? title : `${title} (not here)`, { ignore: !isHere }, async () => {
    const server = origin.startsWith("https:") ? acme.api : plain;
    const before = server.requests.length;
    const scheme = new URL(origin).protocol;

    const { code, stdout, stderr } = await acme.run(
      [NODE!, PROGRAM, `${origin}/`, `${scheme}//nobody.invalid/`],
      {
        args: ["--connect-to", `${PLAIN_HOST}:80:127.0.0.1:${plain.port}`],
        env: { NODE_EXTRA_CA_CERTS: `${acme.directory}/acme-roots.pem` },
      },
    );

    assert.equal(code, 0, stdout + stderr);
    assert.deepEqual(stdout.trim().split("\n"), [
      "answers: Set(1) { 200 } connections: 2",
      "behind a failure: [ 'failed', 'failed', 'failed' ]",
      "behind a destruction: [ 'failed', 'failed' ]",
    ]);
    const keys = server.requests.slice(before).map(({ headers }) => headers.get("x-api-key"));
    assert.deepEqual(keys, Array(24).fill(key));
  });
}

const TITLE = "Node.js 22 does not warn of the proxy that its program did not choose";
Deno.test(NODE === null ? `${TITLE} (not here)` : TITLE, { ignore: NODE === null }, async () => {
  const first = `${acme.directory}/like_node_22.cjs`;
  await Deno.writeTextFile(first, LIKE_NODE_22);
  const script = "process.emitWarning('of the program', { code: 'MINE' })";

  const { code, stderr } = await acme.run([NODE!, "-e", script], {
    args: ["--quiet"],
    env: { NODE_OPTIONS: `--require=${first}` },
  });

  assert.equal(code, 0, stderr);
  assert.match(stderr, /of the program/);
  assert.doesNotMatch(stderr, /experimental/);
});
