/**
 * Bodies that are larger than a run may become: they go through as they come, in both directions, and
 * the most memory that its process ever had says so. `deno task bench_proxy --flat 10` does the same
 * with 10 GiB.
 */
import assert from "node:assert/strict";
import {
  ACME_HOST,
  ACME_KEY,
  type AcmeHome,
  openAcmeHome,
  OTHER_HOST,
} from "../support/acme_home.ts";
import { works } from "../support/client_programs.ts";
import { openHttp2, startHttp2Upstream } from "../support/http2_peers.ts";
import { withNode } from "../support/node_process.ts";
import { startRunClient } from "../support/run_client.ts";
import { makeTestCertificate } from "../support/tls_upstream.ts";

const PLAIN_HOST = "plain.acme.test";
const BYTES = 256 * 1024 * 1024;
/** Of a process that keeps nothing; one that keeps half of a body has more. */
const MOST_KILOBYTES = 220 * 1024;

/** The child's parent is the run. */
const PEAK = 'grep VmHWM "/proc/$PPID/status"';
const peakOf = (text: string) => Number(/^VmHWM:\s+(\d+) kB$/m.exec(text)![1]);

let acme: AcmeHome;

Deno.test.beforeAll(async () => {
  acme = await openAcmeHome();
});
Deno.test.afterAll(async () => {
  await acme.close();
});

/** Sends `BYTES` to whoever asks, counts what it is sent. */
async function answer(request: Request): Promise<Response> {
  if (request.method === "GET") {
    const piece = new Uint8Array(64 * 1024);
    let left = BYTES;
    return new Response(
      new ReadableStream({
        pull: (controller) => {
          controller.enqueue(piece.slice());
          left -= piece.length;
          if (left === 0) controller.close();
        },
      }),
    );
  }
  let bytes = 0;
  for await (const piece of request.body!) bytes += piece.length;
  return new Response(`${bytes} ${request.headers.get("x-api-key")}\n`);
}

const ORIGINS = {
  "a routed host": { origin: `https://${ACME_HOST}`, key: ACME_KEY },
  "a tunnelled host": { origin: `https://${OTHER_HOST}`, key: null },
  "a plain-HTTP host": { origin: `http://${PLAIN_HOST}`, key: null },
};

for (const [what, { origin, key }] of Object.entries(ORIGINS)) {
  Deno.test(`a large download and a large upload through ${what}: whole, and never in memory`, {
    ignore: Deno.build.os !== "linux" || !await works("curl", "--version"),
  }, async () => {
    const { certificatePem, keyPem, authorityPem } = makeTestCertificate([ACME_HOST, OTHER_HOST]);
    const isSecure = origin.startsWith("https:");
    const server = Deno.serve({
      hostname: "127.0.0.1",
      port: 0,
      onListen() {},
      ...(isSecure ? { cert: certificatePem, key: keyPem } : {}),
    }, answer);
    const roots = await Deno.makeTempFile({ dir: acme.directory });
    await Deno.writeTextFile(roots, authorityPem);
    const place = `${new URL(origin).host}:${isSecure ? 443 : 80}`;

    const { code, stdout, stderr } = await acme.home.authsome([
      ...["run", "--connect-to", `${place}:127.0.0.1:${server.addr.port}`, "--", "sh", "-ec"],
      `curl -sS -o /dev/null -w '%{size_download}\\n' $0
       head -c ${BYTES} /dev/zero | curl -sS -T - $0/up
       ${PEAK}`,
      origin,
    ], { env: { SSL_CERT_FILE: roots, CURL_CA_BUNDLE: "" } });

    assert.equal(code, 0, stderr);
    const [down, up] = stdout.split("\n");
    assert.deepEqual([down, up], [`${BYTES}`, `${BYTES} ${key}`]);
    assert.ok(peakOf(stdout) < MOST_KILOBYTES, `${peakOf(stdout)} kB at most`);
    await server.shutdown();
  });
}

withNode.test("a large download and a large upload over HTTP/2: whole, and never in memory", async () => {
  if (Deno.build.os !== "linux") return;
  await using ends = new AsyncDisposableStack();
  const api = await startHttp2Upstream([ACME_HOST], (stream, headers, { Buffer }) => {
    if (headers[":method"] === "GET") {
      const piece = Buffer.alloc(64 * 1024);
      let left = Number(headers["x-bytes"]);
      stream.respond({ ":status": 200 });
      const more = () => {
        while (left > 0) {
          left -= piece.length;
          if (!stream.write(piece)) return void stream.once("drain", more);
        }
        stream.end();
      };
      return more();
    }
    let bytes = 0;
    stream.on("data", (piece: Uint8Array) => bytes += piece.length);
    stream.once("end", () => {
      stream.respond({ ":status": 200 });
      stream.end(`${bytes} ${headers["x-api-key"]}`);
    });
  });
  ends.defer(api.close);
  const through = await startRunClient(acme, api);
  ends.defer(async () => void await through.run.finish());
  const client = await openHttp2(through, ACME_HOST);
  ends.defer(client.close);

  const [down, up] = await client.run(async ({ session, read, Buffer }, bytes) => {
    const headers = { ":path": "/", "x-bytes": String(bytes) };
    let down = 0;
    for await (const piece of session.request(headers)) down += piece.length;
    const upload = session.request({ ...headers, ":method": "POST" });
    const answered = read(upload);
    const piece = Buffer.alloc(64 * 1024);
    for (let sent = 0; sent < bytes; sent += piece.length) {
      if (!upload.write(piece)) await new Promise((resolve) => upload.once("drain", resolve));
    }
    upload.end();
    return [down, (await answered).body];
  }, BYTES);

  assert.deepEqual([down, up], [BYTES, `${BYTES} ${ACME_KEY}`]);
  const peak = peakOf(await Deno.readTextFile(`/proc/${through.run.child.pid}/status`));
  assert.ok(peak < MOST_KILOBYTES, `${peak} kB at most`);
});
