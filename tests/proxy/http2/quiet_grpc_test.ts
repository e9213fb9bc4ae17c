/**
 * The real gRPC library as a server, where it is installed: it counts PINGs, and ends a connection
 * with too many of them. A stream that is quiet for long has to get through that.
 */
import assert from "node:assert/strict";
import { Http2Connection } from "../../../proxy/http2/http2_connection.ts";
import type { SilenceTiming } from "../../../proxy/http2/silence_watch.ts";
import { findPython } from "../../support/client_programs.ts";

const PYTHON = await findPython("grpc");
const PROGRAM = new URL("../../support/quiet_grpc_server.py", import.meta.url).pathname;
/** An empty message, uncompressed. */
const MESSAGE = new Uint8Array(5);

/** Status and message that a call to the quiet stream comes to. */
async function call(silence: SilenceTiming): Promise<(string | undefined)[]> {
  await using server = new Deno.Command(PYTHON!, { args: [PROGRAM], stdout: "piped" }).spawn();
  const lines = server.stdout.pipeThrough(new TextDecoderStream());
  const reader = lines.getReader();
  const port = Number((await reader.read()).value);
  const connection = new Http2Connection(await Deno.connect({ hostname: "127.0.0.1", port }), {
    role: "client",
    maxListBytes: 64 * 1024,
    silence,
  });
  const stream = (await connection.open([
    [":method", "POST"],
    [":scheme", "http"],
    [":authority", "api.acme.test"],
    [":path", "/acme.Api/Speak"],
    ["content-type", "application/grpc"],
    ["te", "trailers"],
  ], { endStream: false }))!;
  await stream.write(MESSAGE, { endStream: true });
  await stream.readHead();
  while (await stream.body.read() !== null);
  connection.close();
  await connection.ended;
  server.kill();
  await reader.cancel();
  const trailers = new Map(stream.body.trailers);
  return [trailers.get("grpc-status"), trailers.get("grpc-message")];
}

Deno.test({
  name: "gRPC's server is asked no more often than it allows: a quiet stream comes to its end",
  ignore: PYTHON === null,
  fn: async () => {
    const [status] = await call({ silentMs: 100, pingMs: 20_000, quietMs: 700 });
    assert.equal(status, "0");
  },
});

Deno.test({
  name: "gRPC's server ends a connection that asks it too often",
  ignore: PYTHON === null,
  fn: async () => {
    const answer = await call({ silentMs: 50, pingMs: 20_000, quietMs: 50 });
    assert.deepEqual(answer, ["14", "Too many pings"]);
  },
});
