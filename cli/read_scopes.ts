/**
 * `github,openai/work`: which logins, on the command line.
 *
 * @module
 */
import { UsageError } from "../core/errors.ts";
import { type GrantScope, readScope } from "../core/grant.ts";

/** What `option` names; null where it is left out. @throws {UsageError} */
export function readScopes(option: string, text: string | undefined): GrantScope[] | null {
  if (text === undefined) return null;
  return text.split(",").map((entry) => {
    const scope = readScope(entry);
    if (scope === null) {
      throw new UsageError(`Cannot use ${option}: ${JSON.stringify(entry)} is not P or P/C`, {
        hint: `For example: ${option} github,openai/work`,
      });
    }
    return scope;
  });
}
