/**
 * Asking whoever listens on the daemon's port to prove that it is this home's daemon, before it is
 * told anything: any process of any user may have taken the port.
 *
 * One request over a plain connection: no `fetch`, so no `HTTP_PROXY` and nothing to load. Whoever
 * goes on to ask the daemon may do so over the same connection, which nobody can take over; over each
 * further one it proves itself again ({@linkcode greetDaemon}).
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
import { DaemonUnavailableError } from "../core/errors.ts";
import type { HomePaths } from "../core/paths.ts";
import { baseUrlOf, readDaemonState } from "./daemon_state.ts";
import { type LoopbackHttp, openLoopbackHttp, type SendOver } from "./loopback_http.ts";
import type { TransportAnswer } from "./transport.ts";

/** What was found on the port. */
export type HealthResult =
  | { readonly type: "ours"; readonly health: Health }
  /** Somebody answers, and it is not the daemon of this state. */
  | { readonly type: "stranger" }
  /** Nobody listens. */
  | { readonly type: "nobody" };

/** A health answer is a hundred bytes. */
const MAX_ANSWER_BYTES = 16_384;

/** A machine that is busy lets its own daemon wait for seconds; a stranger seldom says nothing. */
const SILENCE_MS = 10_000;

/** Challenges the daemon of `state`. Silence for `timeoutMs` counts as a stranger. */
export async function challengeDaemon(
  state: DaemonState,
  timeoutMs?: number,
): Promise<HealthResult> {
  const connection = openLoopbackHttp(state.host, state.port);
  try {
    return await challengeOver(connection, state, timeoutMs);
  } finally {
    connection.close();
  }
}

/** The same over a connection that stays open, for what the daemon is asked next. */
export async function challengeOver(
  connection: LoopbackHttp,
  state: DaemonState,
  timeoutMs = SILENCE_MS,
): Promise<HealthResult> {
  try {
    await connection.connect();
  } catch {
    return { type: "nobody" };
  }
  // Not setTimeout: see deadlines.ts.
  return await challenge(
    (request) => connection.send(request),
    state,
    AbortSignal.timeout(timeoutMs),
  );
}

/**
 * For a connection that is opened later: the daemon may have ended since, and another process have
 * taken the port. One that was started anew meanwhile is found by the state it wrote.
 *
 * @throws {DaemonUnavailableError} when it is not this home's daemon that answers.
 */
export async function greetDaemon(
  paths: HomePaths,
  port: number,
  send: SendOver,
  signal: AbortSignal,
): Promise<void> {
  const state = readDaemonState(paths);
  const isOurs = state?.port === port && (await challenge(send, state, signal)).type === "ours";
  signal.throwIfAborted();
  if (isOurs) return;
  throw new DaemonUnavailableError(
    `Cannot reach the daemon: what answers at port ${port} is not this home's daemon any more`,
    { hint: "Run: authsome daemon status" },
  );
}

async function challenge(
  send: SendOver,
  state: DaemonState,
  signal: AbortSignal,
): Promise<HealthResult> {
  try {
    const challenge = crypto.getRandomValues(new Uint8Array(16)).toHex();
    const [sent, summed] = await Promise.allSettled([
      send({
        method: "GET",
        url: `${baseUrlOf(state)}/health`,
        headers: { [CHALLENGE_HEADER]: challenge },
        body: null,
        signal,
      }),
      // Awaited also where the other fails: nothing is left under way.
      answerChallenge(state.instance, challenge),
    ]);
    if (sent.status === "rejected" || summed.status === "rejected") return { type: "stranger" };
    const [answer, expected] = [sent.value, summed.value];
    const text = await readText(answer);
    if (answer.status !== 200 || answer.header(ANSWER_HEADER) !== expected) {
      return { type: "stranger" };
    }
    return { type: "ours", health: JSON.parse(text) as Health };
  } catch {
    return { type: "stranger" };
  }
}

/** @throws {RangeError} for an answer that goes on and on. */
async function readText(answer: TransportAnswer): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const bytes of answer.body()) {
    text += decoder.decode(bytes, { stream: true });
    if (text.length > MAX_ANSWER_BYTES) throw new RangeError("not a health answer");
  }
  return text;
}
