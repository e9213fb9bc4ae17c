/**
 * Run by a test under the daemon's permissions: makes a vault, uses it, opens it again.
 *
 * @module
 */
import { CustomProviders } from "../../../daemon/records/custom_providers.ts";
import { holdSingleInstance } from "../../../daemon/vault/single_instance.ts";
import { openSqliteVault } from "../../../daemon/vault/sqlite_vault.ts";

const directory = Deno.args[0]!;
const options = {
  path: `${directory}/vault.db`,
  keyFilePath: `${directory}/master.key`,
  masterKey: { source: "key_file", secret: null },
} as const;

const lock = holdSingleInstance(`${directory}/daemon.lock`, Deno.pid);
const first = await openSqliteVault(options);
await first.write([{ type: "put", key: "a", value: "read back" }]);
first.close();

const definitions = new CustomProviders({ directory: `${directory}/providers`, parse: String });
definitions.save("acme", "kept");
const kept = definitions.read().definitions.get("acme");

const second = await openSqliteVault(options);
const record = await second.get("a");
second.close();
lock.release();
await Deno.stdout.write(new TextEncoder().encode(`${kept} and ${record?.value}`));
