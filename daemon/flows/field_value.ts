/**
 * One value that a person pasted: trimmed, never empty, never with a control character in it, and
 * held against the pattern that the provider's keys follow.
 *
 * @module
 */
import type { InputField } from "../../core/api.ts";
import { InvalidInputError } from "../../core/errors.ts";
import { describeOddKey } from "../../core/key_pattern.ts";
import {
  environmentNames,
  type ProviderDefinition,
  type SecretField,
} from "../../core/provider.ts";
import { Secret } from "../../core/secret.ts";

/** Longest value taken: a service account's private key fits, a pasted file does not. */
const MAX_LENGTH = 16_384;

/** A definition's field as the form, the prompt and the API show it. */
export function fieldInput(provider: ProviderDefinition, field: SecretField): InputField {
  const env = environmentNames(provider, field.name);
  return {
    name: field.name,
    label: field.label,
    secret: field.secret,
    required: true,
    ...(field.pattern === undefined ? {} : { pattern: field.pattern }),
    ...(field.pattern_hint === undefined ? {} : { pattern_hint: field.pattern_hint }),
    ...(field.pattern_certain === undefined ? {} : { pattern_certain: field.pattern_certain }),
    ...(env.length === 0 ? {} : { env }),
  };
}

/** A value ready to be kept, and what is worth telling about it. */
export interface FieldValue {
  readonly value: Secret;
  readonly warnings: readonly string[];
}

/**
 * Reads one field's value. No message ever holds any part of the value.
 *
 * @throws {InvalidInputError} when it is missing, too long, holds a control character, or breaks a
 * pattern that is certain.
 */
export function readField(
  provider: ProviderDefinition,
  field: SecretField,
  values: Readonly<Record<string, Secret>>,
): FieldValue {
  const fail = (message: string, hint?: string): InvalidInputError =>
    new InvalidInputError(`Cannot log in to ${provider.name}: ${field.label} ${message}`, {
      provider: provider.name,
      issues: [{ path: field.name, message }],
      hint,
    });
  const text = (Object.hasOwn(values, field.name) ? values[field.name]!.reveal() : "").trim();
  if (text === "") throw fail("is empty");
  if (text.length > MAX_LENGTH) throw fail(`is longer than ${MAX_LENGTH} characters`);
  // A line break inside a key would end the header it is put into (RFC 9110 section 5.5).
  // deno-lint-ignore no-control-regex
  if (/[\x00-\x1f\x7f-\x9f\u2028\u2029]/.test(text)) {
    throw fail("holds a line break or another control character", "Paste the value alone");
  }

  const warnings: string[] = [];
  if (field.secret && /[^\x20-\x7e]/.test(text)) {
    // Zero-width spaces and curly quotes come along when a key is copied from a web page.
    warnings.push(`${field.label} holds characters that keys do not have; was it pasted whole?`);
  }
  const hint = field.pattern_hint ??
    (field.pattern === undefined ? undefined : `It should match ${field.pattern}`);
  const odd = describeOddKey({ ...field, pattern_hint: hint }, text);
  if (odd !== null && field.pattern !== undefined && field.pattern_certain === true) {
    throw fail("does not have the right form", hint);
  }
  if (odd !== null) warnings.push(odd);
  return { value: new Secret(text), warnings };
}
