/**
 * The key that signs the audit log's checkpoints. It is kept in the vault, so that whoever can only
 * change files cannot sign a changed log.
 *
 * @module
 */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
} from "node:crypto";
import { didKey } from "../core/did_key.ts";
import { VaultConflictError } from "../core/errors.ts";
import type { AuditSigner } from "./audit_log.ts";
import type { Vault } from "./vault/vault.ts";

const AUDIT_KEY = "server:audit_key";

/** The vault's audit key, made when there is none. */
export async function readAuditSigner(vault: Vault): Promise<AuditSigner> {
  const kept = await vault.get(AUDIT_KEY);
  if (kept !== null) return signerOf(createPrivateKey(JSON.parse(kept.value).private_key));
  const { privateKey } = generateKeyPairSync("ed25519");
  const private_key = privateKey.export({ type: "pkcs8", format: "pem" });
  const value = JSON.stringify({ schema_version: 1, private_key });
  try {
    await vault.write([{ type: "put", key: AUDIT_KEY, value, expected: 0 }]);
  } catch (error) {
    // Another daemon on this vault was faster: there is one key.
    if (error instanceof VaultConflictError) return await readAuditSigner(vault);
    throw error;
  }
  return signerOf(privateKey);
}

function signerOf(privateKey: KeyObject): AuditSigner {
  const { x } = createPublicKey(privateKey).export({ format: "jwk" });
  const raw = Uint8Array.fromBase64(x!, { alphabet: "base64url" });
  return { did: didKey(raw), privateKey };
}
