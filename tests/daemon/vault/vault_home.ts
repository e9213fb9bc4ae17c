/**
 * A directory with a vault and its key file, gone after the test.
 *
 * @module
 */
import { DatabaseSync } from "node:sqlite";
import type { DaemonBoot } from "../../../core/boot.ts";
import { openSqliteVault, type SqliteVault } from "../../../daemon/vault/sqlite_vault.ts";

/** Where a test's vault is. */
export class VaultHome implements AsyncDisposable {
  readonly directory: string;
  readonly path: string;
  readonly keyFilePath: string;
  readonly #open: SqliteVault[] = [];

  private constructor(directory: string) {
    this.directory = directory;
    this.path = `${directory}/vault.db`;
    this.keyFilePath = `${directory}/master.key`;
  }

  /** An empty directory. */
  static async create(): Promise<VaultHome> {
    return new VaultHome(await Deno.makeTempDir({ prefix: "authsome-vault-" }));
  }

  /** The vault in it, with the key file unless told otherwise; closed after the test. */
  async open(
    masterKey: DaemonBoot["master_key"] = { source: "key_file", secret: null },
    busyTimeoutMs = 5000,
    isAlone = false,
  ): Promise<SqliteVault> {
    const { path, keyFilePath } = this;
    const vault = await openSqliteVault({
      path,
      keyFilePath,
      masterKey,
      busyTimeoutMs,
      isAlone,
    });
    this.#open.push(vault);
    return vault;
  }

  /** What somebody with SQLite and without the key can do to the file. */
  tamper<T>(work: (database: DatabaseSync) => T): T {
    using database = new DatabaseSync(this.path);
    return work(database);
  }

  /** Every file's name and bytes. */
  files(): Map<string, Uint8Array> {
    const names = [...Deno.readDirSync(this.directory)].map((entry) => entry.name).sort();
    return new Map(names.map((name) => [name, Deno.readFileSync(`${this.directory}/${name}`)]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const vault of this.#open) vault.close();
    // Whoever clears the temporary directory under a running test shall not hide what the test says:
    // its own failure and this one together come out as a SuppressedError.
    await Deno.remove(this.directory, { recursive: true }).catch((error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
  }
}
