/**
 * A credential that is part of the path, such as Telegram's `/bot{}/getMe`.
 *
 * @module
 */
import { fillPathPattern } from "../../core/injected_target.ts";
import type { FilledInjection } from "../../core/injection.ts";
import { Refusal } from "../fail_closed.ts";
import type { OutgoingRequest } from "./outgoing_request.ts";

/**
 * Puts the value where the pattern's `{}` stands, in the first place of the path that fits.
 *
 * @throws {Refusal} 400 when the path has no such place: without it the request cannot be meant.
 */
export function injectPath(
  request: OutgoingRequest,
  { pattern, value }: FilledInjection & { type: "path" },
): OutgoingRequest {
  const target = fillPathPattern(request.target, pattern, value);
  if (target !== null) return { ...request, target };
  throw new Refusal(
    400,
    "InvalidRequestError",
    `Cannot add the credential: the path has no ${pattern}`,
    { hint: `Use a path with ${pattern.replace("{}", "PLACEHOLDER")} in it` },
  );
}
