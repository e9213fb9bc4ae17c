/**
 * An entry of the audit log in words.
 *
 * @module
 */
import type { Child } from "@hono/hono/jsx";
import type { AuditLine } from "../../core/audit_chain.ts";
import { providerAddress } from "./addresses.ts";
import { Badge } from "./badge.tsx";

const TONE = { success: "good", failure: "bad", denied: "warning" } as const;

/** Success, failure or denial. */
export function Outcome({ status }: Pick<AuditLine, "status">): Child {
  return <Badge tone={TONE[status] ?? ""}>{status}</Badge>;
}

/** Which connection or provider it is about. */
export function Subject(
  { provider, connection }: Pick<AuditLine, "provider" | "connection">,
): Child {
  if (!provider) return null;
  return (
    <a href={providerAddress(provider)}>{connection ? `${provider}/${connection}` : provider}</a>
  );
}

/** The short facts, as `host api.github.com, method GET`. */
export function showDetails({ details = {} }: Pick<AuditLine, "details">): string {
  return Object.entries(details)
    .filter(([name, value]) => name !== "signature" && value !== null && value !== "")
    .map(([name, value]) => `${name} ${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(", ");
}

/** `grant_1f…` is enough to tell runs apart. */
export function shortRun(run: string): string {
  return run.slice(0, "grant_".length + 8);
}
