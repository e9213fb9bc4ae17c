/**
 * Python's gRPC library as a child of `authsome run`: it speaks HTTP/2 and nothing else, and knows
 * neither `SSL_CERT_FILE` nor any other library's settings. Its four kinds of calls are in
 * `tests/proxy/http2/grpcio_test.ts`.
 */
import assert from "node:assert/strict";
import {
  ACME_HOST,
  ACME_KEY,
  type AcmeHome,
  openAcmeHome,
  OTHER_HOST,
} from "../support/acme_home.ts";
import { findPython } from "../support/client_programs.ts";
import {
  type ServeStream,
  startHttp2Upstream,
  startPlainHttp2Upstream,
} from "../support/http2_peers.ts";
import { HAS_NODE } from "../support/node_process.ts";

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

const echo: ServeStream = (stream, _headers, { echo }) => echo(stream);

const TARGETS = {
  "a routed host with the key it does not have": { target: `${ACME_HOST}:443`, key: ACME_KEY },
  "a tunnelled host untouched": { target: `${OTHER_HOST}:443`, key: undefined },
  "a host without TLS untouched": { target: `${PLAIN_HOST}:80`, key: undefined },
};

for (const [what, { target, key }] of Object.entries(TARGETS)) {
  const title = `Python grpcio reaches ${what}`;
  const isHere = PYTHON !== null && HAS_NODE;
  Deno.test(isHere ? title : `${title} (not here)`, { ignore: !isHere }, async () => {
    const secure = await startHttp2Upstream([ACME_HOST, OTHER_HOST], echo);
    const plain = await startPlainHttp2Upstream(echo);
    const roots = await Deno.makeTempFile({ dir: acme.directory });
    await Deno.writeTextFile(roots, secure.authorityPem);
    const server = target.endsWith(":443") ? secure : plain;

    const { code, stdout, stderr } = await acme.run([PYTHON!, PROGRAM, target], {
      args: ["--connect-to", `${target}:127.0.0.1:${server.port}`],
      env: { SSL_CERT_FILE: roots },
    });

    assert.equal(code, 0, stderr);
    assert.equal(stdout, "hello\n");
    const seen = [...await secure.requests(), ...await plain.requests()];
    assert.deepEqual(seen.map((headers) => headers["x-api-key"]), [key]);
    await secure.close();
    await plain.close();
  });
}
