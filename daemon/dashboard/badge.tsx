/**
 * Small signs: how a connection stands, and the letter that stands for a provider. No provider's
 * logo is fetched: the page would tell its host who uses it.
 *
 * @module
 */
import type { Child } from "@hono/hono/jsx";
import type { ConnectionStatus } from "../../core/connection.ts";

const STATUS: Readonly<Record<ConnectionStatus, { tone: string; text: string }>> = {
  connected: { tone: "good", text: "Connected" },
  expired: { tone: "bad", text: "Expired" },
  revoked: { tone: "bad", text: "Revoked" },
  invalid: { tone: "bad", text: "Not valid" },
  needs_reauth: { tone: "bad", text: "Needs a new login" },
};

/** How a connection stands, in words and colour. */
export function StatusBadge({ status }: { readonly status: ConnectionStatus }): Child {
  const { tone, text } = STATUS[status];
  return <span class={`badge ${tone}`}>{text}</span>;
}

/** Any other fact in a pill. */
export function Badge(
  { children, tone = "" }: { children?: Child; readonly tone?: string },
): Child {
  return <span class={`badge ${tone}`}>{children}</span>;
}

const COLOURS = 6;

/** A provider's letter. */
export function Tile({ name, large = false }: { name: string; large?: boolean }): Child {
  let sum = 0;
  for (const letter of name) sum += letter.codePointAt(0)!;
  const letter = /[\p{L}\p{N}]/u.exec(name)?.[0]?.toUpperCase() ?? "?";
  return (
    <span class={`tile tile-${sum % COLOURS}${large ? " large" : ""}`} aria-hidden="true">
      {letter}
    </span>
  );
}
