/**
 * What middleware leaves on a request for the routes behind it.
 *
 * @module
 */
import type { Caller } from "../broker/caller.ts";

/** Variables of hono's context. */
export interface ApiEnv {
  Variables: {
    /** Raw body bytes, empty for none. */
    body: Uint8Array;
    /** Who proved the request. */
    caller: Caller;
  };
}
