/**
 * How long a message's body is (RFC 9112 section 6).
 *
 * @module
 */

/** Where the body ends. */
export type Framing =
  | { readonly kind: "none" }
  | { readonly kind: "length"; readonly length: number }
  | { readonly kind: "chunked" }
  /** Responses only: the body lasts until the connection closes. */
  | { readonly kind: "until_close" };

/** No body. */
export const NO_BODY: Framing = { kind: "none" };
