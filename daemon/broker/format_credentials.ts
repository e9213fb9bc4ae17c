/**
 * Variables as text: `env` (a dotenv file), `shell` (`export` lines) or `json`. What is printed may be
 * fed to a shell, so every value is quoted against it.
 *
 * @module
 */
import type { ExportRequest } from "../../core/api.ts";
import { InvalidInputError } from "../../core/errors.ts";

/** How credentials are written. */
export type CredentialFormat = NonNullable<ExportRequest["format"]>;

/**
 * The variables in the format, with a comment line for each credential that was left out.
 *
 * @throws {InvalidInputError} for a value with a line break in the `env` format, which has no way to
 * write one that all its readers understand.
 */
export function formatCredentials(
  credentials: Readonly<Record<string, string>>,
  format: CredentialFormat,
  skipped: readonly string[] = [],
): string {
  if (format === "json") return `${JSON.stringify(credentials, null, 2)}\n`;
  const comments = skipped.map((reason) => `# left out: ${reason.replace(/[\r\n]+/g, " ")}\n`);
  const lines = Object.entries(credentials).map(([name, value]) => {
    if (format === "shell") return `export ${name}=${shellQuote(value)}\n`;
    if (/[\r\n\0]/.test(value)) {
      throw new InvalidInputError(`Cannot export ${name} as env: its value has a line break`, {
        operation: "export",
        hint: "Use: --format shell or --format json",
      });
    }
    return `${name}=${/^[A-Za-z0-9_.,:/@%+=-]*$/.test(value) ? value : shellQuote(value)}\n`;
  });
  return [...comments, ...lines].join("");
}

/** POSIX: nothing is special between single quotes, and a single quote cannot be there. */
function shellQuote(value: string): string {
  return `'${value.replaceAll("'", `'\\''`)}'`;
}
