/**
 * What the peer has said in SETTINGS (RFC 9113 section 6.5), as far as it concerns a sender that uses
 * no dynamic table and no frames longer than every peer takes.
 *
 * @module
 */
import { ConnectionFailure } from "./failures.ts";
import { ErrorCode, MAX_PAYLOAD_BYTES, MAX_WINDOW_BYTES, SettingId } from "./frame.ts";

/** Until the peer has spoken (RFC 9113 section 6.5.2), with as many streams as it advises at least. */
const DEFAULTS = { initialWindowBytes: 65_535, maxStreams: 100 };

/** The peer's settings. */
export class PeerSettings {
  readonly #isServer: boolean;
  /** Of each stream that is opened. */
  initialWindowBytes: number = DEFAULTS.initialWindowBytes;
  /** That we may have open at a time. */
  maxStreams: number = DEFAULTS.maxStreams;
  /** CONNECT may say what for (RFC 8441). */
  hasExtendedConnect = false;

  /** `isServer`: which side the peer is. */
  constructor({ isServer }: { readonly isServer: boolean }) {
    this.#isServer = isServer;
  }

  /**
   * Takes the payload of a frame.
   *
   * @throws {ConnectionFailure} for values that are not allowed.
   */
  take(payload: Uint8Array): void {
    if (payload.length % 6 !== 0) {
      throw new ConnectionFailure(ErrorCode.FRAME_SIZE_ERROR, "SETTINGS is no list of settings");
    }
    const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
    for (let at = 0; at < payload.length; at += 6) {
      this.#set(view.getUint16(at), view.getUint32(at + 2));
    }
  }

  #set(id: number, value: number): void {
    if (id === SettingId.MAX_CONCURRENT_STREAMS) this.maxStreams = value;
    else if (id === SettingId.INITIAL_WINDOW_SIZE) {
      if (value > MAX_WINDOW_BYTES) throw refused(ErrorCode.FLOW_CONTROL_ERROR, "a window");
      this.initialWindowBytes = value;
    } else if (id === SettingId.MAX_FRAME_SIZE) {
      if (value < MAX_PAYLOAD_BYTES || value > 0xffffff) {
        throw refused(ErrorCode.PROTOCOL_ERROR, "a frame size");
      }
    } else if (id === SettingId.ENABLE_CONNECT_PROTOCOL) {
      this.hasExtendedConnect = value === 1;
    } else if (id === SettingId.ENABLE_PUSH && value > (this.#isServer ? 0 : 1)) {
      throw refused(ErrorCode.PROTOCOL_ERROR, "server push");
    }
  }
}

function refused(code: number, what: string): ConnectionFailure {
  return new ConnectionFailure(code, `SETTINGS has a value for ${what} that is not allowed`);
}
