/**
 * The egress relay: the daemon's only way out. A blind CONNECT proxy on 127.0.0.1 that knows which
 * hosts the provider definitions name and dials nothing else.
 *
 * It runs in its own process without read, write, env or run permission, sees sizes and host names,
 * and never plain text: TLS is the daemon's, end to end. It prints nothing and keeps counts only.
 *
 * @module
 */
import type { RelayBoot } from "../core/boot.ts";
import { parseCorporateProxy } from "../core/corporate_proxy.ts";
import { equalsSecret } from "../core/equals_secret.ts";
import { acceptAll } from "./relay/accept_all.ts";
import { judgeTarget, parseAllowMessage, parseTarget } from "./relay/allow_list.ts";
import { closeQuietly, dial, type DialOptions, type Resolve, writeAll } from "./relay/dial.ts";
import { type Head, readHead } from "./relay/head.ts";
import { join } from "./relay/join.ts";
import {
  type AllowAnswer,
  type AllowedHost,
  REASON_HEADER,
  REFUSAL_STATUS,
  type RelayCounts,
  type RelayRefusal,
} from "./relay_protocol.ts";

/** Bounds, in milliseconds and counts. */
export interface RelayLimits {
  /** For the head of a connection. */
  readonly headMs: number;
  /** For dialling one address. */
  readonly dialMs: number;
  /** A tunnel without a byte in either direction. */
  readonly idleMs: number;
  /** Without a control connection for so long, the relay ends. */
  readonly orphanMs: number;
  readonly maxTunnels: number;
}

const LIMITS: RelayLimits = {
  headMs: 10_000,
  dialMs: 5_000,
  idleMs: 120_000,
  orphanMs: 30_000,
  maxTunnels: 256,
};

/** One message of the control connection, in bytes. */
const MAX_MESSAGE_BYTES = 4 << 20;

/** A running relay. */
export interface Relay {
  readonly port: number;
  /** Resolves when the control connection closed, or none came in time. */
  readonly finished: Promise<void>;
  readonly counts: () => RelayCounts;
  close(): void;
}

/**
 * Starts a relay; `limits` are for tests.
 *
 * @throws {Deno.errors.AddrInUse} when its port was taken meanwhile.
 */
export function startRelay(
  boot: RelayBoot,
  options: { readonly limits?: Partial<RelayLimits>; readonly resolve: Resolve },
): Relay {
  const limits = { ...LIMITS, ...options.limits };
  const listener = Deno.listen({ hostname: "127.0.0.1", port: boot.port });
  const relay = new RelayState(boot, limits, {
    proxy: boot.https_proxy === null ? null : parseCorporateProxy(boot.https_proxy),
    noProxy: boot.no_proxy,
    resolve: options.resolve,
    timeoutMs: limits.dialMs,
  });
  const finished = Promise.withResolvers<void>();
  const close = () => {
    closeQuietly(listener);
    relay.closeAll();
    finished.resolve();
  };
  relay.onEnd = close;
  void acceptAll(listener, (conn) => relay.serve(conn));
  return {
    port: listener.addr.port,
    finished: finished.promise,
    counts: () => relay.counts,
    close,
  };
}

/** What changes while the relay runs. */
class RelayState {
  onEnd: () => void = () => {};
  readonly #boot: RelayBoot;
  readonly #limits: RelayLimits;
  readonly #dial: DialOptions;
  readonly #open = new Set<Deno.TcpConn>();
  #allowed: readonly AllowedHost[] = [];
  #controlled = false;
  #orphanTimer: ReturnType<typeof setTimeout>;
  #counts = { tunnels_opened: 0, tunnels_open: 0, refused: 0, bytes_up: 0, bytes_down: 0 };

  constructor(boot: RelayBoot, limits: RelayLimits, dialOptions: DialOptions) {
    this.#boot = boot;
    this.#limits = limits;
    this.#dial = dialOptions;
    this.#orphanTimer = setTimeout(() => this.onEnd(), limits.orphanMs);
  }

