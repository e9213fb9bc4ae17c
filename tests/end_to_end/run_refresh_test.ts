/**
 * A token that the API no longer takes, with nothing stood in for: the proxy of a run, the confined
 * daemon, its relay, and a certified authorization server. The program notices nothing.
 */
import assert from "node:assert/strict";
import { works } from "../support/client_programs.ts";
import { type LoginStage, withLoginStage } from "../support/login_stage.ts";
import { startTlsUpstream } from "../support/tls_upstream.ts";
import { trustingFetch } from "../support/trusting_fetch.ts";
import { Visitor } from "../support/visitor.ts";

const HOST = "api.acme.test";
const PAGE = /^ {2}(https?:\/\/\S+)$/m;
const ignore = !await works("curl", "--version");

/** Logs in to `acme` as a person does. */
async function logIn(stage: LoginStage): Promise<void> {
  const login = stage.start(["login", "acme", "--no-browser"]);
  const [, url] = await login.until(PAGE);
  using trusting = trustingFetch(stage.server.root);
  const callback = await new Visitor(trusting.fetch).authorize(url!, true);
  await (await trusting.fetch(callback)).text();
  const { code, stderr } = await login.finished;
  assert.equal(code, 0, stderr);
}

const refreshes = ({ server }: LoginStage): number =>
  server.served.filter(({ path, parameters }) => path === "/token" && parameters["refresh_token"])
    .length;

Deno.test(
  "a 401 in a run: the token is refreshed once, and each request that can be is sent again with its body",
  {
    ignore,
  },
  async () => {
    const refused = new Set<string>();
    const tokenOf = (headers: Headers) => headers.get("authorization")!.slice("Bearer ".length);
    const api = startTlsUpstream(
      [HOST],
      ({ headers }) => new Response(null, { status: refused.has(tokenOf(headers)) ? 401 : 200 }),
    );
    await withLoginStage(async (stage) => {
      await stage.register("acme");
      await logIn(stage);
      const ask = (path: string, options = "") =>
        `curl -s -o /dev/null -w '%{http_code} ' ${options} https://${HOST}${path}`;
      const run = async (script: string) => {
        const before = api.requests.length;
        const { code, stdout, stderr } = await stage.run([
          ...["run", "--connect-to", `${HOST}:443:127.0.0.1:${api.port}`, "--"],
          ...["sh", "-c", script],
        ]);
        assert.equal(code, 0, stderr);
        return { statuses: stdout.trim(), seen: api.requests.slice(before) };
      };
      const [first] = (await run(ask("/first"))).seen;
      refused.add(tokenOf(first!.headers));

      const { statuses, seen } = await run(
        `${ask("/thing", "-d the-body")}; ${ask("/next")}`,
      );

      assert.equal(statuses, "200 200");
      assert.deepEqual(seen.map(({ method, target, body }) => [method, target, body]), [
        ["POST", "/thing", "the-body"],
        ["POST", "/thing", "the-body"],
        ["GET", "/next", ""],
      ]);
      const [old, renewed, kept] = seen.map(({ headers }) => tokenOf(headers));
      assert.equal(old, tokenOf(first!.headers));
      assert.equal(kept, renewed);
      assert.ok((await stage.server.introspect(renewed!)).active);
      assert.equal(refreshes(stage), 1);

      // More than is kept: the program hears the 401 itself, and the next request has a new token.
      refused.add(renewed!);
      const large = await run(
        `head -c 3000000 /dev/zero | ${ask("/large", "-T -")}; ${ask("/after")}`,
      );
      assert.equal(large.statuses, "401 200");
      assert.deepEqual(large.seen.map(({ target }) => target), ["/large", "/after", "/after"]);
      assert.equal(refreshes(stage), 2);
    }, { alsoTrusts: api.authorityPem });
    await api.close();
  },
);
