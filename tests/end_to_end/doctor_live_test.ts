/**
 * `doctor --live` with everything real: the daemon asks the provider through its relay, TLS end to
 * end, and the command line never holds the key.
 */
import { deepEqual, equal, match } from "node:assert/strict";
import type { CheckedConnection } from "../../core/api.ts";
import { runCli } from "../support/run_cli.ts";
import { withHome } from "../support/temp_home.ts";
import { startTlsUpstream } from "../support/tls_upstream.ts";

const GOOD = "ak_live_0123456789abcdef";
const TAKEN_BACK = "ak_live_fedcba9876543210";

Deno.test("doctor --live says of each login whether its provider takes it, and what mends it", async () => {
  await withHome(async (home) => {
    const api = startTlsUpstream(["localhost"], ({ headers }) =>
      new Response("{}", {
        status: headers.get("x-api-key") === GOOD ? 200 : 401,
        headers: { date: new Date(Date.now() - 600_000).toUTCString() },
      }));
    try {
      const roots = `${home.directory}/roots.pem`;
      await Deno.writeTextFile(roots, api.authorityPem);
      const definition = (name: string, check_url: string | undefined) => ({
        name,
        display_name: name,
        auth_type: "api_key",
        hosts: ["localhost"],
        injection: { type: "header", name: "X-Api-Key", value: "{api_key}" },
        fields: [{ name: "api_key", label: "API key", secret: true }],
        ...(check_url === undefined ? {} : { check_url }),
      });
      const env = { SSL_CERT_FILE: roots };
      const url = `https://localhost:${api.port}/me`;
      for (const [name, checked] of [["acme", url], ["gone", "https://localhost:1/me"], ["mute"]]) {
        const path = `${home.directory}/${name}.json`;
        await Deno.writeTextFile(path, JSON.stringify(definition(name!, checked)));
        const made = await runCli(home, ["register", path, "--yes", "--allow-private"], { env });
        equal(made.code, 0, made.stderr);
        for (const connection of name === "acme" ? ["work", "old"] : ["default"]) {
          const input = `${connection === "old" ? TAKEN_BACK : GOOD}\n`;
          const args = ["login", `${name}/${connection}`, "--stdin"];
          const login = await runCli(home, args, { env, input });
          equal(login.code, 0, login.stderr);
        }
      }

      const { code, stdout } = await runCli(home, ["doctor", "--live", "--json"], { env });

      const report = JSON.parse(stdout);
      const live: CheckedConnection[] = report.live;
      const outcomes = live.map((c) => [`${c.provider}/${c.connection}`, c.outcome]);
      deepEqual(Object.fromEntries(outcomes), {
        "acme/work": "works",
        "acme/old": "refused",
        "gone/default": "unreachable",
        "mute/default": "untried",
      });
      equal(code, 1);
      deepEqual(
        live.find(({ outcome }) => outcome === "refused")?.mend,
        "authsome login acme --connection old --force",
      );
      // Its Date is ten minutes behind: so much this machine seems ahead.
      match(report.checks["clock_online"], /clock is \d+ seconds ahead of the providers'/);
      equal(stdout.includes(GOOD) || stdout.includes(TAKEN_BACK), false);
      deepEqual([...new Set(api.requests.map(({ target }) => target))], ["/me"]);
    } finally {
      await api.close();
    }
  });
});
