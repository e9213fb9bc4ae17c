/**
 * The shapes of `GET /ready` and of a connection that is tried: what works, what does not, what mends
 * it. Part of `api.ts`.
 *
 * @module
 */

/** One check of `GET /ready`: `ok`, or a short code of what is wrong. */
export type ReadyCheck =
  | "config"
  | "schema"
  | "vault"
  | "providers"
  | "identity"
  | "connections"
  | "integrity"
  | "confinement"
  | "egress";

/** One thing that a check found, and what mends it. */
export interface Finding {
  readonly check: ReadyCheck;
  /** `warning`: it works, and is worth knowing. */
  readonly severity: "broken" | "warning";
  /** A sentence without a full stop. */
  readonly problem: string;
  /** The command that mends it, or what a person has to do. */
  readonly mend: string;
}

/** `GET /ready`. */
export interface Readiness {
  /** `unhealthy` with an issue, `degraded` when the vault works and something else does not. */
  readonly status: "ok" | "degraded" | "unhealthy";
  readonly checks: Readonly<Record<ReadyCheck, string>>;
  readonly warnings: readonly string[];
  readonly issues: readonly string[];
  /** The same problems one by one, each with what mends it. */
  readonly findings: readonly Finding[];
}

/** Answer of `POST /connections/{provider}/{connection}/check`. */
export interface CheckedConnection {
  readonly provider: string;
  readonly connection: string;
  /**
   * `works`: the provider took the credential; `refused`: it did not, or there is none to be had;
   * `unreachable`: nobody was there to ask; `unsure`: it answered something that tells neither;
   * `untried`: the definition names no harmless call.
   */
  readonly outcome: "works" | "refused" | "unreachable" | "unsure" | "untried";
  /** Where it was asked; null when nobody was. */
  readonly host: string | null;
  readonly http_status: number | null;
  /** What is the case, without a full stop; null when all is well. */
  readonly problem: string | null;
  readonly mend: string | null;
  /** How far this machine's clock is ahead of the provider's; null when it did not say. */
  readonly clock_ahead_seconds: number | null;
}
