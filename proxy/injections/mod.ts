/**
 * The register of injections: one line for each way a credential is put on a request.
 *
 * @module
 */
import type { FilledInjection } from "../../core/injection.ts";
import { injectBasic } from "./basic.ts";
import { injectHeader } from "./header.ts";
import { injectLiteral } from "./literal.ts";
import type { Placeholder } from "../placeholders.ts";
import type { OutgoingRequest } from "./outgoing_request.ts";
import { injectPath } from "./path.ts";
import { injectQuery } from "./query.ts";

/**
 * The request with every injection applied, in order; `placeholders` are those of the connection.
 *
 * @throws {Refusal} when the request has no place for one of them.
 */
export function applyInjections(
  request: OutgoingRequest,
  injections: readonly FilledInjection[],
  placeholders: readonly Placeholder[] = [],
): OutgoingRequest {
  let filled = request;
  for (const injection of injections) filled = applyInjection(filled, injection, placeholders);
  return filled;
}

function applyInjection(
  request: OutgoingRequest,
  injection: FilledInjection,
  placeholders: readonly Placeholder[],
): OutgoingRequest {
  switch (injection.type) {
    case "header":
      return injectHeader(request, injection);
    case "basic":
      return injectBasic(request, injection);
    case "query":
      return injectQuery(request, injection);
    case "path":
      return injectPath(request, injection);
    case "literal":
      return injectLiteral(request, injection, placeholders);
  }
}
