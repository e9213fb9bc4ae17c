/**
 * The version of authsome, the same as in `deno.json` (a test compares them).
 *
 * @module
 */

/** Version of this package, without a leading `v`. */
export const VERSION = "0.1.0";
