/**
 * Proof of possession for every route that is not public: who signed is found out and left on the
 * context, and a proof works once.
 *
 * @module
 */
import { createMiddleware } from "@hono/hono/factory";
import type { Context, MiddlewareHandler } from "@hono/hono";
import type { Proof } from "../../core/proof.ts";
import type { Caller } from "../broker/caller.ts";
import type { ApiEnv } from "./api_env.ts";
import { splitTarget } from "./origin.ts";
import { admitRunIdentity, askedRoute } from "./run_identity.ts";
import { verifyProof } from "./verify_proof.ts";

/** What checking proofs needs. */
export interface ProofChecks {
  readonly now: () => Date;
  /** The caller of a proof that verified. @throws {IdentityNotFoundError} @throws {GrantDeniedError} */
  readonly identify: (proof: Proof) => Promise<Caller>;
  /** @throws {InvalidProofError} when the proof was used before. */
  readonly useOnce: (proof: Proof) => void;
}

/** Told of a run that asks for what no run may; `asked` holds nothing that a path may hold. */
export type OnRefused = (caller: Caller, asked: string) => void;

/** Lets a request pass whose proof holds, with its caller under `caller`. */
export function requireProof(
  checks: ProofChecks,
  onRefused: OnRefused,
): MiddlewareHandler<ApiEnv> {
  return createMiddleware<ApiEnv>(async (c, next) => {
    const proof = readProof(c, checks.now());
    // Only a known key gets to the memory of used proofs: a stranger cannot fill it.
    const caller = await checks.identify(proof);
    checks.useOnce(proof);
    try {
      admitRunIdentity(caller, c.req.method, c.req.path);
    } catch (error) {
      onRefused(caller, askedRoute(c.req.method, c.req.path));
      throw error;
    }
    c.set("caller", caller);
    await next();
  });
}

/**
 * The request's proof, verified against the request and nothing else: the key may be unknown.
 *
 * @throws {InvalidProofError}
 */
export function readProof(c: Context<ApiEnv>, now: Date): Proof {
  return verifyProof(c.req.raw.headers.get("authorization") ?? undefined, {
    method: c.req.method,
    target: splitTarget(c.req.url).target,
    body: c.get("body"),
  }, now);
}
