/**
 * `authsome register`: add a provider from a file, after showing what will be trusted.
 *
 * @module
 */
import type { DaemonClient } from "../client/daemon_client.ts";
import { parseJsonc } from "../core/jsonc.ts";
import {
  InvalidInputError,
  ProviderExistsError,
  ProviderNotFoundError,
  StoreUnavailableError,
} from "../core/errors.ts";
import { MAX_PROVIDER_BYTES, parseProviderText } from "../core/provider_schema.ts";
import type { Command } from "./command.ts";
import { describeDefinition } from "./describe_definition.ts";
import { canAsk, confirm } from "./prompt.ts";
import { formatFacts } from "./table.ts";

const options = {
  yes: { summary: "Do not ask", short: "y" },
  force: { summary: "Replace a definition of that name; do not ask" },
  "allow-private": { summary: "Hosts on this machine or in a private network are fine" },
} as const;

/** The command. */
export const register: Command<typeof options> = {
  name: "register",
  description:
    "Add a provider from a JSON file. What the file names is trusted with the credentials you give it, " +
    "so it is shown first: read the hosts.",
  positionals: [{ name: "PATH" }],
  options,
  examples: [
    { line: "authsome register acme.json", says: "shows hosts and endpoints, then asks" },
    { line: "authsome register acme.json --allow-private", says: "a service in your own network" },
  ],

  async run({ positionals, options }, { openClient, voice }) {
    const path = positionals[0]!;
    const text = await readDefinition(path);
    // Read once and parsed here as the daemon will: what is shown is what is sent.
    const definition = parseProviderText(text, {
      allowPrivate: options["allow-private"],
      source: path,
    });
    let isReplaced = false;
    if (!options.yes && !options.force) {
      if (!canAsk()) {
        throw new InvalidInputError(
          `Cannot register ${definition.name}: nobody can be asked here`,
          {
            hint: `Look at ${path}, then add --yes`,
          },
        );
      }
      isReplaced = await isCustom(await openClient(), definition.name);
      voice.instruct(`This will be trusted with your ${definition.display_name} credentials:`);
      const facts = [["name", definition.name] as const, ...describeDefinition(definition)];
      voice.instruct(formatFacts(facts, (_tone, text) => text));
      const question = isReplaced
        ? `There is a definition of ${definition.name} already. Replace it?`
        : "Register it?";
      if (!await confirm(voice, question, false)) {
        voice.result(
          { status: "declined", provider: definition.name },
          () => "Nothing was changed",
        );
        return;
      }
    }
    const client = await openClient();
    const { provider, action, warnings } = await withPath(path, () =>
      client.registerProvider({
        definition: parseJsonc(text),
        force: options.force || isReplaced,
        allow_private: options["allow-private"],
      }));
    for (const warning of warnings) voice.warning(warning);
    voice.result(
      { status: "registered", provider, action, warnings },
      () => `${action === "replaced" ? "Replaced" : "Registered"} ${provider}`,
    );
    voice.note(`Next: authsome login ${provider}`);
  },
};

/** Whether the person has registered one of that name before. */
async function isCustom(client: DaemonClient, name: string): Promise<boolean> {
  try {
    return (await client.getProvider(name)).source === "custom";
  } catch (error) {
    if (error instanceof ProviderNotFoundError) return false;
    throw error;
  }
}

/** The daemon does not know the file: its hint is given the path. */
async function withPath<T>(path: string, register: () => Promise<T>): Promise<T> {
  try {
    return await register();
  } catch (error) {
    if (!(error instanceof ProviderExistsError)) throw error;
    throw new ProviderExistsError(error.message, {
      provider: error.provider,
      hint: `To replace it: authsome register ${path} --force`,
      cause: error,
    });
  }
}

/** The file's text. Nothing larger than a definition may be is read into memory. */
async function readDefinition(path: string): Promise<string> {
  try {
    const { size, isFile } = await Deno.stat(path);
    if (!isFile) throw new InvalidInputError(`Cannot read ${path}: it is not a file`);
    if (size > MAX_PROVIDER_BYTES) {
      throw new InvalidInputError(
        `Cannot read ${path}: a definition has at most ${MAX_PROVIDER_BYTES} bytes`,
      );
    }
    return await Deno.readTextFile(path);
  } catch (cause) {
    if (cause instanceof InvalidInputError) throw cause;
    const state = cause instanceof Deno.errors.NotFound
      ? "there is no such file"
      : "it cannot be read";
    const Class = cause instanceof Deno.errors.NotFound ? InvalidInputError : StoreUnavailableError;
    throw new Class(`Cannot read ${path}: ${state}`, {
      cause,
      hint: "Run: authsome register --help",
    });
  }
}
