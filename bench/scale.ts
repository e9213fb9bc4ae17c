/**
 * What a person with 10,000 connections waits for, against a person with ten: the same providers, the
 * same commands, two daemons, asked in turn.
 *
 * @module
 */
import type { DaemonClient } from "../client/daemon_client.ts";
import { openOwnerClient } from "../client/owner_client.ts";
import { readSettings } from "../core/config.ts";
import { TemporaryHome } from "../tests/support/temporary_home.ts";
import type { BenchRow } from "./bench_row.ts";
import { measureInterleaved } from "./measure.ts";

const PROVIDERS = 100;
const FEW = 10;
const MANY = 10_000;
/** Logins under way at a time while the vault is filled. */
const WORKERS = 8;

/** A home with some connections in it, and a client of its daemon. */
interface Filled {
  readonly home: TemporaryHome;
  readonly client: DaemonClient;
}

/** The rows of this file. */
export async function benchScale(): Promise<BenchRow[]> {
  const homes: TemporaryHome[] = [];
  try {
    const few = await fill(homes, FEW);
    const many = await fill(homes, MANY);
    const row = async (
      name: string,
      rounds: number,
      use: (filled: Filled) => Promise<unknown>,
      note?: string,
    ): Promise<BenchRow> => {
      const medians = await measureInterleaved({
        few: async () => void await use(few),
        many: async () => void await use(many),
      }, rounds);
      return {
        name: `${name}, ${MANY.toLocaleString("en")} connections stored`,
        value: medians.many,
        unit: "ms",
        against: { name: `${FEW} stored`, value: medians.few },
        ...(note === undefined ? {} : { note }),
      };
    };
    return [
      await row("credentials/resolve", 300, ({ client }) => {
        return client.resolveCredential({ provider: "scale-1" });
      }),
      await row("authsome run -- true", 20, ({ home }) => run(home, ["run", "--", "true"])),
      // As many as a terminal shows.
      await row("authsome list -n 100", 20, ({ home }) => run(home, ["list", "-n", "100"])),
      await row("authsome list, into a pipe", 20, ({ home }) => run(home, ["list"]), "every row"),
    ];
  } finally {
    await Promise.all(homes.map((home) => home.remove()));
  }
}

async function fill(homes: TemporaryHome[], connections: number): Promise<Filled> {
  const home = await TemporaryHome.create();
  homes.push(home);
  const environment: Record<string, string> = { AUTHSOME_HOME: home.path, AUTHSOME_PORT: "0" };
  const client = await openOwnerClient(readSettings((name) => environment[name]));
  for (let n = 1; n <= PROVIDERS; n++) {
    await client.registerProvider({ definition: definitionOf(n) });
  }
  const numbers = Array.from({ length: connections }, (_, index) => index).values();
  await Promise.all(Array.from({ length: WORKERS }, async () => {
    for (const number of numbers) await logIn(client, number);
  }));
  return { home, client };
}

async function logIn(client: DaemonClient, number: number): Promise<void> {
  const { id } = await client.createSession({
    provider: `scale-${number % PROVIDERS + 1}`,
    connection: `connection-${Math.floor(number / PROVIDERS)}`,
  });
  const { status, error } = await client.resumeSession(id, { api_key: `key-of-${number}` });
  if (status !== "completed") throw new Error(`login ${number} is ${status}: ${error}`);
}

function definitionOf(n: number): unknown {
  return {
    schema_version: 1,
    name: `scale-${n}`,
    display_name: `Scale ${n}`,
    auth_type: "api_key",
    flow: "api_key",
    api_url: `https://api-${n}.scale.test`,
    api_key: { header_name: "Authorization", header_prefix: "Bearer" },
    export: { env: { api_key: `SCALE_${n}_API_KEY` } },
  };
}

async function run(home: TemporaryHome, args: readonly string[]): Promise<void> {
  const { code, stderr } = await home.authsome(args);
  if (code !== 0) throw new Error(`authsome ${args.join(" ")} ended with ${code}: ${stderr}`);
}
