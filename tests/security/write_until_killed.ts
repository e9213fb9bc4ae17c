/**
 * Run by a test: writes batches of two records with one number and tells each number once it is
 * acknowledged, until it is killed.
 *
 * @module
 */
import { openSqliteVault } from "../../daemon/vault/sqlite_vault.ts";

const [directory, first] = Deno.args as [string, string];
const vault = await openSqliteVault({
  path: `${directory}/vault.db`,
  keyFilePath: `${directory}/master.key`,
  masterKey: { source: "key_file", secret: null },
});
const padding = "x".repeat(2000);
for (let number = Number(first);; number++) {
  const value = JSON.stringify({ number, padding });
  await vault.write([
    { type: "put", key: `left:${number}`, value },
    { type: "put", key: "latest", value },
    { type: "put", key: `right:${number}`, value },
  ]);
  // Synchronous: what the reader sees was acknowledged before, and nothing later is.
  Deno.stdout.writeSync(new TextEncoder().encode(`${number}\n`));
}
