/**
 * The claim on a connection's refresh, in the journal: of all processes on one vault, the one that
 * holds it redeems the token and the others wait. After failures the journal says how long to wait.
 *
 * @module
 */
import { type ConnectionRef, showRef } from "../../core/connection.ts";
import { RefreshFailedError, VaultConflictError } from "../../core/errors.ts";
import {
  EMPTY_JOURNAL,
  journalChange,
  readRefreshJournal,
  type RefreshJournal,
} from "../records/refresh_journal.ts";
import type { VaultChange } from "../vault/vault.ts";
import type { Broker } from "./broker.ts";

/** A claim older than this belongs to a process that died; longer than any request may take. */
const LEASE_MS = 60_000;
const MAX_BACK_OFF_MS = 5 * 60_000;

/** A claim that is ours. Give it up on every way out. */
export class RefreshClaim {
  /** The journal as it was before. */
  readonly before: RefreshJournal;
  readonly #broker: Broker;
  readonly #vaultId: string;
  readonly #ref: ConnectionRef;
  #held = true;

  /** A claim that is on disk. */
  constructor(broker: Broker, vaultId: string, ref: ConnectionRef, before: RefreshJournal) {
    this.#broker = broker;
    this.#vaultId = vaultId;
    this.#ref = ref;
    this.before = before;
  }

  /** Gives it up; `journal` is what stays, `also` is written with it. Never throws; once only. */
  async release(
    journal: RefreshJournal = withoutHolder(this.before),
    also: readonly VaultChange[] = [],
  ): Promise<void> {
    if (!this.#held) return;
    this.#held = false;
    const { vault, warn, refreshes } = this.#broker;
    try {
      const now = await readRefreshJournal(vault, this.#vaultId, this.#ref);
      // It ended with the new tokens in one batch, or the connection is gone and its journal with
      // it, or it lasted so long that another process claimed the refresh.
      if (now.journal.holder !== refreshes.holder) return;
      await vault.write([
        journalChange(this.#vaultId, this.#ref, journal, now.revision),
        ...also,
      ]);
    } catch (error) {
      // One of those happened just now.
      if (error instanceof VaultConflictError) return;
      warn("The refresh journal was not written", error);
    }
  }
}

/**
 * Claims the refresh of a connection; on disk when the promise resolves. null when another process
 * holds it, or was quicker.
 *
 * @param fingerprint Of the token that is going to be redeemed.
 * @param meanwhile Begins what may go on while the intent is written; called once nothing speaks
 * against a claim any more.
 * @throws {RefreshFailedError} when it is not to be tried again yet.
 * @throws {StoreUnavailableError} when the intent cannot be written: then nothing is redeemed.
 */
export async function claimRefresh(
  broker: Broker,
  vaultId: string,
  ref: ConnectionRef,
  fingerprint: string,
  meanwhile: () => Promise<void> = () => Promise.resolve(),
): Promise<RefreshClaim | null> {
  const { vault, refreshes, now } = broker;
  const { journal, revision } = await readRefreshJournal(vault, vaultId, ref);
  if (isHeldElsewhere(broker, journal)) return null;
  refuseWhileBackingOff(journal, ref, now());
  await meanwhile();
  const { holder } = refreshes;
  const claimed: RefreshJournal = { ...journal, holder, started_at: now(), fingerprint };
  try {
    await vault.write([journalChange(vaultId, ref, claimed, revision)]);
  } catch (error) {
    if (error instanceof VaultConflictError) return null;
    throw error;
  }
  return new RefreshClaim(broker, vaultId, ref, journal);
}

/** The journal after one more failure; `retryAfterSeconds` is the provider's wish, if it had one. */
export function afterFailure(
  before: RefreshJournal,
  now: Date,
  retryAfterSeconds: number | null,
): RefreshJournal {
  const failures = before.failures + 1;
  // Whoever wants an answer at once would be asked anew by every request.
  const wish = retryAfterSeconds === null || retryAfterSeconds === 0
    ? 1000 * 2 ** Math.min(failures - 1, 20)
    : retryAfterSeconds * 1000;
  const retry_at = new Date(now.getTime() + Math.min(wish, MAX_BACK_OFF_MS));
  return { ...EMPTY_JOURNAL, failures, retry_at };
}

function isHeldElsewhere({ refreshes, ownsVault, now }: Broker, journal: RefreshJournal): boolean {
  const { holder, started_at } = journal;
  if (holder === null || holder === refreshes.holder || started_at === null) return false;
  // Nobody else can be at this vault: whoever wrote that is dead.
  if (ownsVault) return false;
  // The distance either way: a clock that was set back must not make a claim last for hours.
  return Math.abs(now().getTime() - started_at.getTime()) < LEASE_MS;
}

function refuseWhileBackingOff(journal: RefreshJournal, ref: ConnectionRef, now: Date): void {
  const { retry_at, failures } = journal;
  if (retry_at === null || retry_at <= now) return;
  // Farther away than any back-off is a clock that was set back.
  if (retry_at.getTime() - now.getTime() > MAX_BACK_OFF_MS) return;
  const seconds = Math.ceil((retry_at.getTime() - now.getTime()) / 1000);
  const times = failures === 1 ? "once" : `${failures} times`;
  throw new RefreshFailedError(
    `Cannot refresh ${showRef(ref)}: it failed ${times}, the next try is in ${seconds} s`,
    { ...ref, operation: "refresh", hint: "Try again later, or run: authsome doctor" },
  );
}

function withoutHolder(journal: RefreshJournal): RefreshJournal {
  return { ...journal, holder: null, started_at: null, fingerprint: null };
}
