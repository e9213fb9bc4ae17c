/**
 * Asking whoever listens on the daemon's port to prove that it is this home's daemon, before it is
 * told anything: any process of any user may have taken the port.
 *
 * One request over a plain connection: no `fetch`, so no `HTTP_PROXY` and nothing to load.
 *
 * @module
 */
import type { Health } from "../core/api.ts";
import {
  ANSWER_HEADER,
  answerChallenge,
  CHALLENGE_HEADER,
  type DaemonState,
} from "../core/boot.ts";

/** What was found on the port. */
export type HealthResult =
  | { readonly type: "ours"; readonly health: Health }
  /** Somebody answers, and it is not the daemon of this state. */
  | { readonly type: "stranger" }
  /** Nobody listens. */
  | { readonly type: "nobody" };

/** A health answer is a hundred bytes. */
const MAX_ANSWER_BYTES = 16_384;

/** Challenges the daemon of `state`. Silence for `timeoutMs` counts as a stranger. */
export async function challengeDaemon(
  state: DaemonState,
  timeoutMs = 2_000,
): Promise<HealthResult> {
  let conn: Deno.TcpConn;
  try {
    conn = await Deno.connect({ hostname: state.host, port: state.port });
  } catch {
    return { type: "nobody" };
  }
  // Not setTimeout: see deadlines.ts.
  const patience = AbortSignal.timeout(timeoutMs);
  const giveUp = () => close(conn);
  patience.addEventListener("abort", giveUp, { once: true });
  try {
    const challenge = crypto.getRandomValues(new Uint8Array(16)).toHex();
    const request = `GET /health HTTP/1.1\r\nhost: ${state.host}:${state.port}\r\n` +
      `${CHALLENGE_HEADER}: ${challenge}\r\nconnection: close\r\n\r\n`;
    await conn.write(new TextEncoder().encode(request));
    const [answer, expected] = await Promise.all([
      readAnswer(conn),
      answerChallenge(state.instance, challenge),
    ]);
    return judge(answer, expected);
  } catch {
    return { type: "stranger" };
  } finally {
    patience.removeEventListener("abort", giveUp);
    close(conn);
  }
}

function judge(answer: string, expected: string): HealthResult {
  const [head = "", body = ""] = answer.split("\r\n\r\n", 2);
  const lines = head.split("\r\n");
  const given = lines.map((line) => line.split(": ", 2))
    .find(([name]) => name!.toLowerCase() === ANSWER_HEADER)?.[1];
  if (!lines[0]!.startsWith("HTTP/1.1 200") || given !== expected) return { type: "stranger" };
  const health = JSON.parse(body) as Health;
  return { type: "ours", health };
}

/** Everything up to the end of the connection: `connection: close` was asked for. */
async function readAnswer(conn: Deno.TcpConn): Promise<string> {
  const buffer = new Uint8Array(MAX_ANSWER_BYTES);
  let length = 0;
  while (length < buffer.length) {
    const count = await conn.read(buffer.subarray(length));
    if (count === null) break;
    length += count;
  }
  return new TextDecoder().decode(buffer.subarray(0, length));
}

function close(conn: Deno.TcpConn): void {
  try {
    conn.close();
  } catch {
    // The timeout closed it first.
  }
}
