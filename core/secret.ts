/**
 * A secret that cannot print itself: logging, `JSON.stringify`, template strings and the inspector
 * all show a mask. The value comes out through {@linkcode Secret.reveal} alone.
 *
 * @module
 */

/** What stands in every place where a secret would otherwise be printed. */
export const REDACTED = "***REDACTED***";

/** A secret value: an access token, a refresh token, an API key, a client secret, a private key. */
export class Secret {
  readonly #value: string;

  /** Wraps `value`; nothing but {@linkcode Secret.reveal} gives it back. */
  constructor(value: string) {
    this.#value = value;
  }

  /**
   * The value itself. Called in two kinds of place only: where a header or a body is written, and
   * where a record is sealed.
   */
  reveal(): string {
    return this.#value;
  }

  /** Whether there is nothing inside. */
  get isEmpty(): boolean {
    return this.#value.length === 0;
  }

  /** The mask. */
  toString(): string {
    return REDACTED;
  }

  /** The mask, so that a forgotten secret in a JSON answer shows nothing. */
  toJSON(): string {
    return REDACTED;
  }

  /** The mask, for the runtime's inspector. */
  [Symbol.for("Deno.customInspect")](): string {
    return REDACTED;
  }

  /** The mask, for Node's inspector. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return REDACTED;
  }
}
