/**
 * Where the callbacks of the tests go.
 *
 * @module
 */

/** The redirect URI of every test's client; nothing listens there. */
export const REDIRECT_URI = "http://127.0.0.1:7998/auth/callback/oauth";
