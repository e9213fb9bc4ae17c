/**
 * A credential in a query parameter.
 *
 * @module
 */
import type { FilledInjection } from "../../core/injection.ts";
import type { OutgoingRequest } from "./outgoing_request.ts";

/** Sets the parameter in place of the first one of that name; all others of it are removed. */
export function injectQuery(
  request: OutgoingRequest,
  injection: FilledInjection & { type: "query" },
): OutgoingRequest {
  const [path, ...rest] = request.target.split("?");
  const query = rest.join("?");
  const filled = `${encodeURIComponent(injection.name)}=${encodeURIComponent(injection.value)}`;
  const parameters: string[] = [];
  let isSet = false;
  for (const parameter of query === "" ? [] : query.split("&")) {
    if (parameterName(parameter) !== injection.name) {
      // Untouched: re-encoding would break signatures over the query.
      parameters.push(parameter);
    } else if (!isSet) {
      parameters.push(filled);
      isSet = true;
    }
  }
  if (!isSet) parameters.push(filled);
  return { ...request, target: `${path}?${parameters.join("&")}` };
}

/** The name as a server decodes it, so that `api%5Fkey` and `api+key` do not slip past. */
function parameterName(parameter: string): string {
  const raw = parameter.split("=", 1)[0]!.replaceAll("+", " ");
  try {
    return decodeURIComponent(raw);
  } catch {
    return raw;
  }
}
