/** Once a login or a logout has answered, no request that begins afterwards has the key before it. */
import assert from "node:assert/strict";
import type { DaemonClient } from "../../client/daemon_client.ts";
import { openOwnerClient } from "../../client/owner_client.ts";
import { readSettings } from "../../core/config.ts";
import { type AcmeHome, openAcmeHome } from "../support/acme_home.ts";
import { type RunClient, startRunClient } from "../support/run_client.ts";

/** So often is each thing tried: what happens within a millisecond does not happen every time. */
const ROUNDS = 60;

let acme: AcmeHome;

Deno.test.beforeAll(async () => {
  acme = await openAcmeHome();
});
Deno.test.afterAll(async () => {
  await acme.close();
});

/** The owner, in this process: a command's own end would hide what its answer came too early for. */
function openOwner(): Promise<DaemonClient> {
  const variables: Record<string, string> = {
    AUTHSOME_HOME: acme.home.path,
    AUTHSOME_PORT: "0",
    HOME: acme.directory,
  };
  return openOwnerClient(readSettings((name) => variables[name]));
}

/** A key that its number can be read off. */
function key(number: number): string {
  return `ak_live_${number.toString(16).padStart(32, "0")}`;
}

async function logIn(owner: DaemonClient, number: number): Promise<void> {
  const { id } = await owner.createSession({ provider: "acme", force: true });
  const { status } = await owner.resumeSession(id, { api_key: key(number) });
  assert.equal(status, "completed");
}

/**
 * Asks on four connections without a pause while `change` is done, again and again. Each request's
 * path says which change had answered when it began.
 */
async function askMeanwhile(
  { open, get }: RunClient,
  change: (round: number) => Promise<void>,
): Promise<void> {
  let done = 0;
  let isOver = false;
  const lane = async () => {
    const connection = await open();
    while (!isOver) await get(connection, `/${done}`);
    connection.close();
  };
  const lanes = Array.from({ length: 4 }, lane);
  for (let round = 1; round <= ROUNDS; round++) {
    await change(round);
    done = round;
  }
  isOver = true;
  await Promise.all(lanes);
}

/** Requests that carried an older key than the one in force when they began. */
function stale(): string[] {
  return acme.api.requests.splice(0).flatMap(({ target, headers }) => {
    const seen = Number.parseInt(headers.get("x-api-key")!.slice("ak_live_".length), 16);
    return seen < Number(target.slice(1)) ? [`key ${seen} at ${target}`] : [];
  });
}

Deno.test("after a login has answered no request begins with the key before it", async () => {
  using owner = await openOwner();
  await logIn(owner, 0);
  const client = await startRunClient(acme);

  await askMeanwhile(client, (round) => logIn(owner, round));

  assert.deepEqual(stale(), []);
  assert.equal((await client.run.finish()).code, 0);
});
