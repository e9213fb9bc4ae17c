/**
 * Run by a test: refreshes every connection of a vault, again and again and side by side, until it is
 * killed. Says one line when it begins, and one for each refresh that it has.
 *
 * @module
 */
import { resolveCredential } from "../../daemon/broker/resolve_credential.ts";
import { readProviderConnections } from "../../daemon/records/connection_index.ts";
import { type BrokerPlace, DISK_OWNER, openBrokerOnDisk } from "../support/broker_on_disk.ts";

const place = JSON.parse(Deno.args[0]!) as BrokerPlace;
const { broker } = await openBrokerOnDisk(place);
const known = await readProviderConnections(broker.vault, DISK_OWNER.vault_id, "acme");
// The first connection of a process takes as long as ten refreshes, and nothing happens in it.
await (await broker.fetch(`${place.issuer}/jwks`)).text();
say("begun");
await Promise.all(known!.connections.map(({ connection_name }) => refresh(connection_name)));

async function refresh(connection: string): Promise<void> {
  for (;;) {
    try {
      const rejected_at = new Date().toISOString();
      await resolveCredential(broker, DISK_OWNER, { provider: "acme", connection, rejected_at });
      say("refreshed");
    } catch {
      return; // It needs a login; the test looks at that when this process is dead.
    }
  }
}

function say(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}
