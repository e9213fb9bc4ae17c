import assert from "node:assert/strict";
import {
  canonicalHost,
  isLoopbackName,
  isPrivateName,
  isUnderPath,
  matchesHost,
  parseHostPattern,
} from "../../core/host_pattern.ts";

function matches(pattern: string, host: string): boolean {
  return matchesHost(parseHostPattern(pattern), host);
}

/** Hosts that a careless matcher takes for `api.github.com`, and the trick of each. */
const LOOK_ALIKES: readonly [trick: string, host: string][] = [
  ["another domain that ends alike", "evilapi.github.com"],
  ["the name in front of another domain", "api.github.com.evil.test"],
  ["a trailing dot", "api.github.com."],
  ["upper case", "API.GITHUB.COM"],
  ["a port", "api.github.com:443"],
  ["user information", "user@api.github.com"],
  ["a password that looks like the host", "api.github.com@evil.test"],
  ["a NUL byte", "api.github.com\0.evil.test"],
  ["a NUL byte at the end", "api.github.com\0"],
  ["a line break", "api.github.com\n"],
  ["a percent-encoded dot", "api%2egithub.com"],
  ["a backslash", "evil.test\\api.github.com"],
  ["a slash", "evil.test/api.github.com"],
  ["a Cyrillic letter", "аpi.github.com"],
  ["its punycode", "xn--pi-7kc.github.com"],
  ["a full-width letter", "ａpi.github.com"],
  ["an ideographic full stop", "api。github.com"],
  ["a soft hyphen", "api.git\u00adhub.com"],
  ["the dotless i", "api.gıthub.com"],
  ["the Kelvin sign, which lower-cases to k", "api.\u212Aithub.com"],
  ["an empty label", "api..github.com"],
  ["nothing", ""],
];

Deno.test("matchesHost() takes an exact host and none of its look-alikes", async (t) => {
  assert.equal(matches("api.github.com", "api.github.com"), true);
  for (const [trick, host] of LOOK_ALIKES) {
    await t.step(trick, () => assert.equal(matches("api.github.com", host), false));
  }
});

Deno.test("matchesHost() takes no look-alike for a wildcard either", async (t) => {
  assert.equal(matches("*.githubusercontent.com", "raw.githubusercontent.com"), true);
  assert.equal(matches("*.githubusercontent.com", "a.b.githubusercontent.com"), true);
  for (
    const host of [
      "githubusercontent.com",
      ".githubusercontent.com",
      "evilgithubusercontent.com",
      "raw.githubusercontent.com.evil.test",
      "raw.githubusercontent.com.",
      "RAW.githubusercontent.com",
      "raw.githubusercontent.com\0",
      "evil.test\0.githubusercontent.com",
      "evil.test/.githubusercontent.com",
      "evil.test#.githubusercontent.com",
      "user@raw.githubusercontent.com",
      "раw.githubusercontent.com",
    ]
  ) {
    await t.step(JSON.stringify(host), () => {
      assert.equal(matches("*.githubusercontent.com", host), false);
    });
  }
});

Deno.test("matchesHost() spans one label, or part of one, with an inner wildcard", () => {
  const bedrock = "bedrock-runtime.*.amazonaws.com";
  assert.equal(matches(bedrock, "bedrock-runtime.us-east-1.amazonaws.com"), true);
  assert.equal(matches(bedrock, "bedrock-runtime.a.b.amazonaws.com"), false);
  assert.equal(matches(bedrock, "bedrock-runtime.amazonaws.com"), false);
  assert.equal(
    matches("*-aiplatform.googleapis.com", "us-central1-aiplatform.googleapis.com"),
    true,
  );
  assert.equal(
    matches("*-aiplatform.googleapis.com", "evil.test-aiplatform.googleapis.com"),
    false,
  );
});

Deno.test("matchesHost() holds a regular expression to the whole host", () => {
  const pattern = "regex:[a-z0-9-]+\\.acme\\.com";
  assert.equal(matches(pattern, "eu-1.acme.com"), true);
  assert.equal(matches(pattern, "eu-1.acme.com.evil.test"), false);
  assert.equal(matches(pattern, "evil.test.eu-1.acme.com"), false);
  assert.equal(matches(pattern, "EU-1.acme.com"), false);
  assert.equal(matches("regex:^(?:eu\\.)?api\\.acme\\.com$", "api.acme.com"), true);
  assert.equal(matches("regex:^[\\w.-]+\\.acme\\.com$", "a.b.acme.com"), true);
});

