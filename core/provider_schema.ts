/**
 * Reads a provider definition from a file's text or from a request: limits first, then the shape,
 * then the canonical form, then the rules. One path for bundled, registered and dropped-in files.
 *
 * @module
 */
import { z } from "@zod/zod";
import { toCanonical } from "./canonical_provider.ts";
import { InvalidProviderDefinitionError, type Issue } from "./errors.ts";
import { findJsonFault, parseJsonc } from "./jsonc.ts";
import { lineOf, linesOfJson } from "./jsonc_lines.ts";
import type { ProviderDefinition } from "./provider.ts";
import { type ProviderFile, providerFileSchema } from "./provider_file.ts";
import { checkProvider } from "./provider_rules.ts";

/** Longest text of a definition, in UTF-8 bytes. */
export const MAX_PROVIDER_BYTES = 256 * 1024;
const MAX_DEPTH = 10;
const MAX_VALUES = 10_000;
/** Problems listed; a hostile file could have one for each of its bytes. */
const MAX_ISSUES = 20;

/** How a definition is read. */
export interface ParseProviderOptions {
  /**
   * Whether loopback and private hosts may be used: the owner's `--allow-private`, or `"as_stated"`
   * for a file that lies in the home, where the owner's word is its own `allow_private`.
   */
  readonly allowPrivate?: boolean | "as_stated";
  /** What messages call it: the path of the file, say. Left out: the provider's name. */
  readonly source?: string;
}

/**
 * A definition from JSON, with or without comments.
 *
 * @throws {InvalidProviderDefinitionError} when it is too long, not JSON, or breaks a rule.
 */
export function parseProviderText(
  text: string,
  options: ParseProviderOptions = {},
): ProviderDefinition {
  if (text.length > MAX_PROVIDER_BYTES || byteLength(text) > MAX_PROVIDER_BYTES) {
    const message = `it is longer than ${MAX_PROVIDER_BYTES} bytes`;
    throw refused({ name: null, source: options.source, text: null }, [{ path: "", message }]);
  }
  let input: unknown;
  try {
    input = parseJsonc(text);
  } catch (error) {
    // Nested brackets without end exhaust the parser's stack; that is no syntax error.
    if (!(error instanceof SyntaxError || error instanceof RangeError)) throw error;
    throw refused({ name: null, source: options.source, text: null }, [{
      path: "",
      message: notJson(text),
    }]);
  }
  return readProvider(input, options, text);
}

/**
 * A definition in canonical form from parsed JSON.
 *
 * @throws {InvalidProviderDefinitionError} with an issue for each problem and its path.
 */
export function parseProvider(
  input: unknown,
  options: ParseProviderOptions = {},
): ProviderDefinition {
  return readProvider(input, options, null);
}

/** `text`: what the input was parsed from, so that each problem is told at its line. */
function readProvider(
  input: unknown,
  { allowPrivate = false, source }: ParseProviderOptions,
  text: string | null,
): ProviderDefinition {
  const called: Called = { name: nameOf(input), source, text };
  const plain = withoutNulls(input);
  const limits = checkLimits(input);
  if (limits !== null) throw refused(called, [limits]);
  const shape = providerFileSchema.safeParse(plain);
  if (!shape.success) throw refused(called, shape.error.issues.flatMap((i) => showIssue(i, plain)));

  const mayBePrivate = allowPrivate === "as_stated"
    ? shape.data.allow_private === true
    : allowPrivate;
  if (shape.data.allow_private === true && !mayBePrivate) {
    const message = "is the owner's to say: authsome register --allow-private";
    throw refused(called, [{ path: "allow_private", message }]);
  }
  const { definition, spelling } = toCanonical(
    { ...shape.data, ...(mayBePrivate ? { allow_private: true } : {}) } satisfies ProviderFile,
  );
  const issues = checkProvider(definition, { allowPrivate: mayBePrivate });
  if (issues.length > 0) throw refused(called, issues.map((issue) => respell(issue, spelling)));
  return definition;
}

/** Where it stops being JSON: without that a person reads all of the file again. */
function notJson(text: string): string {
  const fault = findJsonFault(text);
  if (fault === null) return "it is not JSON";
  return `it is not JSON from line ${fault.line}, column ${fault.column} on`;
}

/** The JSON Schema (draft 2020-12) of provider files, for editors. */
export function providerJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(providerFileSchema, { target: "draft-2020-12", io: "input" });
}

/** How messages call a definition, and what finds the lines of its problems. */
interface Called {
  readonly name: string | null;
  readonly source: string | undefined;
  readonly text: string | null;
}

