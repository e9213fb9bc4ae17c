import { deepEqual, equal, throws } from "node:assert/strict";
import {
  bypassesProxy,
  parseCorporateProxy,
  readProxyVariables,
} from "../../core/corporate_proxy.ts";
import { UsageError } from "../../core/errors.ts";

Deno.test("readProxyVariables() prefers lower case and splits NO_PROXY at commas and spaces", () => {
  const environment: Record<string, string> = {
    https_proxy: "http://lower:1",
    HTTPS_PROXY: "http://upper:1",
    NO_PROXY: "a.test, b.test c.test",
  };
  deepEqual(readProxyVariables((name) => environment[name]), {
    https_proxy: "http://lower:1",
    http_proxy: null,
    no_proxy: ["a.test", "b.test", "c.test"],
  });
});

Deno.test("parseCorporateProxy() reads host, port and Basic credentials", () => {
  deepEqual(parseCorporateProxy("http://us%40er:p%3Aw@proxy.test:3128"), {
    tls: false,
    host: "proxy.test",
    port: 3128,
    authorization: `Basic ${btoa("us@er:p:w")}`,
  });
  deepEqual(parseCorporateProxy("proxy.test:8080"), {
    tls: false,
    host: "proxy.test",
    port: 8080,
    authorization: null,
  });
  equal(parseCorporateProxy("https://proxy.test").port, 443);
});

Deno.test("parseCorporateProxy() refuses SOCKS without repeating the password", () => {
  throws(
    () => parseCorporateProxy("socks5://u:hunter2@proxy.test"),
    (error) => error instanceof UsageError && !error.message.includes("hunter2"),
  );
});

const BYPASSES: readonly (readonly [string, string, number, boolean])[] = [
  ["*", "api.test", 443, true],
  ["example.com", "example.com", 443, true],
  ["example.com", "a.example.com", 443, true],
  [".example.com", "a.example.com", 443, true],
  ["*.example.com", "a.example.com", 443, true],
  ["example.com", "evilexample.com", 443, false],
  ["EXAMPLE.com", "example.com", 443, true],
  ["example.com:8443", "example.com", 443, false],
  ["example.com:8443", "example.com", 8443, true],
  ["10.0.0.0/8", "10.1.2.3", 443, true],
  ["10.0.0.0/8", "11.1.2.3", 443, false],
  ["10.0.0.0/99", "10.1.2.3", 443, false],
  ["10.1.2.3", "10.1.2.3", 443, true],
  ["fd00::/8", "[fd00::1]", 443, true],
  ["", "example.com", 443, false],
  ["other.test", "localhost", 443, true],
  ["other.test", "127.0.0.1", 443, true],
  ["other.test", "::1", 443, true],
];

for (const [entry, host, port, past] of BYPASSES) {
  Deno.test(`bypassesProxy() with NO_PROXY=${entry} says ${past} for ${host}:${port}`, () => {
    equal(bypassesProxy([entry], host, port), past);
  });
}
