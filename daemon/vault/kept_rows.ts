/**
 * Rows of the vault as they were last read, still sealed: what a proxy asks for again and again is
 * not looked up in SQLite each time. Opened values are kept nowhere.
 *
 * Only for a vault whose file nobody else writes: what another process changed would not be seen.
 *
 * @module
 */

/** A row as SQLite gives it; the vault checks what is in it whenever it opens one. */
export type SealedRow = Readonly<Record<string, unknown>>;

/** Most rows kept; with {@linkcode MAX_BYTES} they are 2 MB at most. */
const CAPACITY = 256;
/** A larger row is read each time. */
const MAX_BYTES = 8 * 1024;

/** Rows by their record's key. Whoever writes a record drops its row first. */
export class KeptRows {
  readonly #rows = new Map<string, SealedRow>();

  /** The row that is kept under `key`. */
  get(key: string): SealedRow | undefined {
    return this.#rows.get(key);
  }

  /** Keeps a row as it was just read. */
  keep(key: string, row: SealedRow): void {
    const { sealed } = row;
    if (!(sealed instanceof Uint8Array) || sealed.length > MAX_BYTES) return;
    if (this.#rows.size >= CAPACITY) this.#rows.clear();
    this.#rows.set(key, row);
  }

  /** Forgets one row. */
  drop(key: string): void {
    this.#rows.delete(key);
  }

  /** Forgets all of them. */
  clear(): void {
    this.#rows.clear();
  }
}
