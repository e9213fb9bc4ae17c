/**
 * What a command is: its options as data, what it does, how it is used. Help, parsing and suggestions
 * are made from this.
 *
 * @module
 */
import type { Settings } from "../core/config.ts";
import type { UsageError } from "../core/errors.ts";
import type { DaemonClient } from "../client/daemon_client.ts";
import type { ClientLog } from "./client_log.ts";
import type { Voice } from "./voice.ts";

/** One option of a command. */
export interface CommandOption {
  readonly summary: string;
  /** What stands for the value in help, such as `NAME`; left out for an option that is on or off. */
  readonly value?: string;
  /** One letter. */
  readonly short?: string;
  /** Every value that is allowed. */
  readonly choices?: readonly string[];
  /** May be given more than once. */
  readonly multiple?: true;
}

/** Options by their long name. */
export type CommandOptions = Readonly<Record<string, CommandOption>>;

/** What the options turned out to be. */
export type OptionValues<O extends CommandOptions> = {
  readonly [K in keyof O]: O[K] extends { readonly multiple: true } ? readonly string[]
    : O[K] extends { readonly value: string } ? string | undefined
    : boolean;
};

/** What was typed behind the command's name. */
export interface CommandArguments<O extends CommandOptions = CommandOptions> {
  readonly options: OptionValues<O>;
  readonly positionals: readonly string[];
  /** Behind `--`, or from the first word on for a command that passes through; untouched. */
  readonly rest: readonly string[];
}

/** A word that a command takes. */
export interface Positional {
  /** As help shows it: `PROVIDER`. */
  readonly name: string;
  readonly optional?: true;
}

/** A line to copy, and what it does. */
export interface Example {
  readonly line: string;
  readonly says: string;
}

/** A command. */
export interface Command<O extends CommandOptions = CommandOptions> {
  /** Full name: `login`, `daemon start`. */
  readonly name: string;
  /** What it does, in a paragraph; the first line of its help. */
  readonly description: string;
  readonly positionals: readonly Positional[];
  readonly options: O;
  /** What help shows behind the options, such as `-- CMD …`. */
  readonly trailing?: string;
  /** What is said of a word too many where that is likely to be a secret; the word is not shown. */
  readonly superfluous?: (positionals: readonly string[]) => UsageError;
  /** Everything from the first plain word on belongs to somebody else. */
  readonly passThrough?: true;
  readonly examples: readonly Example[];
  /** Does it. Returns the exit code; nothing means 0. */
  run(args: CommandArguments<O>, context: CommandContext): Promise<number | void>;
}

/** What a command works with. */
export interface CommandContext {
  readonly settings: Settings;
  readonly voice: Voice;
  readonly log: ClientLog;
  /** The daemon, started and told who we are; opened on first use. */
  readonly openClient: () => Promise<DaemonClient>;
}
