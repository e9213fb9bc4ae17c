/**
 * A credential in a query parameter.
 *
 * @module
 */
import { setQueryParameter } from "../../core/injected_target.ts";
import type { FilledInjection } from "../../core/injection.ts";
import type { OutgoingRequest } from "./outgoing_request.ts";

/** Sets the parameter in place of the first one of that name; all others of it are removed. */
export function injectQuery(
  request: OutgoingRequest,
  { name, value }: FilledInjection & { type: "query" },
): OutgoingRequest {
  return { ...request, target: setQueryParameter(request.target, name, value) };
}