function refused(
  { name, source, text }: Called,
  found: readonly Issue[],
): InvalidProviderDefinitionError {
  const issues = (text === null ? found : atLines(found, text)).slice(0, MAX_ISSUES);
  const [first] = issues;
  const what = source ?? (name === null ? "the provider definition" : `provider "${name}"`);
  const more = found.length === 1 ? "" : ` (and ${found.length - 1} more)`;
  return new InvalidProviderDefinitionError(
    `Cannot read ${what}: ${showIssueAt(first!)}${more}`,
    { issues, ...(name === null ? {} : { provider: name }) },
  );
}

function showIssueAt({ path, message, line }: Issue): string {
  const at = line === undefined ? "" : `line ${line}: `;
  return `${at}${path === "" ? message : `${path} ${message}`}`;
}

/** The problems from top to bottom, each with its line; what is about the whole has none. */
function atLines(found: readonly Issue[], text: string): readonly Issue[] {
  const lines = linesOfJson(text);
  return found
    .map((issue) => ({ issue, line: issue.path === "" ? null : lineOf(lines, issue.path) }))
    .toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0))
    .map(({ issue, line }) => line === null ? issue : { ...issue, line });
}

/** The name for messages, where the input has one that can be shown. */
function nameOf(input: unknown): string | null {
  if (typeof input !== "object" || input === null) return null;
  const name = (input as { name?: unknown }).name;
  return typeof name === "string" && /^[\w.-]{1,64}$/.test(name) ? name : null;
}

function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}

/**
 * Control characters (they end header lines and forge terminal output), directional overrides
 * (they make a host read as another one), and surrogates without a partner.
 */
// deno-lint-ignore no-control-regex
const CONTROL = /[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]|\p{Surrogate}/u;

/** The first limit that the input breaks, found without recursion so that depth cannot hurt. */
function checkLimits(input: unknown): Issue | null {
  const open: { value: unknown; path: string; depth: number }[] = [
    { value: input, path: "", depth: 0 },
  ];
  let values = 0;
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value, path, depth } = next;
    if (++values > MAX_VALUES) {
      return { path: "", message: `it has more than ${MAX_VALUES} values` };
    }
    if (depth > MAX_DEPTH) return { path: "", message: `it is nested deeper than ${MAX_DEPTH}` };
    if (typeof value === "string" && CONTROL.test(value)) {
      return { path, message: "holds a control character" };
    }
    if (typeof value !== "object" || value === null) continue;
    for (const [key, item] of Object.entries(value)) {
      if (key === "__proto__" || CONTROL.test(key)) {
        return { path, message: "holds a field whose name is not allowed" };
      }
      open.push({ value: item, path: path === "" ? key : `${path}.${key}`, depth: depth + 1 });
    }
  }
  return null;
}

/** The reference writes null for what is not there; only `header_prefix` means something by it. */
function withoutNulls(input: unknown): unknown {
  if (!isTable(input)) return input;
  const entries = Object.entries(input).map(([key, value]) =>
    key !== "metadata" && isTable(value) ? [key, dropNulls(value)] : [key, value]
  );
  return dropNulls(Object.fromEntries(entries));
}

function dropNulls(table: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(table).filter(([key, value]) => value !== null || key === "header_prefix"),
  );
}

function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  array: "a list",
  boolean: "true or false",
  int: "a whole number",
  number: "a whole number",
  object: "an object",
  record: "an object",
};

/** A zod issue in our words; one for each field that is not known. */
function showIssue(issue: z.core.$ZodIssue, input: unknown): Issue[] {
  const path = issue.path.map(String).join(".");
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => ({
        path: path === "" ? key : `${path}.${key}`,
        message: "is not a field of a provider definition",
      }));
    case "invalid_type":
      if (path === "") return [{ path, message: "it is not an object" }];
      return [{
        path,
        message: valueAt(input, issue.path) === undefined
          ? "is missing"
          : `is not ${TYPE_NAMES[issue.expected] ?? `a ${issue.expected}`}`,
      }];
    case "invalid_value":
      return [{
        path,
        message: valueAt(input, issue.path) === undefined
          ? "is missing"
          : issue.values.length > 0 && issue.message.startsWith("Invalid")
          ? `is not ${issue.values.join(", ")}`
          : issue.message,
      }];
    case "too_big":
      return [{ path, message: `is longer than ${issue.maximum}` }];
    case "too_small":
      return [{ path, message: "is empty" }];
    default:
      return [{ path, message: issue.message.replace(/^Invalid input.*$/, "is not understood") }];
  }
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  let value = input;
  for (const key of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}

/** The issue under the name that the file used. */
function respell(issue: Issue, spelling: ReadonlyMap<string, string>): Issue {
  for (let prefix = issue.path; prefix !== ""; prefix = prefix.replace(/\.?[^.]*$/, "")) {
    const spelled = spelling.get(prefix);
    if (spelled !== undefined) return { ...issue, path: spelled + issue.path.slice(prefix.length) };
  }
  return issue;
}
