/**
 * The refusal of a connection that nothing was served on yet.
 *
 * @module
 */
import type net from "node:net";
import { type Refusal, refusalAnswer } from "./fail_closed.ts";

const LINGER_MS = 1_000;

/**
 * Answers and closes. What the client still sends is taken for a moment: closing at once would reset
 * the connection, and the answer could be lost with it (RFC 9112 section 9.6).
 */
export function turnAway(socket: net.Socket, refusal: Refusal): void {
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once("close", () => clearTimeout(timer));
  socket.resume();
  socket.end(refusalAnswer(refusal));
}
