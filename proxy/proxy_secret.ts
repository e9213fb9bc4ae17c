/**
 * The secret of one run, in the proxy's URL. Any process of this machine can reach a port on
 * loopback; without the secret it would spend the owner's credentials.
 *
 * @module
 */
import { Secret } from "../core/secret.ts";

/** User name in the proxy URL; the password is the secret. */
const USER = "authsome";

/** Guards the proxy's door. */
export class ProxySecret {
  readonly #secret: Secret;
  readonly #expected: Uint8Array;

  /** A fresh secret of 256 bits. */
  constructor() {
    const text = crypto.getRandomValues(new Uint8Array(32)).toBase64({
      alphabet: "base64url",
      omitPadding: true,
    });
    this.#secret = new Secret(text);
    this.#expected = new TextEncoder().encode(btoa(`${USER}:${text}`));
  }

  /** The secret itself, to look for it in a process's environment. */
  get value(): Secret {
    return this.#secret;
  }

  /** `http://authsome:…@127.0.0.1:PORT`, for the child's environment and nothing else. */
  proxyUrl(port: number): Secret {
    return new Secret(`http://${USER}:${this.#secret.reveal()}@127.0.0.1:${port}`);
  }

  /** Whether a `Proxy-Authorization` header (RFC 9110 section 11.7.2) holds the secret. */
  accepts(header: string | null): boolean {
    const given = /^basic +([A-Za-z0-9+/=]{1,200})$/i.exec(header ?? "")?.[1];
    return given !== undefined && isEqual(given, this.#expected);
  }
}

/** Compares in a time that does not depend on where the first difference is; `given` is ASCII. */
function isEqual(given: string, expected: Uint8Array): boolean {
  let difference = given.length ^ expected.length;
  // Behind the end of `given` a code is NaN, which counts as 0.
  for (let i = 0; i < expected.length; i++) difference |= given.charCodeAt(i) ^ expected[i]!;
  return difference === 0;
}
