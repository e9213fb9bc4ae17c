import { deepEqual, equal, ok } from "node:assert/strict";
import { serializeRequest } from "../../../daemon/egress/serialize_request.ts";

const BODY = new TextEncoder().encode("a=ü");

function serialize(
  init: RequestInit,
  url = "https://provider.test/",
  body: Uint8Array | null = null,
) {
  const bytes = serializeRequest(new Request(url, init), new URL(url), body);
  // Byte for byte; TextDecoder's "latin1" is another code page.
  return String.fromCharCode(...bytes);
}

Deno.test("serializeRequest() writes head and body in one piece, the length in bytes", () => {
  const headers = { "x-one": "1" };
  const text = serialize({ method: "POST", headers }, "https://provider.test:8443/t?q=1#f", BODY);

  equal(
    text,
    "POST /t?q=1 HTTP/1.1\r\nhost: provider.test:8443\r\nx-one: 1\r\n" +
      "accept-encoding: identity\r\nconnection: close\r\ncontent-length: 4\r\n\r\na=\xc3\xbc",
  );
});

Deno.test("serializeRequest() lets no header of the caller say how the request is framed or to whom", () => {
  const headers = {
    "accept-encoding": "gzip",
    connection: "keep-alive",
    "content-length": "99",
    host: "elsewhere.test",
    "transfer-encoding": "chunked",
  };
  const [, ...lines] = serialize({ method: "POST", headers }, undefined, BODY)
    .split("\r\n\r\n")[0]!.split("\r\n");

  deepEqual(lines.sort(), [
    "accept-encoding: identity",
    "connection: close",
    "content-length: 4",
    "host: provider.test",
  ]);
});

for (const [method, says] of [["GET", false], ["DELETE", false], ["POST", true], ["PUT", true]]) {
  const name = `serializeRequest() ${says ? "says" : "does not say"} that a ${method} has no body`;
  Deno.test(name, () => {
    equal(serialize({ method: String(method) }).includes("\r\ncontent-length: 0\r\n"), says);
  });
}

Deno.test("serializeRequest() writes header values byte for byte", () => {
  ok(serialize({ headers: { "x-name": "\xe4\xff" } }).includes("\r\nx-name: \xe4\xff\r\n"));
});
