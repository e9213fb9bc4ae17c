/**
 * Python's gRPC library as a child of `authsome run`: it speaks HTTP/2 and nothing else, and knows
 * neither `SSL_CERT_FILE` nor any other library's settings. Its four kinds of calls are in
 * `tests/proxy/http2/grpcio_test.ts`.
 */
import assert from "node:assert/strict";
import http2 from "node:http2";
import type { AddressInfo } from "node:net";
import {
  ACME_HOST,
  ACME_KEY,
  type AcmeHome,
  openAcmeHome,
  OTHER_HOST,
} from "../support/acme_home.ts";
import { findPython } from "../support/client_programs.ts";
import { type ServeStream, startHttp2Upstream } from "../support/http2_peers.ts";

const PYTHON = await findPython("grpc");
const PROGRAM = new URL("../support/clients/grpc_call.py", import.meta.url).pathname;
const PLAIN_HOST = "plain.acme.test";

let acme: AcmeHome;

Deno.test.beforeAll(async () => {
  acme = await openAcmeHome();
});
Deno.test.afterAll(async () => {
  await acme.close();
});

const echo: ServeStream = (stream) => {
  stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
  stream.once("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  stream.pipe(stream);
};

const TARGETS = {
  "a routed host with the key it does not have": { target: `${ACME_HOST}:443`, key: ACME_KEY },
  "a tunnelled host untouched": { target: `${OTHER_HOST}:443`, key: undefined },
  "a host without TLS untouched": { target: `${PLAIN_HOST}:80`, key: undefined },
};

for (const [what, { target, key }] of Object.entries(TARGETS)) {
  const title = `Python grpcio reaches ${what}`;
  const isHere = PYTHON !== null;
  Deno.test(isHere ? title : `${title} (not here)`, { ignore: !isHere }, async () => {
    const secure = await startHttp2Upstream([ACME_HOST, OTHER_HOST], echo);
    const plain = http2.createServer();
    const seen = secure.requests;
    plain.on("stream", (stream, headers) => {
      seen.push(headers);
      echo(stream, headers);
    });
    await new Promise<void>((resolve) => plain.listen(0, "127.0.0.1", resolve));
    const roots = await Deno.makeTempFile({ dir: acme.directory });
    await Deno.writeTextFile(roots, secure.authorityPem);
    const port = target.endsWith(":443") ? secure.port : (plain.address() as AddressInfo).port;

    const { code, stdout, stderr } = await acme.run([PYTHON!, PROGRAM, target], {
      args: ["--connect-to", `${target}:127.0.0.1:${port}`],
      env: { SSL_CERT_FILE: roots },
    });

    assert.equal(code, 0, stderr);
    assert.equal(stdout, "hello\n");
    assert.deepEqual(seen.map((headers) => headers["x-api-key"]), [key]);
    await secure.close();
    await new Promise((resolve) => plain.close(resolve));
  });
}
