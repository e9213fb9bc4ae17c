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

/** `grant start`. */
export function showEvent({ event }: Pick<AuditLine, "event">): string {
  return event.replaceAll("_", " ");
}

/** What an entry without a provider is about: the program of a run, the host that was refused. */
export function showHint({ details, run, identity }: AuditLine): string {
  const known = details?.["label"] ?? details?.["host"];
  if (typeof known === "string" && known !== "") return known;
  return run ? shortRun(run) : identity ?? "";
}

/** Keys and signatures, which no person compares by eye. */
const UNREADABLE: ReadonlySet<string> = new Set(["did", "key", "signature"]);

/** The short facts, as `host api.github.com, method GET`. */
export function showDetails({ details = {} }: Pick<AuditLine, "details">): string {
  return Object.entries(details)
    .filter(([name]) => !UNREADABLE.has(name))
    .map(([name, value]) => [name, showValue(value)])
    .filter(([, value]) => value !== "")
    .map(([name, value]) => `${name} ${value}`)
    .join(", ");
}

function showValue(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (typeof value !== "object") return String(value);
  const parts = Array.isArray(value)
    ? value.map(showValue)
    : Object.entries(value).map(([name, part]) => `${name} ${showValue(part)}`);
  return parts.join(" ");
}

/** `grant_1f…` is enough to tell runs apart. */
export function shortRun(run: string): string {
  return run.slice(0, "grant_".length + 8);
}
