/**
 * A credential in a header of its own, or in `Authorization` with a scheme in front.
 *
 * @module
 */
import type { FilledInjection } from "../../core/injection.ts";
import { type OutgoingRequest, setHeader } from "./outgoing_request.ts";

/** Sets the header; with `only_if_absent`, leaves what the client sent. */
export function injectHeader(
  request: OutgoingRequest,
  injection: FilledInjection & { type: "header" },
): OutgoingRequest {
  const isPresent = request.names.includes(injection.name.toLowerCase());
  if (isPresent && injection.only_if_absent === true) return request;
  return setHeader(request, injection.name, injection.value);
}
