/**
 * What SQLite itself says is wrong with the vault's file: pages, indexes, the order of rows. Whether
 * the records open is another question, which only the vault can answer.
 *
 * @module
 */
import { DatabaseSync } from "node:sqlite";

/** More lines tell nothing new. */
const MOST_LINES = 20;

/** The damage, a line for each; empty when the file is whole. Reads all of it. */
export function fileDamage(path: string): readonly string[] {
  try {
    using database = new DatabaseSync(path, { readOnly: true });
    const rows = database.prepare(`PRAGMA integrity_check(${MOST_LINES})`).all();
    const said = rows.flatMap((row) => String(row.integrity_check).split("\n"));
    return said.filter((line) => line !== "ok").slice(0, MOST_LINES);
  } catch (error) {
    // So damaged that it cannot even be looked through.
    return [error instanceof Error ? error.message : "it cannot be read"];
  }
}
