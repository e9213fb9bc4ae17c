/**
 * What middleware leaves on a request for the routes behind it.
 *
 * @module
 */
import type { Caller } from "../broker/caller.ts";

/** Does `wait` with the request outside of the gate (`pass_gate.ts`), for as long as it takes. */
export type WaitOutside = <T>(wait: () => Promise<T>) => Promise<T>;

/** Variables of hono's context. */
export interface ApiEnv {
  Variables: {
    /** For what the sender draws out at will. */
    waitOutside: WaitOutside;
    /** Raw body bytes, empty for none. */
    body: Uint8Array;
    /** Who proved the request. */
    caller: Caller;
  };
}
