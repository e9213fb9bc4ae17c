/**
 * User name and password (RFC 7617), encoded as UTF-8.
 *
 * @module
 */
import type { FilledInjection } from "../../core/injection.ts";
import { type OutgoingRequest, setHeader } from "./outgoing_request.ts";

/** Sets `Authorization: Basic …`. */
export function injectBasic(
  request: OutgoingRequest,
  injection: FilledInjection & { type: "basic" },
): OutgoingRequest {
  const pair = new TextEncoder().encode(`${injection.username}:${injection.password}`);
  return setHeader(request, "Authorization", `Basic ${pair.toBase64()}`);
}
