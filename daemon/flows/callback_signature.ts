/**
 * The signature that Shopify puts on a callback: HMAC-SHA256 with the client secret over the other
 * parameters, sorted.
 *
 * @module
 */
import { AuthorizationResponseError } from "../../core/errors.ts";
import type { Secret } from "../../core/secret.ts";

/**
 * Checks the `hmac` parameter.
 *
 * @throws {AuthorizationResponseError} when it is missing or wrong.
 */
export async function checkShopifyHmac(
  provider: string,
  callback: URLSearchParams,
  client_secret: Secret | null,
): Promise<void> {
  const given = callback.get("hmac") ?? "";
  const message = [...callback].filter(([name]) => name !== "hmac" && name !== "signature")
    .sort(([a], [b]) => a < b ? -1 : 1).map(([name, value]) => `${name}=${value}`).join("&");
  const bytes = new TextEncoder();
  const key = await crypto.subtle.importKey(
    "raw",
    bytes.encode(client_secret?.reveal() || "\0"),
    { name: "HMAC", hash: "SHA-256" },
    false,
    ["verify"],
  );
  const isHex = /^[0-9a-f]{64}$/i.test(given);
  const signature = Uint8Array.fromHex(isHex ? given : "00".repeat(32));
  // verify() compares in constant time.
  if (!isHex || !await crypto.subtle.verify("HMAC", key, signature, bytes.encode(message))) {
    throw new AuthorizationResponseError(
      `Cannot log in to ${provider}: the answer's signature is wrong`,
      { provider, operation: "login" },
    );
  }
}