Deno.test("canonicalHost() refuses IP addresses in every notation that resolvers read", async (t) => {
  for (
    const host of [
      "127.0.0.1",
      "127.1",
      "2130706433",
      "0x7f000001",
      "0x7f.1",
      "0177.0.0.1",
      "017700000001",
      "127.0.0.0x1",
      "[::1]",
      "::1",
      "[::ffff:127.0.0.1]",
      "1.2.3.4.5",
    ]
  ) {
    await t.step(host, () => assert.equal(canonicalHost(host), null));
  }
  assert.equal(canonicalHost("API.GitHub.com"), "api.github.com");
  assert.equal(canonicalHost("xn--bcher-kva.example"), "xn--bcher-kva.example");
  assert.equal(canonicalHost(`${"a".repeat(64)}.com`), null);
  assert.equal(canonicalHost(`${"a.".repeat(130)}com`), null);
});

Deno.test("parseHostPattern() refuses what could take exponential time or match strangers", async (t) => {
  const refused: readonly [why: string, pattern: string][] = [
    ["a repeated group", "regex:(a+)+\\.acme\\.com"],
    ["a repeated group with a class", "regex:([a-z]+)*\\.acme\\.com"],
    ["a counted group", "regex:(a|aa){10}\\.acme\\.com"],
    ["many optional letters", `regex:${"a?".repeat(30)}${"a".repeat(30)}\\.acme\\.com`],
    ["many groups of alternatives", `regex:${"(a|a)".repeat(20)}\\.acme\\.com`],
    ["many stars", "regex:.*.*.*.*\\.acme\\.com"],
    ["many alternatives", `regex:(${"a|".repeat(20)}a)\\.acme\\.com`],
    ["a look-ahead", "regex:(?=a)a\\.acme\\.com"],
    ["a look-behind", "regex:(?<!a)a\\.acme\\.com"],
    ["a back reference", "regex:(a)\\1\\.acme\\.com"],
    ["no literal end", "regex:.*"],
    ["no dot before the end", "regex:.*googleapis\\.com"],
    ["an end that is any character", "regex:.*\\.acme.com.*"],
    ["the reference's own leak", "regex:.*googleapis.*"],
    ["alternatives of whole hosts", "regex:api\\.acme\\.com|evil\\.test"],
    ["an end of one label", "regex:.*\\.com"],
    ["an end where strangers register", "regex:.*\\.co\\.uk"],
    ["nothing", "regex:"],
    ["an unbalanced group", "regex:(a\\.acme\\.com"],
    ["a wildcard over a top-level domain", "*.com"],
    ["a wildcard over everything", "*"],
    ["a wildcard at the end", "api.acme.*"],
    ["a wildcard over a registry", "*.co.uk"],
    ["two wildcards in a label", "*a*.acme.com"],
    ["a bad label behind a wildcard", "*.acme.-com"],
    ["a URL", "https://api.acme.com"],
    ["a port", "api.acme.com:443"],
    ["user information", "user@api.acme.com"],
    ["a NUL byte", "api.acme.com\0"],
    ["Unicode", "аpi.acme.com"],
    ["a trailing dot", "api.acme.com."],
    ["a number", "2130706433"],
    ["too long", `${"a.".repeat(120)}com`],
    ["too long a regular expression", `regex:${"a".repeat(250)}\\.acme\\.com`],
  ];
  for (const [why, pattern] of refused) {
    await t.step(why, () => assert.throws(() => parseHostPattern(pattern), RangeError));
  }
});

Deno.test("isPrivateName() knows what cannot be on the public internet", () => {
  for (
    const host of [
      "localhost",
      "api.localhost",
      "127.0.0.1",
      "10.0.0.1",
      "169.254.169.254",
      "[::1]",
      "intranet",
      "printer.local",
      "metadata.google.internal",
      "nas.lan",
      "router.home.arpa",
      "wiki.corp",
    ]
  ) {
    assert.equal(isPrivateName(host), true, host);
  }
  for (const host of ["api.github.com", "localhost.evil.test", "internal.acme.com"]) {
    assert.equal(isPrivateName(host), false, host);
  }
});

Deno.test("isLoopbackName() means this machine alone", () => {
  for (const host of ["localhost", "api.localhost", "127.0.0.1", "127.255.0.9", "[::1]"]) {
    assert.equal(isLoopbackName(host), true, host);
  }
  for (const host of ["10.0.0.1", "127.0.0.1.evil.test", "localhost.evil.test", "nas.lan"]) {
    assert.equal(isLoopbackName(host), false, host);
  }
});

Deno.test("isUnderPath() ends at a segment", () => {
  assert.equal(isUnderPath("/api", "/api"), true);
  assert.equal(isUnderPath("/api/", "/api/v1"), true);
  assert.equal(isUnderPath("/api", "/apiary"), false);
  assert.equal(isUnderPath("", "/anything"), true);
  assert.equal(isUnderPath("/api", "/API"), false);
});
