/**
 * The real gRPC library for Python, where it is installed, through the proxy and the environment that
 * a run gives it.
 */
import assert from "node:assert/strict";
import { findPython } from "../../support/client_programs.ts";
import { type ServeStream, startHttp2Upstream } from "../../support/http2_peers.ts";
import { HAS_NODE } from "../../support/node_process.ts";
import { startTestProxy } from "../../support/proxy_bench.ts";

/** A host that a route covers, which is decrypted, and one that none covers. */
const HOSTS = { decrypted: "api.acme.test", tunnelled: "other.test" } as const;
const PYTHON = await findPython("grpc");

const serve: ServeStream = (stream, headers) => {
  let status: Record<string, string> = { "grpc-status": "0" };
  const isRouted = headers[":authority"]!.startsWith("api.acme.test");
  const credential = isRouted ? "Bearer the-real-key" : undefined;
  stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
  stream.once("wantTrailers", () => stream.sendTrailers(status));
  if (headers["authorization"] !== credential || headers[":path"] === "/acme.Echo/Fail") {
    status = { "grpc-status": "5", "grpc-message": "nothing here" };
    stream.resume();
    stream.on("end", () => stream.end());
  } else if (headers[":path"] === "/acme.Echo/Repeat") {
    const pieces: Uint8Array[] = [];
    stream.on("data", (piece: Uint8Array) => pieces.push(piece));
    stream.on("end", () => {
      for (let i = 0; i < 3; i++) for (const piece of pieces) stream.write(piece);
      stream.end();
    });
  } else stream.pipe(stream);
};

for (const [how, host] of Object.entries(HOSTS)) {
  Deno.test({
    name: `grpcio makes its four kinds of calls, and reads a failed one's status (${how})`,
    ignore: PYTHON === null || !HAS_NODE,
    fn: async () => {
      const api = await startHttp2Upstream([host], serve);
      const test = await startTestProxy({
        servers: { [host]: api.port },
        authorities: [api.authorityPem],
      });
      const roots = await Deno.makeTempFile();
      const { certificatePem } = test.proxy.authority;
      await Deno.writeTextFile(roots, how === "decrypted" ? certificatePem : api.authorityPem);

      const { stdout, stderr } = await new Deno.Command(PYTHON!, {
        args: [new URL("../../support/grpc_calls.py", import.meta.url).pathname, `${host}:443`],
        env: {
          https_proxy: test.proxy.url.reveal(),
          no_proxy: "",
          GRPC_DEFAULT_SSL_ROOTS_FILE_PATH: roots,
        },
      }).output();

      assert.equal(
        new TextDecoder().decode(stdout),
        `unary hello
client streaming only
server streaming again,again,again
bidirectional a,b,c
large 3000000
failed NOT_FOUND nothing here
`,
        new TextDecoder().decode(stderr),
      );
      await test.close();
      await api.close();
      await Deno.remove(roots);
    },
  });
}
