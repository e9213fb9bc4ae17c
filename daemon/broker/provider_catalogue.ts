/**
 * Every provider definition: the bundled ones, and the owner's over them.
 *
 * @module
 */
import { ProviderNotFoundError, StoreUnavailableError } from "../../core/errors.ts";
import type { ProviderDefinition, ProviderSource } from "../../core/provider.ts";
import { nearest } from "../../core/suggestion.ts";

/** A definition file that cannot be used, and why. */
export interface BrokenDefinition {
  /** File name, such as `acme.json`. */
  readonly file: string;
  readonly problem: string;
}

/** What the folder of custom definitions holds. */
export interface CustomDefinitions {
  readonly definitions: readonly ProviderDefinition[];
  readonly broken: readonly BrokenDefinition[];
}

/** Where custom definitions are kept. */
export interface CustomDefinitionStore {
  /** Reads them all; what cannot be used is named, not thrown. */
  read(): Promise<CustomDefinitions>;
  /** Keeps one, in place of an earlier one. @throws {StoreUnavailableError} */
  save(definition: ProviderDefinition): void;
  /** Forgets one; nothing happens when there is none. @throws {StoreUnavailableError} */
  remove(name: string): void;
}

/** The definitions by name. */
export class ProviderCatalogue {
  readonly #bundled: ReadonlyMap<string, ProviderDefinition>;
  readonly #store: CustomDefinitionStore;
  #custom: ReadonlyMap<string, ProviderDefinition> = new Map();
  #broken: readonly BrokenDefinition[] = [];
  #all: readonly ProviderDefinition[] = [];
  /** The files are not what is in force: a restore could not write them. */
  #isAhead = false;

  private constructor(bundled: readonly ProviderDefinition[], store: CustomDefinitionStore) {
    this.#bundled = new Map(bundled.map((definition) => [definition.name, definition]));
    this.#store = store;
  }

  /** A catalogue of `bundled` and of what `store` holds. */
  static async open(
    bundled: readonly ProviderDefinition[],
    store: CustomDefinitionStore,
  ): Promise<ProviderCatalogue> {
    const catalogue = new ProviderCatalogue(bundled, store);
    await catalogue.reload();
    return catalogue;
  }

  /** The definition in force under this name. @throws {ProviderNotFoundError} with the nearest names. */
  get(name: string): ProviderDefinition {
    const found = this.find(name);
    if (found !== null) return found;
    const near = nearest(name, this.#all.map((definition) => definition.name));
    throw new ProviderNotFoundError(`Cannot find provider ${quoted(name)}: there is none`, {
      provider: name.slice(0, 64),
      hint: near.length === 0 ? "Run: authsome list --all" : `Did you mean ${near.join(", ")}?`,
    });
  }

  /** The definition in force under this name, or null. */
  find(name: string): ProviderDefinition | null {
    return this.#custom.get(name) ?? this.#bundled.get(name) ?? null;
  }

  /** Every definition in force, by name. */
  all(): readonly ProviderDefinition[] {
    return this.#all;
  }

  /** The owner's own definitions, by name. */
  custom(): readonly ProviderDefinition[] {
    return this.#all.filter(({ name }) => this.#custom.has(name));
  }

  /** Where the definition in force comes from. */
  sourceOf(name: string): ProviderSource {
    return this.#custom.has(name) ? "custom" : "bundled";
  }

  /** Whether a bundled definition has this name. */
  isBundled(name: string): boolean {
    return this.#bundled.has(name);
  }

  /** Files that could not be used. */
  get broken(): readonly BrokenDefinition[] {
    return this.#broken;
  }

  /** Keeps a custom definition. @throws {StoreUnavailableError} */
  async save(definition: ProviderDefinition): Promise<void> {
    this.#checkFiles();
    this.#store.save(definition);
    await this.reload();
  }

  /** Forgets a custom definition. @throws {StoreUnavailableError} */
  async remove(name: string): Promise<void> {
    this.#checkFiles();
    this.#store.remove(name);
    await this.reload();
  }

  /**
   * Puts these in force in place of all custom ones, at once, and then has `write` bring the files
   * into line. When that fails they stay in force until the daemon is started again, whatever the
   * files say: the connections are those that belong to them.
   *
   * @throws {StoreUnavailableError} when `write` does.
   */
  async adopt(
    definitions: readonly ProviderDefinition[],
    write: (files: CustomDefinitionStore) => Promise<void>,
  ): Promise<void> {
    this.#isAhead = true;
    this.#use(definitions);
    await write(this.#store);
    this.#isAhead = false;
    await this.reload();
  }

  /** Reads the custom definitions again; tells whether anything changed. */
  async reload(): Promise<boolean> {
    if (this.#isAhead) return false;
    const { definitions, broken } = await this.#store.read();
    const before = JSON.stringify([...this.#custom.values()]);
    if (this.#all.length > 0 && before === JSON.stringify(definitions)) {
      this.#broken = broken;
      return false;
    }
    this.#broken = broken;
    this.#use(definitions);
    return true;
  }

  #use(custom: readonly ProviderDefinition[]): void {
    this.#custom = new Map(custom.map((definition) => [definition.name, definition]));
    this.#all = [...new Map([...this.#bundled, ...this.#custom]).values()]
      .sort((a, b) => a.name < b.name ? -1 : 1);
  }

  #checkFiles(): void {
    if (!this.#isAhead) return;
    throw new StoreUnavailableError(
      "Cannot change definitions: those of a restore are not written to their files yet",
      { hint: "Make room on the disk, then run: authsome daemon restart" },
    );
  }
}

/** What was asked for, short and without control characters: it may be anything. */
function quoted(name: string): string {
  return JSON.stringify(name.slice(0, 64));
}
