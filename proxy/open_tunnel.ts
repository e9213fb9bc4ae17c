/**
 * Opens an untouched tunnel between a client and the server it asked for.
 *
 * @module
 */
import type net from "node:net";
import type { ConnectTarget } from "./connect_target.ts";
import type { ServerConnection } from "./dial.ts";
import { unreachable } from "./fail_closed.ts";
import { NodeDuplex } from "./node_duplex.ts";
import type { RunContext } from "./run_context.ts";
import { tunnel } from "./tunnel.ts";

/** The client's side of a tunnel. */
export interface TunnelClient {
  readonly socket: net.Socket;
  /** Bytes of it that were read before. */
  readonly first: Uint8Array;
  readonly target: ConnectTarget;
  /** Written once the server is reached; left out when the CONNECT was answered already. */
  readonly greeting?: string;
}

/**
 * Joins client and server without looking at a byte; resolves when both directions have ended.
 *
 * @throws {Refusal} when the server cannot be reached; nothing was written then.
 */
export async function openTunnel(client: TunnelClient, run: RunContext): Promise<void> {
  const { socket, first, target, greeting } = client;
  run.memory.used();
  let server: ServerConnection;
  try {
    const { host, port } = target;
    server = await run.dialer.connect({ host, port, allowPrivate: false });
  } catch (error) {
    throw unreachable(target.authority, error);
  }
  if (socket.destroyed) return server.close();
  if (greeting !== undefined) socket.write(greeting);
  if (first.length > 0) socket.unshift(first);
  await tunnel({ connection: new NodeDuplex(socket) }, { connection: server }, run.senders);
}
