/**
 * The HTTP surface: what is read, what is refused, and how it is said.
 *
 * @module
 */
import { deepEqual, equal, match } from "node:assert/strict";
import { answerChallenge } from "../../core/boot.ts";
import type { ErrorEnvelope } from "../../core/errors.ts";
import { createProof } from "../../core/proof.ts";
import { MemoryVault } from "../../daemon/vault/memory_vault.ts";
import {
  CANARY,
  type Client,
  logIn,
  openTestDaemon,
  registerOwner,
  type TestDaemon,
} from "./support/test_daemon.ts";

Deno.test("/health is public and proves which daemon it is", async () => {
  const daemon = await openTestDaemon();
  const challenge = "0123456789abcdef".repeat(2);

  const plain = await daemon.request("/api/health");
  const challenged = await daemon.request("/health", {
    headers: { "x-authsome-challenge": challenge },
  });

  deepEqual(await plain.json(), { status: "ok", version: "0.0.0-test", egress: "ok" });
  equal(plain.headers.get("x-authsome-answer"), null);
  equal(
    challenged.headers.get("x-authsome-answer"),
    await answerChallenge("ab".repeat(32), challenge),
  );
  await challenged.body?.cancel();
  await daemon.stop();
});

Deno.test("/health answers no challenge of another form", async () => {
  const daemon = await openTestDaemon();
  for (const challenge of ["", "x", "0".repeat(31), "0".repeat(64), "G".repeat(32)]) {
    const { headers, body } = await daemon.request("/health", {
      headers: { "x-authsome-challenge": challenge },
    });
    await body?.cancel();

    equal(headers.get("x-authsome-answer"), null, challenge);
  }
  await daemon.stop();
});

Deno.test("a body that does not fit is 422 with the path of each problem", async (t) => {
  const daemon = await openTestDaemon();
  const owner = await registerOwner(daemon);
  const table: readonly [method: string, path: string, body: unknown, issues: string[]][] = [
    ["POST", "/auth/sessions", {}, ["provider"]],
    ["POST", "/auth/sessions", { provider: 1, flow: "magic" }, ["provider", "flow"]],
    ["POST", "/auth/sessions", { provider: "acme", conection: "x" }, ["conection"]],
    ["POST", "/auth/sessions", { provider: "acme", connection: "../x" }, ["connection"]],
    ["POST", "/auth/sessions", [], [""]],
    ["POST", "/credentials/resolve", {}, [""]],
    ["POST", "/credentials/resolve", { provider: "acme", rejected_at: "soon" }, ["rejected_at"]],
    ["POST", "/credentials/export", { format: "xml" }, ["format"]],
    ["POST", "/grants", { run_did: "x", only: [{ provider: "acme" }] }, [
      "run_did",
      "only.0.connection",
    ]],
    ["POST", "/grants", { run_did: "did:key:zz", expires_in: 100_000 }, ["expires_in"]],
    ["GET", "/connections/acme/default?show_secrets=yes", undefined, ["show_secrets"]],
    ["GET", "/connections/acme/default?show=1", undefined, ["show"]],
    ["GET", "/proxy/routes?scope=all", undefined, ["scope"]],
  ];
  for (const [method, path, body, issues] of table) {
    await t.step(`${method} ${path} ${JSON.stringify(body)}`, async () => {
      const response = await owner.call(method, path, body);
      const envelope = await response.json() as ErrorEnvelope;

      equal(response.status, 422);
      equal(envelope.error, "InvalidRequestError");
      deepEqual(envelope.issues?.map((issue) => issue.path), issues);
    });
  }
  await daemon.stop();
});

Deno.test("a body that is no JSON is not quoted back", async () => {
  const daemon = await openTestDaemon();
  const owner = await registerOwner(daemon);

  const response = await sendRaw(daemon, owner, "/api/auth/sessions", `{"key": ${CANARY}`);

  equal(response.status, 422);
  equal((await response.text()).includes("canary"), false);
  equal(daemon.log.join("").includes("canary"), false);
  await daemon.stop();
});

Deno.test("a body has its bounds, a definition wider ones", async () => {
  const daemon = await openTestDaemon();
  const owner = await registerOwner(daemon);
  const padded = (kilobytes: number) => `{"x":"${"x".repeat(kilobytes * 1024)}"}`;

  const statuses = await Promise.all([
    sendRaw(daemon, owner, "/api/auth/sessions", padded(255)),
    sendRaw(daemon, owner, "/api/auth/sessions", padded(257)),
    sendRaw(daemon, owner, "/api/providers", padded(600)),
    sendRaw(daemon, owner, "/api/providers", padded(1025)),
  ].map(async (response) => (await response).status));

  deepEqual(statuses, [422, 413, 422, 413]);
  await daemon.stop();
});

Deno.test("a body without a length is cut off at the bound, before its proof is looked at", async () => {
  const daemon = await openTestDaemon();
  let sent = 0;
  const endless = new ReadableStream<Uint8Array>({
    pull(controller) {
      sent += 65_536;
      controller.enqueue(new Uint8Array(65_536));
    },
  });

  const response = await daemon.request("/api/grants", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: endless,
  });

  equal(response.status, 413);
  equal(sent < 1_000_000, true, `${sent} bytes were read`);
  await daemon.stop();
});

Deno.test("what is not there is 404 in the envelope, for those who may know", async () => {
  const daemon = await openTestDaemon();
  const owner = await registerOwner(daemon);

  const response = await owner.call("GET", "/api/no/such/route");

  equal(response.status, 404);
  equal((await response.json() as ErrorEnvelope).error, "NotFoundError");
  await daemon.stop();
});

Deno.test("an unforeseen failure says so and nothing else; the log has its class and frames", async () => {
  const vault = new MemoryVault();
  const daemon = await openTestDaemon({ vault });
  const owner = await registerOwner(daemon);
  await logIn(owner, "acme");
  vault.get = () => Promise.reject(new SyntaxError(`Unexpected token in ${CANARY}`));

  const response = await owner.call("GET", "/connections");
  const text = await response.text();

  equal(response.status, 500);
  deepEqual(JSON.parse(text), {
    error: "UnexpectedError",
    message: "Cannot answer: something unexpected happened",
    hint: "See the log: authsome daemon logs",
  });
  match(daemon.log.join(""), /error Cannot answer GET \/connections cause="SyntaxError"/);
  equal(daemon.log.join("").includes(CANARY), false);
  await daemon.stop();
});

async function sendRaw(
  daemon: TestDaemon,
  owner: Client,
  target: string,
  text: string,
): Promise<Response> {
  const body = new TextEncoder().encode(text);
  const request = { method: "POST", target, body };
  const authorization = await createProof(owner.signer, request, daemon.clock.now);
  const headers = { authorization, "content-type": "application/json" };
  return await daemon.request(target, { method: "POST", headers, body });
}
