/**
 * The key of one `authsome run`, in memory and nowhere else.
 *
 * WebCrypto makes it, because a run asks for its grant before anything of Node.js is loaded. It signs
 * with `node:crypto`, which is there by then: WebCrypto hands every message to another thread and
 * back, and each request that the daemon is asked about would wait for that.
 *
 * @module
 */
import { didKey } from "../core/did_key.ts";
import type { SignMessage } from "../core/proof.ts";

/** A key that signs and shows itself to nobody. */
export interface RunKey {
  readonly did: string;
  /**
   * Not the key itself: `KeyObject.from` makes one that can be exported out of every `CryptoKey`, also
   * out of one that cannot.
   */
  readonly sign: SignMessage;
}

/** Makes one. */
export async function makeRunKey(): Promise<RunKey> {
  const pair = await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"]);
  const { publicKey, privateKey } = pair as CryptoKeyPair;
  const raw = await crypto.subtle.exportKey("raw", publicKey);
  let atOnce: ((message: Uint8Array) => Uint8Array) | null = null;
  const signFirst = async (message: Uint8Array): Promise<Uint8Array> => {
    atOnce = await signerAtOnce(privateKey);
    return atOnce(message);
  };
  return {
    did: didKey(new Uint8Array(raw)),
    sign: (message) => atOnce === null ? signFirst(message) : atOnce(message),
  };
}

async function signerAtOnce(privateKey: CryptoKey): Promise<(message: Uint8Array) => Uint8Array> {
  const { KeyObject, sign } = await import("node:crypto");
  const key = KeyObject.from(privateKey);
  return (message) => sign(null, message, key);
}
