/**
 * Java cannot send a proxy's password, so Java programs of a run are let in by what they are: a java
 * process that holds the run's secret in its environment. The attacks: a Java program of somebody
 * else, or one of another run, uses the open port; and another program does without the password
 * although it has it.
 */
import assert from "node:assert/strict";
import { works } from "../support/client_programs.ts";
import { startTestProxy, type TestProxy } from "../support/proxy_bench.ts";
import { startPlainUpstream } from "../support/tls_upstream.ts";

const ignore = Deno.build.os !== "linux" || !await works("javac", "--version");
const HOST = "other.acme.test";
const SOURCE = new URL("../support/clients/UrlConnectionGet.java", import.meta.url).pathname;

let directory: string;

Deno.test.beforeAll(async () => {
  directory = await Deno.makeTempDir();
  if (ignore) return;
  const { success } = await new Deno.Command("javac", { args: ["-d", directory, SOURCE] }).output();
  assert.ok(success);
});
Deno.test.afterAll(async () => {
  await Deno.remove(directory, { recursive: true });
});

/** Runs a Java program through the proxy; gives what it printed. */
async function runJava(
  { proxy }: TestProxy,
  env: Record<string, string>,
): Promise<{ success: boolean; text: string }> {
  const { success, stdout, stderr } = await new Deno.Command("java", {
    args: [
      "-Dhttp.proxyHost=127.0.0.1",
      `-Dhttp.proxyPort=${proxy.port}`,
      ...["-cp", directory, "UrlConnectionGet", `http://${HOST}/`],
    ],
    clearEnv: true,
    env: { PATH: Deno.env.get("PATH") ?? "", ...env },
  }).output();
  return { success, text: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
}

async function withProxies(
  body: (own: TestProxy, other: TestProxy, seen: () => number) => Promise<void>,
): Promise<void> {
  const api = startPlainUpstream();
  const servers = { [`${HOST}:80`]: api.port };
  const [own, other] = [await startTestProxy({ servers }), await startTestProxy({ servers })];
  try {
    await body(own, other, () => api.requests.length);
  } finally {
    await own.close();
    await other.close();
    await api.close();
  }
}

Deno.test("a Java program of the run gets in without a password", { ignore }, async () => {
  await withProxies(async (own, _other, seen) => {
    const { success, text } = await runJava(own, { HTTPS_PROXY: own.proxy.url.reveal() });
    assert.ok(success, text);
    assert.equal(seen(), 1);
  });
});

Deno.test(
  "a Java program without the secret, or with another run's, gets 407",
  { ignore },
  async () => {
    await withProxies(async (own, other, seen) => {
      for (const env of [{}, { HTTPS_PROXY: other.proxy.url.reveal() }]) {
        const { success, text } = await runJava(own, env);
        assert.equal(success, false);
        assert.match(text, /407/);
      }
      assert.equal(seen(), 0);
    });
  },
);

Deno.test(
  "another program gets 407 without the password, though it has it",
  { ignore },
  async () => {
    await withProxies(async (own, _other, seen) => {
      const { stdout } = await new Deno.Command("curl", {
        args: ["-s", "-x", `http://127.0.0.1:${own.proxy.port}`, `http://${HOST}/`],
        env: { HTTPS_PROXY: own.proxy.url.reveal() },
      }).output();
      assert.match(new TextDecoder().decode(stdout), /ProxyAuthenticationError/);
      assert.equal(seen(), 0);
    });
  },
);
