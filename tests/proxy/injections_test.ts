import assert from "node:assert/strict";
import type { FilledInjection } from "../../core/injection.ts";
import type { Refusal } from "../../proxy/fail_closed.ts";
import { applyInjections } from "../../proxy/injections/mod.ts";
import type { OutgoingRequest } from "../../proxy/injections/outgoing_request.ts";

function requestOf(target: string, ...lines: string[]): OutgoingRequest {
  return {
    method: "GET",
    target,
    lines,
    names: lines.map((line) => line.slice(0, line.indexOf(":")).toLowerCase()),
  };
}

interface Case {
  readonly from: OutgoingRequest;
  readonly injections: readonly FilledInjection[];
  readonly target?: string;
  readonly lines?: readonly string[];
}

const SPOT = "authsome+placeholder-0123456789";
const LITERAL: FilledInjection = { type: "literal", values: { api_key: "k/1" } };
const PLACEHOLDERS = [{ text: SPOT, provider: "acme", connection: "default", field: "api_key" }];
const KEY: FilledInjection = { type: "header", name: "X-Api-Key", value: "k" };

const CASES: Readonly<Record<string, Case>> = {
  "a header that is not there goes to the end": {
    from: requestOf("/", "Host: a", "Accept: b"),
    injections: [KEY],
    lines: ["Host: a", "Accept: b", "X-Api-Key: k"],
  },
  "a header replaces every one of its name, in place of the first": {
    from: requestOf("/", "x-api-key: 1", "Host: a", "X-API-KEY: 2"),
    injections: [KEY],
    lines: ["X-Api-Key: k", "Host: a"],
  },
  "a fixed header leaves the client's own": {
    from: requestOf("/", "anthropic-version: 2020"),
    injections: [{
      type: "header",
      name: "Anthropic-Version",
      value: "2023",
      only_if_absent: true,
    }],
    lines: ["anthropic-version: 2020"],
  },
  "a fixed header fills the gap": {
    from: requestOf("/"),
    injections: [{ type: "header", name: "V", value: "1", only_if_absent: true }],
    lines: ["V: 1"],
  },
  "Basic is UTF-8 in base64": {
    from: requestOf("/", "authorization: Bearer x"),
    injections: [{ type: "basic", username: "ü", password: "a:b" }],
    lines: [`Authorization: Basic ${new TextEncoder().encode("ü:a:b").toBase64()}`],
  },
  "literal: in a header, the path and the query, more than once": {
    from: requestOf(
      `/v1/${SPOT}/a?k=${SPOT}&e=${encodeURIComponent(SPOT)}`,
      `X-Any: a ${SPOT}; ${SPOT}`,
    ),
    injections: [LITERAL],
    target: "/v1/k%2F1/a?k=k%2F1&e=k%2F1",
    lines: ["X-Any: a k/1; k/1"],
  },
  "literal: in Basic user information": {
    from: requestOf("/", `authorization: Basic ${btoa(`${SPOT}:`)}`),
    injections: [LITERAL],
    lines: [`authorization: Basic ${btoa("k/1:")}`],
  },
  "literal: nothing to replace": {
    from: requestOf("/a", "Authorization: Basic ???", "X: 1"),
    injections: [LITERAL],
    lines: ["Authorization: Basic ???", "X: 1"],
  },
  "literal: a value with a pattern of replacement in it is text": {
    from: requestOf("/", `X: ${SPOT}`),
    injections: [{ type: "literal", values: { api_key: "$&$1" } }],
    lines: ["X: $&$1"],
  },
  "literal: a field of which there is no value here": {
    from: requestOf("/", `X: ${SPOT}`),
    injections: [{ type: "literal", values: { other: "k" } }],
    lines: [`X: ${SPOT}`],
  },
  "a query parameter is added": {
    from: requestOf("/a?b=1"),
    injections: [{ type: "query", name: "key", value: "a&b=c" }],
    target: "/a?b=1&key=a%26b%3Dc",
  },
  "a query is made": {
    from: requestOf("/a"),
    injections: [{ type: "query", name: "key", value: "k" }],
    target: "/a?key=k",
  },
  "an empty query is filled": {
    from: requestOf("/a?"),
    injections: [{ type: "query", name: "key", value: "k" }],
    target: "/a?key=k",
  },
  "a query parameter replaces every one of its name, however it is written": {
    from: requestOf("/a?x=%20&key=1&k%65y=2&key&y=+"),
    injections: [{ type: "query", name: "key", value: "k" }],
    target: "/a?x=%20&key=k&y=+",
  },
  "a broken escape in another parameter is left alone": {
    from: requestOf("/a?%zz=1"),
    injections: [{ type: "query", name: "key", value: "k" }],
    target: "/a?%zz=1&key=k",
  },
  "a path segment is replaced": {
    from: requestOf("/botPLACEHOLDER/getMe?x=1"),
    injections: [{ type: "path", pattern: "/bot{}/", value: "12:Ab" }],
    target: "/bot12:Ab/getMe?x=1",
  },
  "a path segment is replaced further in": {
    from: requestOf("/file/botX/a/botY/b"),
    injections: [{ type: "path", pattern: "/bot{}/", value: "1" }],
    target: "/file/bot1/a/botY/b",
  },
  "a path that ends with the value": {
    from: requestOf("/hooks/PLACEHOLDER"),
    injections: [{ type: "path", pattern: "/hooks/{}", value: "s/e?c" }],
    target: "/hooks/s%2Fe%3Fc",
  },
  "an empty place is filled": {
    from: requestOf("/bot/getMe"),
    injections: [{ type: "path", pattern: "/bot{}/", value: "1" }],
    target: "/bot1/getMe",
  },
  "several injections, in order": {
    from: requestOf("/a"),
    injections: [KEY, { type: "query", name: "q", value: "1" }],
    target: "/a?q=1",
    lines: ["X-Api-Key: k"],
  },
};

for (const [name, { from, injections, target, lines }] of Object.entries(CASES)) {
  Deno.test(`injection: ${name}`, () => {
    const result = applyInjections(from, injections, PLACEHOLDERS);
    assert.equal(result.target, target ?? from.target);
    assert.deepEqual(result.lines, lines ?? from.lines);
    assert.equal(result.lines.length, result.names.length);
  });
}

for (const target of ["/", "/getMe", "/botX", "/bo/t/", "/a?/botX/"]) {
  Deno.test(`injection: a path without a place for the value is refused: ${target}`, () => {
    assert.throws(
      () => applyInjections(requestOf(target), [{ type: "path", pattern: "/bot{}/", value: "s" }]),
      (error: Refusal) => error.status === 400 && !error.message.includes('"s"'),
    );
  });
}

Deno.test("injection: literal replacement refuses a character that would end as a line break", () => {
  const wide: FilledInjection = { type: "literal", values: { api_key: "k\u010d\u010aX: 1" } };
  assert.throws(
    () => applyInjections(requestOf("/", `X-Key: ${SPOT}`), [wide], PLACEHOLDERS),
    (refusal: Refusal) => refusal.status === 502 && refusal.error === "CredentialMissingError",
  );
});

Deno.test("injection: literal replacement does not make a head without bounds", () => {
  const many = requestOf("/", `X: ${SPOT.repeat(100)}`);
  const long: FilledInjection = { type: "literal", values: { api_key: "k".repeat(8_000) } };
  assert.throws(
    () => applyInjections(many, [long], PLACEHOLDERS),
    (error: Refusal) => error.status === 431,
  );
});
