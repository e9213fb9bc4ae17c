/**
 * Invariant: strange JSON harms nobody.
 *
 * The attack: somebody who may send requests (an agent with a run's key, a page that found a hole)
 * sends bodies that are small and expensive: nested without end, with tens of thousands of fields,
 * with names that JavaScript treats specially.
 *
 * @module
 */
import { equal, match, ok } from "node:assert/strict";
import { createProof } from "../../core/proof.ts";
import { OPERATIONS } from "../../daemon/openapi/operations.ts";
import {
  type Client,
  openTestDaemon,
  registerOwner,
  type TestDaemon,
} from "../daemon/support/test_daemon.ts";

const LIMIT = 256 * 1024;

const BODIES: Readonly<Record<string, string>> = {
  "arrays nested as deep as fits": "[".repeat(LIMIT / 2) + "]".repeat(LIMIT / 2),
  "objects nested as deep as fits": '{"a":'.repeat(40_000) + "1" + "}".repeat(40_000),
  "brackets that never close": "[".repeat(LIMIT),
  "a known field that is nested": `{"provider":${"[".repeat(100_000)}${"]".repeat(100_000)}}`,
  "tens of thousands of fields": `{${
    Array.from({ length: 20_000 }, (_, i) => `"k${i}":1`).join(",")
  }}`,
  "one name twenty thousand times": `{${Array(20_000).fill('"a":1').join(",")}}`,
  "__proto__": '{"__proto__":{"provider":"acme","type":"owner"},"constructor":{"prototype":{}}}',
  "a number beyond numbers": `{"expires_in":1${"0".repeat(10_000)}}`,
  "a string as large as fits": `{"provider":"${"x".repeat(LIMIT - 20)}"}`,
  "half a surrogate": '{"provider":"\\ud800"}',
  "two documents": '{"provider":"acme"}{"provider":"acme"}',
};

for (const [title, body] of Object.entries(BODIES)) {
  Deno.test(`JSON: ${title} is refused everywhere, and the daemon goes on`, async () => {
    const daemon = await openTestDaemon();
    const owner = await registerOwner(daemon);
    for (const { method, path, request } of OPERATIONS) {
      if (request?.type !== "application/json") continue;
      const target = path.replace(/\{\w+\}/g, "x");

      const { status, text } = await send(daemon, owner, method, target, body);

      ok(status >= 400 && status < 500, `${method} ${path}: ${status} ${text.slice(0, 200)}`);
      match(text, /^\{"error":"\w+","message":"/);
      ok(text.length < 20_000, "what was sent is not sent back");
    }
    equal((await daemon.request("/health")).status, 200);
    equal(({} as Record<string, unknown>).provider, undefined);
    await daemon.stop();
  });
}

async function send(
  daemon: TestDaemon,
  owner: Client,
  method: string,
  target: string,
  body: string,
): Promise<{ status: number; text: string }> {
  const bytes = new TextEncoder().encode(body);
  const proven = { method, target, body: bytes };
  const authorization = await createProof(owner.signer, proven, daemon.clock.now);
  const headers = { authorization, "content-type": "application/json" };
  const response = await daemon.request(target, { method, headers, body: bytes });
  return { status: response.status, text: await response.text() };
}
