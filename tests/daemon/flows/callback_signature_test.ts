import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { AuthorizationResponseError } from "../../../core/errors.ts";
import { Secret } from "../../../core/secret.ts";
import { checkShopifyHmac } from "../../../daemon/flows/callback_signature.ts";

const SECRET = "hush";
const FIELDS = {
  code: "0907a61c0c8d55e99db179b68161bc00",
  shop: "some-shop.myshopify.com",
  state: "0.6784241404160823",
  timestamp: "1337178173",
};

function signed(secret: string, change: Record<string, string> = {}): URLSearchParams {
  const message = Object.entries(FIELDS).map(([name, value]) => `${name}=${value}`).sort().join(
    "&",
  );
  const hmac = createHmac("sha256", secret).update(message).digest("hex");
  return new URLSearchParams({ ...FIELDS, hmac, ...change });
}

Deno.test("checkShopifyHmac() accepts what the client secret signed", async () => {
  await checkShopifyHmac("shop", signed(SECRET), new Secret(SECRET));
});

for (
  const [name, callback, secret] of [
    ["another secret's signature", signed("other"), SECRET],
    ["a changed shop", signed(SECRET, { shop: "evil.myshopify.com" }), SECRET],
    ["a signature that is no hex", signed(SECRET, { hmac: "zz" }), SECRET],
    ["no signature", new URLSearchParams(FIELDS), SECRET],
    ["an unsigned answer without a secret", new URLSearchParams(FIELDS), null],
  ] as const
) {
  Deno.test(`checkShopifyHmac() refuses ${name}`, async () => {
    await assert.rejects(
      checkShopifyHmac("shop", callback, secret === null ? null : new Secret(secret)),
      AuthorizationResponseError,
    );
  });
}
