/**
 * `github,openai/work`: which logins, on the command line.
 *
 * @module
 */
import { UsageError } from "../core/errors.ts";
import type { GrantScope } from "../core/grant.ts";
import { isName } from "../core/provider.ts";

/** What `option` names; null where it is left out. @throws {UsageError} */
export function readScopes(option: string, text: string | undefined): GrantScope[] | null {
  if (text === undefined) return null;
  return text.split(",").map((entry) => {
    const [provider = "", connection = null, ...more] = entry.trim().split("/");
    const isFine = isName(provider) && (connection === null || isName(connection));
    if (!isFine || more.length > 0) {
      throw new UsageError(`Cannot use ${option}: ${JSON.stringify(entry)} is not P or P/C`, {
        hint: `For example: ${option} github,openai/work`,
      });
    }
    return { provider, connection };
  });
}
