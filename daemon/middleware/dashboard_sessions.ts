/**
 * Who may see the dashboard in a browser: one-time links that an owner asks for, and the sessions
 * that browsers get for them.
 *
 * All of it is in this process's memory: a cookie of another home's daemon, or of one that was
 * restarted, is unknown here. Only hashes are kept, so that memory holds nothing that would open a
 * session.
 *
 * @module
 */
import { sha256Hex } from "../../core/sha256.ts";
import { equalsSecret } from "../../core/equals_secret.ts";
import { ForbiddenOriginError } from "../../core/errors.ts";
import type { OwnerCaller } from "../broker/caller.ts";

/** How long a one-time link works, in seconds. */
export const LINK_LIFETIME_SECONDS = 60;
/** How long a session lasts without a request, in seconds. */
export const IDLE_SECONDS = 60 * 60;
/** How long a session lasts at most, in seconds. */
export const SESSION_SECONDS = 8 * 60 * 60;
/** Links and sessions kept at a time; the oldest make room. */
const MOST_KEPT = 32;

/** What a page is told once: how the last action went. */
export interface Notice {
  readonly tone: "good" | "bad" | "warning";
  readonly text: string;
  readonly details: readonly string[];
}

/** A browser that came in by a link. */
export interface DashboardSession {
  readonly owner: OwnerCaller;
  /** In every form of this session, so that no other page can submit one (CSRF). */
  readonly form_token: string;
  readonly created_at: Date;
  /** Shown with the next page, then gone. */
  notice: Notice | null;
}

interface KeptSession {
  readonly session: DashboardSession;
  seen_at: Date;
}

/** The links and sessions of one daemon. */
export class DashboardSessions {
  readonly #now: () => Date;
  readonly #links = new Map<string, { readonly owner: OwnerCaller; readonly expires_at: Date }>();
  readonly #sessions = new Map<string, KeptSession>();

  /** None yet. */
  constructor(now: () => Date) {
    this.#now = now;
  }

  /** A token that opens one session for `owner`, within a minute. */
  async createLink(owner: OwnerCaller): Promise<{ token: string; expires_at: Date }> {
    const token = randomToken();
    const expires_at = inSeconds(this.#now(), LINK_LIFETIME_SECONDS);
    makeRoom(this.#links);
    this.#links.set(await sha256Hex(encode(token)), { owner, expires_at });
    return { token, expires_at };
  }

  /** The value of a new session's cookie; null for a token that is unknown, used or too old. */
  async enter(token: string): Promise<string | null> {
    const hash = await sha256Hex(encode(token));
    const link = this.#links.get(hash);
    // Used up by the first who comes, in time or not.
    this.#links.delete(hash);
    const now = this.#now();
    if (link === undefined || link.expires_at <= now) return null;
    const cookie = randomToken();
    makeRoom(this.#sessions);
    this.#sessions.set(await sha256Hex(encode(cookie)), {
      session: { owner: link.owner, form_token: randomToken(), created_at: now, notice: null },
      seen_at: now,
    });
    return cookie;
  }

  /** The session of a cookie; null when it is unknown or over. */
  async find(cookie: string): Promise<DashboardSession | null> {
    const hash = await sha256Hex(encode(cookie));
    const kept = this.#sessions.get(hash);
    if (kept === undefined) return null;
    const now = this.#now();
    const { session, seen_at } = kept;
    if (
      now >= inSeconds(session.created_at, SESSION_SECONDS) ||
      now >= inSeconds(seen_at, IDLE_SECONDS)
    ) {
      this.#sessions.delete(hash);
      return null;
    }
    kept.seen_at = now;
    return session;
  }

  /** Ends the session of a cookie. */
  async leave(cookie: string): Promise<void> {
    this.#sessions.delete(await sha256Hex(encode(cookie)));
  }
}

/** @throws {ForbiddenOriginError} when the form is not one of this session's pages. */
export function checkFormToken(session: DashboardSession, form: URLSearchParams): void {
  if (equalsSecret(form.get("form_token") ?? "", session.form_token)) return;
  throw new ForbiddenOriginError("Cannot take the form: it does not belong to this session", {
    hint: "Go back, reload the page and try again",
  });
}

function randomToken(): string {
  return crypto.getRandomValues(new Uint8Array(32)).toHex();
}

function makeRoom(kept: Map<string, unknown>): void {
  while (kept.size >= MOST_KEPT) kept.delete(kept.keys().next().value!);
}

function inSeconds(from: Date, seconds: number): Date {
  return new Date(from.getTime() + seconds * 1000);
}

function encode(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}
