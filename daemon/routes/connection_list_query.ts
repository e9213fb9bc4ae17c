/**
 * The query of `GET /connections`, read by hand: `authsome list` is asked often, and the schemas
 * would cost an idle daemon 15 MB (see `middleware/read_request.ts`).
 *
 * @module
 */
import type { ConnectionListQuery } from "../../core/api.ts";
import { InvalidRequestError } from "../../core/errors.ts";
import { isName } from "../../core/provider.ts";

/** The query as its type. @throws {InvalidRequestError} for a part that is unknown or does not fit. */
export function readConnectionListQuery(
  query: Readonly<Record<string, string>>,
): ConnectionListQuery {
  const { provider, limit, ...unknown } = query;
  for (const name of Object.keys(unknown)) throw refused(name, "is not a known field");
  if (provider !== undefined && !isName(provider)) {
    throw refused("provider", "is no provider's name");
  }
  if (limit !== undefined && !/^(?:0|[1-9]\d{0,5}|1000000)$/.test(limit)) {
    throw refused("limit", "must be a whole number from 0 to 1000000");
  }
  return { provider, limit: limit === undefined ? undefined : Number(limit) };
}

function refused(path: string, message: string): InvalidRequestError {
  return new InvalidRequestError(`Cannot read the query: ${path} ${message}`, {
    issues: [{ path, message }],
  });
}
