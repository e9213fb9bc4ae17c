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
import { Admission } from "./admission.ts";
import { parseConnectTarget } from "./connect_target.ts";
import { serveExchanges } from "./exchange.ts";
import { Refusal } from "./fail_closed.ts";
import { FirstBytes } from "./first_bytes.ts";
import { latin1Text } from "./http1/latin1.ts";
import { headerValue, parseRequestHead, type RequestHead } from "./http1/message_head.ts";
import { intercept, type Intercepted } from "./intercept.ts";
import type { LeafCertificates } from "./leaf_certificates.ts";
import { NodeDuplex } from "./node_duplex.ts";
import { openTunnel } from "./open_tunnel.ts";
import { planPlain } from "./plan_plain.ts";
import { unmatched } from "./plan_intercepted.ts";
import type { RunContext } from "./run_context.ts";
import { turnAway } from "./turn_away.ts";

const MAX_HEAD_BYTES = 64 * 1024;
const ESTABLISHED = "HTTP/1.1 200 Connection Established\r\n\r\n";

/** Serves it to its end, in the background. */
export function serveSocket(socket: net.Socket, run: RunContext, leaves: LeafCertificates): void {
  if (socket.destroyed) return;
  const first = new FirstBytes(socket);
  // Looked through once: anybody may send 64 KiB byte by byte, and costs a second of ours otherwise.
  let seen = 0;
  first.expect({
    look: (bytes) => {
      const end = endOfHead(bytes, seen);
      seen = bytes.length;
      if (end >= 0 || bytes.length > MAX_HEAD_BYTES) serve({ first, run, leaves }, bytes, end);
    },
    patienceMs: run.timing.headMs,
  });
}

/** An accepted connection. */
interface Accepted {
  readonly first: FirstBytes;
  readonly run: RunContext;
  readonly leaves: LeafCertificates;
}

/**
 * Where the first head ends, or −1; not before `from`. A bare line feed ends it too: the strict parser
 * then refuses.
 */
function endOfHead(bytes: Uint8Array, from: number): number {
  for (let at = from; at < bytes.length; at++) {
    if (bytes[at] !== 10) continue;
    if (bytes[at - 1] !== 13) return at + 1;
    if (bytes[at - 2] === 10 && bytes[at - 3] === 13) return at + 1;
  }
  return -1;
}

/** `end` is where the head ends; −1: it is longer than a head may be. */
function serve(accepted: Accepted, bytes: Uint8Array, end: number): void {
  const { first, run } = accepted;
  const { socket } = first;
  const admission = new Admission(run.secret, () => ({
    // No connection has the port 0: that of a client that has left is nobody's.
    localPort: socket.localPort ?? 0,
    remotePort: socket.remotePort ?? 0,
  }));
  if (isConnect(bytes)) return void serveConnect(accepted, bytes, end, admission);
  // The whole connection: its requests come one after the other.
  const given = first.take();
  void serveExchanges(new NodeDuplex(socket), {
    pool: run.pool,
    senders: run.senders,
    decide: (request) => planPlain(request, run, admission),
    onRefusal: (refusal, request) => run.usage.refused(hostOf(request?.target ?? ""), refusal),
    onFault: run.fault,
    first: given,
  });
}

function isConnect(bytes: Uint8Array): boolean {
  return latin1Text(bytes.subarray(0, 8)) === "CONNECT ";
}

/** Nearly always there is nothing to await: then the answer is written before this returns. */
async function serveConnect(
  accepted: Accepted,
  bytes: Uint8Array,
  end: number,
  admission: Admission,
): Promise<void> {
  const { first, run } = accepted;
  let host = "*";
  try {
    const request = readConnect(bytes, end);
    first.skip(end);
    const admitting = admission.check(headerValue(request, "proxy-authorization"));
    if (admitting !== null) await held(first, admitting);
    const target = parseConnectTarget(request.target);
    host = target.host;
    const loading = run.routes.settled();
    if (loading !== null) await held(first, loading);
    const opening = openConnect({ ...accepted, target });
    if (opening !== null) await opening;
  } catch (error) {
    first.take();
    run.fault(error);
    if (!(error instanceof Refusal)) return void first.socket.destroy();
    run.usage.refused(host, error);
    turnAway(first.socket, error);
  }
}

/** Nothing is read meanwhile. */
function held(first: FirstBytes, work: Promise<void>): Promise<void> {
  first.hold();
  return work;
}

/** The host of an absolute-form target, for the audit log; `*` when it names none. */
function hostOf(target: string): string {
  return /^(?:http|ws):\/\/([a-z0-9.-]{1,253})(?=[:/?]|$)/i.exec(target)?.[1]?.toLowerCase() ?? "*";
}

function readConnect(bytes: Uint8Array, end: number): RequestHead {
  if (end < 0 || end > MAX_HEAD_BYTES) {
    throw new Refusal(431, "HeadTooLargeError", "Cannot read CONNECT: its head is too large");
  }
  return parseRequestHead(latin1Text(bytes.subarray(0, Math.max(end - 4, 0))));
}

/** A promise for a tunnel that is not decrypted. */
function openConnect(intercepted: Intercepted): Promise<void> | null {
  const { first, target, run, leaves } = intercepted;
  const { socket } = first;
  if (!target.isIp && run.routes.isRouted(target.host)) {
    if (!leaves.covers(target.host)) throw addedLater(target.host);
    socket.write(ESTABLISHED);
    intercept(intercepted);
    return null;
  }
  if (run.denyUnmatched) throw unmatched(target);
  return openTunnel({ socket, first: first.take(), target, greeting: ESTABLISHED }, run);
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
