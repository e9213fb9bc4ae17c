/**
 * Sees to it that the change stream of an identity that was let in ends when its access is taken away.
 *
 * @module
 */
import { readIdentity } from "../records/identities.ts";
import type { Broker } from "./broker.ts";
import type { OwnerCaller } from "./caller.ts";
import type { Change } from "./change_hub.ts";

/** Looks whether a stream is over: at its start, and after each change that may have ended it. */
export interface StreamWatch {
  start(): Promise<void>;
  stop(): void;
  changed(change: Change): void;
}

/** Calls `over` when the identity is not let in any more. */
export function watchRunner(
  { vault }: Broker,
  { identity, did }: OwnerCaller,
  over: () => void,
): StreamWatch {
  const look = async (): Promise<void> => {
    const now = await readIdentity(vault, identity);
    if (now?.did !== did || now.runner === undefined) over();
  };
  // What cannot be read counts as ended: whoever listens asks again, and finds out why.
  const lookOrEnd = () => look().catch(over);
  return {
    start: lookOrEnd,
    stop: () => {},
    changed: (change) => {
      if (change.type === "identity" && change.handle === identity) void lookOrEnd();
    },
  };
}
