/**
 * Tells one proxy of every change it must know about, until its grant ends.
 *
 * @module
 */
import type { ProxyEvent } from "../../core/api.ts";
import { isInForce } from "../../core/grant.ts";
import { readGrant } from "../records/grants.ts";
import type { Broker } from "./broker.ts";
import { type Caller, vaultOf } from "./caller.ts";
import type { Change } from "./change_hub.ts";
import { makesAnswersWrong } from "./confirmations.ts";
import { type StreamWatch, watchRunner } from "./watch_runner.ts";

/** Longest wait a timer can do, in milliseconds. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** How a stream is read. */
export interface WatchOptions {
  /** Its reader confirms the changes that ask for it, and leaves when it is told `ended`. */
  readonly confirms: boolean;
}

/**
 * Sends the revision at once and after each change, and `ended` when a run's grant is over, or the
 * access of another machine was taken away. Settles when there is nothing more to tell, or `signal`
 * aborts.
 */
export async function watchChanges(
  broker: Broker,
  caller: Caller,
  send: (event: ProxyEvent) => void,
  signal: AbortSignal,
  { confirms }: WatchOptions = { confirms: false },
): Promise<void> {
  const { changes, confirmations } = broker;
  const watcher = confirms ? confirmations.open(caller) : null;
  const tell = (confirm = false) =>
    send({ type: "change", revision: changes.revision, ...(confirm ? { confirm } : {}) });
  const over = Promise.withResolvers<void>();
  const watch = watchCaller(broker, caller, over.resolve);
  let left: Promise<void> | undefined;
  const stopListening = changes.subscribe((change) => {
    const confirm = watcher !== null && makesAnswersWrong(change);
    if (concerns(caller, change)) {
      if (confirm) void watcher.expect(changes.revision);
      tell(confirm);
    }
    // The key of a grant that has ended signs nothing any more: its run confirms by leaving.
    if (confirm && isOwnEnd(caller, change)) left = watcher.expect(Infinity);
    watch?.changed(change);
  });
  signal.addEventListener("abort", () => {
    watcher?.close();
    over.resolve();
  }, { once: true });
  try {
    // Only after listening: a change in between is told twice rather than not at all.
    tell();
    await watch?.start();
    await over.promise;
    if (!signal.aborted) send({ type: "ended" });
    await left;
  } finally {
    stopListening();
    watch?.stop();
    watcher?.close();
  }
}

function concerns(caller: Caller, change: Change): boolean {
  switch (change.type) {
    case "connections":
      return change.vault_id === vaultOf(caller);
    case "providers":
      return true;
    case "identity":
    case "grant":
      return false;
  }
}

function isOwnEnd(caller: Caller, change: Change): boolean {
  return caller.type === "run" && change.type === "grant" && change.ended &&
    change.grant_id === caller.grant.id;
}

/** What may end the stream of this caller; null: nothing. */
function watchCaller(broker: Broker, caller: Caller, over: () => void): StreamWatch | null {
  if (caller.type === "run") return watchGrant(broker, caller.grant.id, over);
  return caller.runner === undefined ? null : watchRunner(broker, caller, over);
}

/** Calls `over` when the grant has ended or expired; a renewal moves the time. */
function watchGrant(broker: Broker, id: string, over: () => void): StreamWatch {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isStopped = false;
  const look = async (): Promise<void> => {
    const grant = await readGrant(broker.vault, id);
    // Two may look at the same time, and the stream may be over by now.
    clearTimeout(timer);
    if (isStopped) return;
    const now = broker.now();
    if (grant === null || !isInForce(grant, now)) return over();
    const wait = Math.min(grant.expires_at.getTime() - now.getTime(), LONGEST_TIMER_MS);
    timer = setTimeout(() => void lookOrEnd(), wait);
  };
  // What cannot be read counts as ended: the proxy then asks again, and finds out why.
  const lookOrEnd = () => look().catch(over);
  return {
    start: lookOrEnd,
    stop: () => {
      isStopped = true;
      clearTimeout(timer);
    },
    changed: (change) => {
      if (change.type !== "grant" || change.grant_id !== id) return;
      if (change.ended) over();
      else void lookOrEnd();
    },
  };
}
