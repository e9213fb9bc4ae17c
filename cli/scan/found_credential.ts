/**
 * A credential that lies somewhere outside of the vault.
 *
 * @module
 */
import type { Secret } from "../../core/secret.ts";

/** One value of it. */
export interface FoundValue {
  readonly value: Secret;
  /** The variable it was in; null where a tool's file has no variables. */
  readonly env_var: string | null;
  /** `.env.local`, `environment`, or a tool's file. */
  readonly source: string;
}

/** Values of one provider's fields. */
export interface FoundCredential {
  readonly provider: string;
  /** The tool that keeps it, such as `GitHub CLI`; null for variables. */
  readonly tool: string | null;
  /** By field name: `api_key`, `access_token`, a definition's field. */
  readonly fields: Readonly<Record<string, FoundValue>>;
  /** The instance it is for, where that was found, too. */
  readonly base_url: string | null;
}