  get counts(): RelayCounts {
    return { ...this.#counts };
  }

  closeAll(): void {
    clearTimeout(this.#orphanTimer);
    for (const conn of this.#open) closeQuietly(conn);
  }

  /** One connection from its head to its end; never throws. */
  async serve(conn: Deno.TcpConn): Promise<void> {
    this.#open.add(conn);
    try {
      conn.setNoDelay(true);
      const head = await this.#readHead(conn);
      if (head !== null) await this.#route(conn, head);
    } catch {
      // The peer went away while it was being answered.
    } finally {
      closeQuietly(conn);
      this.#open.delete(conn);
    }
  }

  async #readHead(conn: Deno.TcpConn): Promise<Head | null> {
    const timer = setTimeout(() => closeQuietly(conn), this.#limits.headMs);
    try {
      const head = await readHead(conn);
      if (head === null) await this.#refuse(conn, "bad_request");
      return head;
    } finally {
      clearTimeout(timer);
    }
  }

  async #route(conn: Deno.TcpConn, head: Head): Promise<void> {
    const [method, target, version, ...more] = head.start.split(" ");
    const bearer = /^Bearer ([0-9A-Za-z._~+/=-]+)$/.exec(
      head.fields.get("proxy-authorization") ?? "",
    );
    if (bearer === null || !equalsSecret(bearer[1]!, this.#boot.secret)) {
      return await this.#refuse(conn, "wrong_secret");
    }
    if (version !== "HTTP/1.1" || more.length > 0 || target === undefined) {
      return await this.#refuse(conn, "bad_request");
    }
    if (method === "CONTROL") return await this.#control(conn, head.rest);
    if (method === "CONNECT") return await this.#tunnel(conn, target, head.rest);
    return await this.#refuse(conn, "bad_request");
  }

  async #tunnel(conn: Deno.TcpConn, authority: string, early: Uint8Array): Promise<void> {
    const target = parseTarget(authority);
    if (target === null) return await this.#refuse(conn, "bad_request");
    const verdict = judgeTarget(this.#allowed, target, this.#boot.allow_private);
    if (typeof verdict === "string") return await this.#refuse(conn, verdict);
    if (this.#counts.tunnels_open >= this.#limits.maxTunnels) {
      return await this.#refuse(conn, "too_many_tunnels");
    }
    this.#counts.tunnels_open++;
    try {
      const outer = await dial(target, verdict.private, this.#dial);
      if (typeof outer === "string") return await this.#refuse(conn, outer);
      try {
        await writeAll(conn, "HTTP/1.1 200 Connection Established\r\n\r\n");
        this.#counts.tunnels_opened++;
        await join(conn, early, outer, {
          up: (bytes) => this.#counts.bytes_up += bytes,
          down: (bytes) => this.#counts.bytes_down += bytes,
        }, this.#limits.idleMs);
      } finally {
        closeQuietly(outer.conn);
      }
    } finally {
      this.#counts.tunnels_open--;
    }
  }

  async #control(conn: Deno.TcpConn, early: Uint8Array): Promise<void> {
    if (this.#controlled) return await this.#refuse(conn, "already_controlled");
    this.#controlled = true;
    clearTimeout(this.#orphanTimer);
    try {
      await writeAll(conn, "HTTP/1.1 200 OK\r\n\r\n");
      for await (const line of readLines(conn, early)) {
        const allow = parseAllowMessage(line);
        if (allow === null) return;
        this.#allowed = allow;
        const answer: AllowAnswer = { allowed: allow.length, counts: this.counts };
        await writeAll(conn, JSON.stringify(answer) + "\n");
      }
    } finally {
      // The daemon is gone or speaks nonsense: without it there is nobody to relay for.
      this.onEnd();
    }
  }

  async #refuse(conn: Deno.TcpConn, reason: RelayRefusal): Promise<void> {
    this.#counts.refused++;
    await writeAll(
      conn,
      `HTTP/1.1 ${REFUSAL_STATUS[reason]}\r\n${REASON_HEADER}: ${reason}\r\n` +
        "content-length: 0\r\nconnection: close\r\n\r\n",
    );
    await conn.closeWrite();
  }
}

/** Lines of UTF-8, each at most {@linkcode MAX_MESSAGE_BYTES}; ends where that is exceeded. */
async function* readLines(conn: Deno.TcpConn, early: Uint8Array): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let text = decoder.decode(early, { stream: true });
  const buffer = new Uint8Array(65_536);
  for (;;) {
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n")) {
      yield text.slice(0, end);
      text = text.slice(end + 1);
    }
    if (text.length > MAX_MESSAGE_BYTES) return;
    const count = await conn.read(buffer);
    if (count === null) return;
    text += decoder.decode(buffer.subarray(0, count), { stream: true });
  }
}
