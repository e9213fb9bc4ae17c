/**
 * One poll of a device login (RFC 8628 section 3.4).
 *
 * @module
 */
import { EndpointUnreachableError } from "../../core/errors.ts";
import type { OAuthSettings } from "../../core/provider.ts";
import type { Secret } from "../../core/secret.ts";
import type { OAuthClient } from "./client_authentication.ts";
import { guardedFetch, type Outbound, retryAfterSeconds } from "./outbound.ts";
import type { ProviderError } from "./provider_error.ts";
import { requestTokens } from "./token_endpoint.ts";
import { readTokenReply, type TokenReply, type TokenSet } from "./token_reply.ts";

/** What is polled with. */
export interface DevicePoll {
  readonly settings: OAuthSettings;
  readonly token_endpoint: string;
  readonly client: OAuthClient;
  readonly device_code: Secret;
  readonly scopes: readonly string[];
  readonly resource: string | null;
  readonly interval_seconds: number;
}

/** What came of it. */
export type DevicePollOutcome =
  | { readonly type: "tokens"; readonly tokens: TokenSet }
  /** Ask again, at this pace from now on. */
  | { readonly type: "pending"; readonly interval_seconds: number }
  | { readonly type: "error"; readonly error: ProviderError };

const GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code";
/** A server that is down for a while is found again within a minute, or after its own interval. */
const SLOWEST_SECONDS = 60;

/** Polls once. */
export async function pollDevice(
  poll: DevicePoll,
  outbound: Outbound,
): Promise<DevicePollOutcome> {
  const again = (interval_seconds: number) => ({ type: "pending", interval_seconds }) as const;
  const interval = poll.interval_seconds;
  let reply: TokenReply;
  try {
    reply = await send(poll, outbound);
  } catch (error) {
    if (!(error instanceof EndpointUnreachableError)) throw error;
    // RFC 8628 section 3.5: on a connection timeout, back off and go on.
    return again(backedOff(interval));
  }
  if (reply.type === "tokens") return reply;
  const { error } = reply;
  const says = (code: string) => error.error === code || error.error_description === code;
  if (says("authorization_pending")) return again(interval);
  // RFC 8628 section 3.5: slow_down adds five seconds for good.
  if (says("slow_down")) return again(interval + 5);
  if (error.error === `http_${error.status}` && (error.status >= 500 || error.status === 429)) {
    return again(backedOff(interval, reply.retry_after_seconds ?? undefined));
  }
  return { type: "error", error };
}

/** Seconds to wait after a failure: longer, and in no case less than the server's interval. */
export function backedOff(interval: number, wanted: number = interval * 2): number {
  return Math.max(interval, Math.min(wanted, SLOWEST_SECONDS));
}

async function send(poll: DevicePoll, outbound: Outbound): Promise<TokenReply> {
  const { settings, token_endpoint, client, device_code, scopes, resource } = poll;
  if (settings.device_token_request === "json") {
    const started = outbound.now();
    const response = await guardedFetch(outbound)(token_endpoint, {
      method: "POST",
      headers: { accept: "application/json", "content-type": "application/json" },
      body: JSON.stringify({ device_code: device_code.reveal() }),
    });
    const retry = retryAfterSeconds(response, outbound.now());
    return await readTokenReply(response, settings, [device_code], started, retry);
  }
  const scopeName = settings.device_scope_parameter;
  return await requestTokens({
    token_endpoint,
    settings,
    client,
    grant_type: GRANT_TYPE,
    parameters: {
      device_code,
      ...(resource === null ? {} : { resource }),
      ...(scopeName === undefined ? {} : { [scopeName]: scopes.join(" ") }),
    },
  }, outbound);
}
