/**
 * One accepted connection: reads its first head, asks for the run's secret, and sends it where it
 * belongs:
 *
 * - `CONNECT` to a routed host: decrypted ({@linkcode intercept});
 * - `CONNECT` to any other host: an untouched tunnel, or refused with `--deny-unmatched`;
 * - an absolute-form request: forwarded as plain HTTP.
 *
 * @module
 */
import type net from "node:net";
import { joinBytes } from "../core/join_bytes.ts";
import { Admission } from "./admission.ts";
import { type ConnectTarget, parseConnectTarget } from "./connect_target.ts";
import { serveExchanges } from "./exchange.ts";
import { Refusal, refusalAnswer } from "./fail_closed.ts";
import { latin1Text } from "./http1/byte_reader.ts";
import { headerValue, parseRequestHead } from "./http1/message_head.ts";
import { intercept, type Intercepted } from "./intercept.ts";
import type { LeafCertificates } from "./leaf_certificates.ts";
import { NodeDuplex } from "./node_duplex.ts";
import { openTunnel } from "./open_tunnel.ts";
import { planPlain } from "./plan_plain.ts";
import { unmatched } from "./plan_intercepted.ts";
import type { RunContext } from "./run_context.ts";

const MAX_HEAD_BYTES = 64 * 1024;
const LINGER_MS = 1_000;
const ESTABLISHED = "HTTP/1.1 200 Connection Established\r\n\r\n";

/** Serves it to its end, in the background. */
export function serveSocket(socket: net.Socket, run: RunContext, leaves: LeafCertificates): void {
  if (socket.destroyed) return;
  receiveHead(socket, run.timing.headMs, (first) => void serve(socket, first, run, leaves));
}

/** Collects bytes until a head is complete; the connection is paused then. */
function receiveHead(
  socket: net.Socket,
  patienceMs: number,
  onHead: (bytes: Uint8Array) => void,
): void {
  let bytes = new Uint8Array();
  // W4: with allowHalfOpen nothing else ends a client that leaves in the middle of its head.
  const giveUp = () => socket.destroy();
  const timer = setTimeout(giveUp, patienceMs);
  const stop = () => {
    clearTimeout(timer);
    socket.off("data", onData);
    socket.off("end", giveUp);
    socket.off("close", stop);
  };
  const onData = (data: Uint8Array) => {
    bytes = joinBytes([bytes, data]);
    if (endOfHead(bytes) < 0 && bytes.length <= MAX_HEAD_BYTES) return;
    stop();
    socket.pause();
    onHead(bytes);
  };
  socket.on("data", onData);
  socket.once("end", giveUp);
  socket.once("close", stop);
}

/** Where the first head ends, or −1. A bare line feed ends it too: the strict parser then refuses. */
function endOfHead(bytes: Uint8Array): number {
  for (let at = 0; at < bytes.length; at++) {
    if (bytes[at] !== 10) continue;
    if (bytes[at - 1] !== 13) return at + 1;
    if (bytes[at - 2] === 10 && bytes[at - 3] === 13) return at + 1;
  }
  return -1;
}

async function serve(
  socket: net.Socket,
  first: Uint8Array,
  run: RunContext,
  leaves: LeafCertificates,
): Promise<void> {
  const admission = new Admission(run.secret, {
    localPort: socket.localPort!,
    remotePort: socket.remotePort!,
  });
  if (!latin1Text(first.subarray(0, 8)).startsWith("CONNECT ")) {
    // The whole connection: its requests come one after the other.
    return await serveExchanges(new NodeDuplex(socket), {
      pool: run.pool,
      uploads: run.uploads,
      decide: (request) => planPlain(request, run, admission),
      onRefusal: (refusal, request) => run.usage.refused(hostOf(request?.target ?? ""), refusal),
      onFault: run.fault,
      first,
    });
  }
  let host = "*";
  try {
    const { target, rest } = await readConnect(first, admission);
    host = target.host;
    await openConnect({ socket, first: rest, target, run, leaves });
  } catch (error) {
    run.fault(error);
    if (!(error instanceof Refusal)) return void socket.destroy();
    run.usage.refused(host, error);
    refuse(socket, error);
  }
}

/**
 * Answers and closes. What the client still sends is taken for a moment: closing at once would reset
 * the connection, and the answer could be lost with it (RFC 9112 section 9.6).
 */
function refuse(socket: net.Socket, refusal: Refusal): void {
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once("close", () => clearTimeout(timer));
  socket.resume();
  socket.end(refusalAnswer(refusal));
}

/** The host of an absolute-form target, for the audit log; `*` when it names none. */
function hostOf(target: string): string {
  return /^http:\/\/([A-Za-z0-9.-]{1,253})(?=[:/?]|$)/.exec(target)?.[1] ?? "*";
}

/** Where a CONNECT leads, and the bytes behind its head. */
async function readConnect(
  first: Uint8Array,
  admission: Admission,
): Promise<{ target: ConnectTarget; rest: Uint8Array }> {
  const end = endOfHead(first);
  if (end < 0 || end > MAX_HEAD_BYTES) {
    throw new Refusal(431, "HeadTooLargeError", "Cannot read CONNECT: its head is too large");
  }
  const request = parseRequestHead(latin1Text(first.subarray(0, Math.max(end - 4, 0))));
  await admission.check(headerValue(request, "proxy-authorization"));
  return { target: parseConnectTarget(request.target), rest: first.subarray(end) };
}

async function openConnect(intercepted: Intercepted): Promise<void> {
  const { socket, first, target, run, leaves } = intercepted;
  await run.routes.settled();
  if (!target.isIp && run.routes.isRouted(target.host)) {
    if (!leaves.covers(target.host)) throw addedLater(target.host);
    socket.write(ESTABLISHED);
    return intercept(intercepted);
  }
  if (run.denyUnmatched) throw unmatched(target);
  await openTunnel({ socket, first, target, greeting: ESTABLISHED }, run);
}

/** The authority was made for the hosts known then, and stays so: that is its point. */
function addedLater(host: string): Refusal {
  return new Refusal(
    502,
    "CertificateError",
    `Cannot decrypt ${host}: its provider was added after this run began`,
    { hint: "Start the command again with authsome run" },
  );
}
