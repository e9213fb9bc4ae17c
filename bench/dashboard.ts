/**
 * What a person waits for who looks at the dashboard of a full home: every bundled provider, some of
 * the person's own, and a thousand connections, asked of the real, confined daemon over loopback.
 *
 * @module
 */
import type { DaemonClient } from "../client/daemon_client.ts";
import { openOwnerClient } from "../client/owner_client.ts";
import { readSettings } from "../core/config.ts";
import { bundledProviders } from "../providers/mod.ts";
import { TemporaryHome } from "../tests/support/temporary_home.ts";
import { type BenchRow, median } from "./bench_row.ts";

const CONNECTIONS = 1000;
/** Bundled ones, and of the person's own what is missing to so many. */
const PROVIDERS = 384;
/** Logins under way at a time while the vault is filled. */
const WORKERS = 8;
const ROUNDS = 40;
const FIRST_BYTE_MS = 30;
const PAGE_KB = 150;

const STYLES = ["/ui/style.css", "/ui/dashboard.css"];
const PAGES = [
  ["overview", "/ui/"],
  ["connections", "/ui/connections"],
  ["one provider", "/ui/apps/openai"],
  ["audit log", "/ui/audit"],
  ["settings", "/ui/settings"],
  ["adding a provider", "/ui/register"],
] as const;

/** First byte and weight of each page, styles included. */
export async function benchDashboard(): Promise<BenchRow[]> {
  const home = await TemporaryHome.create();
  try {
    const environment: Record<string, string> = { AUTHSOME_HOME: home.path, AUTHSOME_PORT: "0" };
    using client = await openOwnerClient(readSettings((name) => environment[name]));
    await fill(client);
    const { look, firstLookMs } = await enter(client);
    const { bundled, custom } = await client.listProviders();
    const rows: BenchRow[] = [{
      name: "dashboard, the very first page: its code is loaded",
      value: firstLookMs,
      unit: "ms",
    }];
    const note = `${bundled.length + custom.length} providers, ${
      CONNECTIONS.toLocaleString("en")
    } connections`;
    const styleBytes = (await Promise.all(STYLES.map((path) => look(path))))
      .reduce((sum, { bytes }) => sum + bytes, 0);
    for (const [name, path] of PAGES) {
      await look(path);
      const looks = [];
      for (let round = 0; round < ROUNDS; round++) looks.push(await look(path));
      rows.push({
        name: `dashboard, ${name}: first byte`,
        value: median(looks.map(({ firstByteMs }) => firstByteMs)),
        unit: "ms",
        bound: { of: "value", side: "at most", limit: FIRST_BYTE_MS },
        note,
      }, {
        name: `dashboard, ${name}: weight with its styles`,
        value: (median(looks.map(({ bytes }) => bytes)) + styleBytes) / 1000,
        unit: "kB",
        bound: { of: "value", side: "at most", limit: PAGE_KB },
      });
    }
    return rows;
  } finally {
    await home.remove();
  }
}

interface Look {
  readonly firstByteMs: number;
  readonly bytes: number;
}

/** A browser's session, and what it took to get it. */
async function enter(
  client: DaemonClient,
): Promise<{ look: (path: string) => Promise<Look>; firstLookMs: number }> {
  const { url } = await client.createDashboardLink();
  const started = performance.now();
  const entered = await fetch(url);
  await entered.body?.cancel();
  const firstLookMs = performance.now() - started;
  const cookie = entered.headers.get("set-cookie")?.split(";")[0] ?? "";
  const look = async (path: string): Promise<Look> => {
    const from = performance.now();
    const response = await fetch(client.baseUrl + path, { headers: { cookie } });
    const firstByteMs = performance.now() - from;
    const { length } = new Uint8Array(await response.arrayBuffer());
    if (response.status !== 200) throw new Error(`${path} answered ${response.status}`);
    return { firstByteMs, bytes: length };
  };
  return { look, firstLookMs };
}

async function fill(client: DaemonClient): Promise<void> {
  for (let number = bundledProviders().length; number < PROVIDERS; number++) {
    await client.registerProvider({
      definition: {
        name: `own-${number}`,
        display_name: `Own ${number}`,
        auth_type: "api_key",
        hosts: [`api-${number}.example.com`],
        injection: { type: "header", name: "Authorization", value: "Bearer {api_key}" },
        fields: [{ name: "api_key", label: "API key", secret: true }],
      },
    });
  }
  const takesOneKey = bundledProviders().filter(({ flow, fields, base_url }) =>
    flow === "api_key" && fields.length === 1 && base_url === undefined &&
    fields[0]!.pattern === undefined
  );
  const numbers = Array.from({ length: CONNECTIONS }, (_, index) => index).values();
  await Promise.all(Array.from({ length: WORKERS }, async () => {
    for (const number of numbers) {
      const definition = takesOneKey[number % takesOneKey.length]!;
      const { id } = await client.createSession({
        provider: definition.name,
        connection: `connection-${Math.floor(number / takesOneKey.length)}`,
      });
      const { status, error } = await client.resumeSession(id, {
        [definition.fields[0]!.name]: `key-of-${number}`,
      });
      if (status !== "completed") throw new Error(`login ${number} is ${status}: ${error}`);
    }
  }));
}
