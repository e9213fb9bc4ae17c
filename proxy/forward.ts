/**
 * A request on its way to a server: where it goes and what it says there.
 *
 * @module
 */
import type { Duplex } from "./duplex.ts";
import type { OutgoingRequest } from "./injections/outgoing_request.ts";

/** Request line and headers as the server gets them; hop-by-hop headers are gone. */
export interface OutgoingHead {
  /** Of HTTP/1.1; HTTP/2 takes method and target from `headers`. */
  readonly startLine: string;
  readonly headers: OutgoingRequest;
}

/** Where a request goes. */
export interface Forward {
  /** Connections with the same key may be used for each other. */
  readonly key: string;
  /** `host:port`, for messages. */
  readonly authority: string;
  readonly head: OutgoingHead;
  /** Opens a connection to the server. */
  connect(): Promise<Duplex>;
  /**
   * Is given the body's payload before it is sent, and what goes out beside it (chunk extensions,
   * trailers); throws a `Refusal` for what may not go out.
   */
  readonly watchBody?: ((piece: Uint8Array, isBeside?: boolean) => void) | undefined;
  /** Told how the server answered, where a credential is on the request; null: not at all. */
  readonly onAnswer?: ((status: number | null) => void) | undefined;
  /**
   * Called when the server answered 401 to a credential that can be refreshed: the head with a new
   * one, or null. Left out where the credential cannot change.
   */
  readonly replaceCredential?: (() => Promise<OutgoingHead | null>) | undefined;
}
