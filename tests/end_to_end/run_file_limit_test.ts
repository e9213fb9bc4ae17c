/**
 * The connection limit of the machine: a run that may open few files tells who comes when there are
 * none left, and serves again when there are.
 */
import assert from "node:assert/strict";
import { ACME_HOST, ACME_KEY, type AcmeHome, openAcmeHome } from "../support/acme_home.ts";
import { startRun } from "../support/background_run.ts";
import { works } from "../support/client_programs.ts";
import { RawConnection } from "../support/raw_connection.ts";
import { until } from "../support/until.ts";

/** 76 clients: two fifths of what the run does not need itself. */
const FILES = 256;
const CLIENTS = 90;
const CHILD = `echo "$HTTPS_PROXY"; while read path; do
  curl -s -o /dev/null -w '%{http_connect} %{http_code}\\n' --max-time 20 https://${ACME_HOST}/$path; done`;

let acme: AcmeHome;

Deno.test.beforeAll(async () => {
  acme = await openAcmeHome();
});
Deno.test.afterAll(async () => {
  await acme.close();
});

Deno.test("a run whose connections are all taken says so with 503, and serves when one is free", {
  ignore: Deno.build.os !== "linux" || !await works("curl", "--version"),
}, async () => {
  const env = { SSL_CERT_FILE: `${acme.directory}/acme-roots.pem`, CURL_CA_BUNDLE: "" };
  const run = startRun(acme, CHILD, env, { files: FILES });
  const port = Number(new URL(await run.line()).port);
  const dial = () => Deno.connect({ hostname: "127.0.0.1", port });
  await run.type("before");
  await run.says("200 200");

  // Whoever may reach loopback can do this: none of them says a word.
  const silent: Deno.Conn[] = [];
  for (let i = 0; i < CLIENTS; i++) silent.push(await dial());
  const late = new RawConnection(await dial());
  const { head, body } = await late.readAnswer();
  late.close();
  await run.type("meanwhile");
  assert.equal(await run.line(), "503 000");
  for (const connection of silent) connection.close();
  let path = 0;
  await until(async () => {
    await run.type(`after${++path}`);
    return await run.line() === "200 200";
  });

  assert.match(head, /^HTTP\/1\.1 503 [^]*\r\nX-Authsome-Error: TooManyConnectionsError\r\n/);
  const { error, message, hint } = JSON.parse(body);
  assert.equal(error, "TooManyConnectionsError");
  assert.match(
    message,
    /^Cannot take the connection: 76 are open, and this run may have 256 files/,
  );
  assert.match(hint, /ulimit -n/);
  assert.equal((await run.finish()).code, 0);
  for (const { headers } of acme.api.requests) assert.equal(headers.get("x-api-key"), ACME_KEY);
});
