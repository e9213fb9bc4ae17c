/**
 * Bodies that may be large, from owners alone: who sends is found out before the body is read, so
 * that a stranger on this machine cannot fill the memory with what is then thrown away.
 *
 * The proof is checked again with the body, as on every route; until then only its signature counts.
 *
 * @module
 */
import { createMiddleware } from "@hono/hono/factory";
import type { MiddlewareHandler } from "@hono/hono";
import type { ApiEnv } from "./api_env.ts";
import { DEFAULT_BODY_LIMIT, readBody } from "./body_limit.ts";
import { splitTarget } from "./origin.ts";
import type { ProofChecks } from "./proof.ts";
import { verifySender } from "./verify_proof.ts";

/**
 * Puts the raw body under `body`, an owner's up to `limit` bytes; another machine's is no owner's.
 *
 * @throws {InvalidProofError} @throws {IdentityNotFoundError} before anything is read.
 * @throws {PayloadTooLargeError} @throws {UnsupportedMediaTypeError}
 */
export function readOwnersBody(
  checks: Pick<ProofChecks, "now" | "identify">,
  type: string,
  limit: number,
): MiddlewareHandler<ApiEnv> {
  const large = readBody(type, limit);
  const small = readBody(type, DEFAULT_BODY_LIMIT);
  return createMiddleware<ApiEnv>(async (c, next) => {
    const sender = verifySender(c.req.raw.headers.get("authorization") ?? undefined, {
      method: c.req.method,
      target: splitTarget(c.req.url).target,
    }, checks.now());
    const caller = await checks.identify(sender);
    const mayBeLarge = caller.type === "owner" && caller.runner === undefined;
    return await (mayBeLarge ? large : small)(c, next);
  });
}
