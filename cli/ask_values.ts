/**
 * Asks the person for what a login wants: a variable that is set, then the keyboard.
 *
 * @module
 */
import type { InputField } from "../core/api.ts";
import { describeOddKey } from "../core/key_pattern.ts";
import { Secret } from "../core/secret.ts";
import { confirm, promptLine } from "./prompt.ts";
import type { Voice } from "./voice.ts";

/** How to ask. */
export interface AskOptions {
  /** Whether Enter alone may open the form in the browser instead. */
  readonly offersForm: boolean;
  readonly read: (name: string) => string | undefined;
}

/**
 * The values by field name, or null when the person wants the form in the browser.
 *
 * @throws {InputCancelledError} on Ctrl-C.
 */
export async function askValues(
  voice: Voice,
  fields: readonly InputField[],
  { offersForm, read }: AskOptions,
): Promise<Readonly<Record<string, Secret>> | null> {
  const values: Record<string, Secret> = {};
  // What has a default can be given by an option; asking for it would only be in the way.
  const asked = fields.filter((field) => field.required || field.default === undefined);
  for (const [index, field] of asked.entries()) {
    const value = await askVariable(voice, field, read) ??
      await askField(voice, field, offersForm && index === 0);
    if (value === "form") return null;
    if (value !== null) values[field.name] = value;
  }
  return values;
}

/** A variable of the environment, never taken without a yes. */
async function askVariable(
  voice: Voice,
  field: InputField,
  read: AskOptions["read"],
): Promise<Secret | null> {
  for (const name of field.env ?? []) {
    const value = read(name)?.trim();
    if (value === undefined || value === "") continue;
    if (!await confirm(voice, `${name} is set in your environment. Use it?`, true)) continue;
    const secret = new Secret(value);
    if (await isAccepted(voice, field, secret)) return secret;
  }
  return null;
}

async function askField(
  voice: Voice,
  field: InputField,
  offersForm: boolean,
): Promise<Secret | "form" | null> {
  const label = `${field.label}${describeKeys(field, offersForm)}`;
  for (;;) {
    const text = await promptLine(voice, label, { masked: field.secret });
    if (text === "") {
      if (offersForm) return "form";
      if (!field.required || field.default !== undefined) return null;
      voice.instruct("It is needed. Ctrl-C cancels.");
      continue;
    }
    const secret = new Secret(text);
    if (await isAccepted(voice, field, secret)) return secret;
  }
}

function describeKeys({ required, default: preset }: InputField, offersForm: boolean): string {
  if (offersForm) return " (or press Enter for a form in the browser)";
  if (preset !== undefined) return ` [${preset}]`;
  return required ? "" : " (optional)";
}

/** Whether the value looks right, or the person says that it is. */
async function isAccepted(voice: Voice, field: InputField, value: Secret): Promise<boolean> {
  const odd = whatIsOdd(field, value);
  if (odd === null) return true;
  voice.warning(odd);
  return field.pattern_certain !== true && await confirm(voice, "Use it anyway?", false);
}

/** A pattern that cannot be read is the daemon's business. */
function whatIsOdd(field: InputField, value: Secret): string | null {
  try {
    return describeOddKey(field, value.reveal());
  } catch {
    return null;
  }
}
