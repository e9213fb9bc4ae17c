/**
 * `docs/http-api.md` is true: its table is the register, its Python is a client, its claims hold.
 *
 * @module
 */
import { deepEqual, equal } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHash, createPrivateKey, sign } from "node:crypto";
import { DaemonClient } from "../client/daemon_client.ts";
import { openApiDocument } from "../daemon/openapi/document.ts";
import { OPERATIONS } from "../daemon/openapi/operations.ts";
import { verifyProof } from "../daemon/middleware/verify_proof.ts";
import { homePaths } from "../core/paths.ts";
import { pathWithDeno } from "./support/deno_on_path.ts";
import { readSource } from "./support/module_graph.ts";
import { operationsTable, tableOf } from "./support/operations_table.ts";
import { ROOT, TemporaryHome } from "./support/temporary_home.ts";

const PAGE = readSource("docs/http-api.md");
/** Has the module; null where no Python here does. */
const PYTHON = await findPython();

Deno.test("http-api.md: the table of operations is the register's (deno task api_table)", () => {
  deepEqual(cells(tableOf(PAGE)), cells(operationsTable()));
});

Deno.test("http-api.md: DaemonClient has a method for each operation that is no page, and no other", () => {
  const operations = OPERATIONS.filter(({ answer }) => answer.type !== "text/html");
  // `as` makes the client of another signer; it asks nothing.
  const methods = Object.getOwnPropertyNames(DaemonClient.prototype)
    .filter((name) => !["constructor", "close", "as"].includes(name));

  deepEqual(methods.sort(), operations.map(({ id }) => id).sort());
});

Deno.test("http-api.md: every kind of injection and every state of a login is explained", () => {
  const { schemas } = openApiDocument("0.1.0").components as unknown as {
    schemas: {
      Injection: { oneOf: { properties: { type: { const: string } } }[] };
      Session: { properties: { status: { enum: string[] } } };
    };
  };
  const part = (heading: string) => {
    const from = PAGE.indexOf(`## ${heading}`);
    return PAGE.slice(from, PAGE.indexOf("\n## ", from));
  };
  const missing = (words: readonly string[], text: string) =>
    words.filter((word) => !text.includes(`\`${word}\``));

  const kinds = schemas.Injection.oneOf.map(({ properties }) => properties.type.const);
  deepEqual(missing(kinds, part("What to put on a request")), []);
  const states = schemas.Session.properties.status.enum;
  deepEqual(missing(states, part("A login, step by step")), []);
});

Deno.test("http-api.md: the proof to compare with is what its key makes of its claims", () => {
  const section = PAGE.slice(PAGE.indexOf("### A proof to compare with"));
  const [body, claims, token] = [...section.matchAll(/```\n([^]*?)\n```/g)]
    .map((block) => block[1]!.replaceAll("\n", ""));

  const encode = (text: string) => Buffer.from(text).toString("base64url");
  const signed = `${encode('{"alg":"EdDSA","typ":"JWT"}')}.${encode(claims!)}`;
  const pkcs8 = `302e020100300506032b657004220420${
    Array.from({ length: 32 }, (_, i) => i.toString(16).padStart(2, "0")).join("")
  }`;
  const key = createPrivateKey({
    key: Buffer.from(pkcs8, "hex"),
    format: "der",
    type: "pkcs8",
  });

  equal(token, `${signed}.${sign(null, Buffer.from(signed), key).toString("base64url")}`);
  equal(JSON.parse(claims!).body_sha256, createHash("sha256").update(body!).digest("hex"));
  const target = /`POST (\S+)`/.exec(section)![1]!;
  const request = { method: "POST", target, body: new TextEncoder().encode(body) };
  const proof = verifyProof(`PoP ${token}`, request, new Date(JSON.parse(claims!).iat * 1000));
  equal(proof.subject, "calm-quietly-softly-0001");
});

Deno.test({
  name: `http-api.md: the Python client does what the page says it prints${
    PYTHON === null ? " (skipped: no Python with the module cryptography)" : ""
  }`,
  ignore: PYTHON === null,
  fn: async () => {
    const home = await TemporaryHome.create();
    try {
      const [, script, expected] = /```python\n([^]*?)```\n\nIt prints:\n\n```\n([^]*?)```/.exec(
        PAGE,
      )!;
      const { code, stderr } = await home.authsome(["daemon", "start"]);
      equal(code, 0, stderr);

      const child = await new Deno.Command(PYTHON!, {
        args: ["-c", script!],
        env: {
          AUTHSOME_HOME: homePaths(home.path).home,
          OPENAI_API_KEY: "sk-0123456789abcdefghijklmn",
          // Nothing listens there: the example must not ask it.
          HTTP_PROXY: "http://127.0.0.1:9",
        },
        stdout: "piped",
        stderr: "piped",
      }).output();

      const text = new TextDecoder();
      equal(text.decode(child.stderr), "");
      equal(text.decode(child.stdout), expected);
    } finally {
      deepEqual(await home.remove(), []);
    }
  },
});

Deno.test("the examples in the library's doc comments run", async () => {
  // Not type-checked: the imports that Deno adds for an example count as unused under our options.
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["test", "--doc", "--no-check", "--quiet", "--allow-all", "client", "core", "mod.ts"],
    cwd: ROOT,
    env: { NO_COLOR: "1", PATH: pathWithDeno(Deno.env.get("PATH") ?? "") },
    stdin: "null",
  }).output();
  const output = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);

  equal(code, 0, output);
  equal(/\b([1-9]\d*) passed/.test(output), true, output);
});

/** The cells without the spaces that line them up. */
function cells(table: string): string[][] {
  return table.split("\n").filter((line) => !/^[|\s-]+$/.test(line))
    .map((line) => line.split("|").map((cell) => cell.trim()));
}

async function findPython(): Promise<string | null> {
  for (const program of ["python3", "/usr/bin/python3"]) {
    try {
      const { success } = await new Deno.Command(program, {
        args: ["-c", "import cryptography.hazmat.primitives.asymmetric.ed25519"],
        stdin: "null",
        stdout: "null",
        stderr: "null",
      }).output();
      if (success) return program;
    } catch { /* there is no such program */ }
  }
  return null;
}
