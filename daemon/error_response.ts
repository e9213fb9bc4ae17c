/**
 * Turns whatever was thrown into the answer a client gets: the error's envelope and status. What
 * nobody foresaw is told to the log and answered with one fixed sentence.
 *
 * @module
 */
import { HTTPException } from "@hono/hono/http-exception";
import {
  AuthsomeError,
  HTTP_STATUS,
  InvalidRequestError,
  NotFoundError,
  UnexpectedError,
} from "../core/errors.ts";
import type { Log } from "./log.ts";

/** The answer to a request that failed with `error`. */
export function errorResponse(error: unknown, log: Log, where: string): Response {
  const known = toAuthsomeError(error);
  if (HTTP_STATUS[known.code] >= 500) log.error(`Cannot answer ${where}`, error);
  return Response.json(known.toEnvelope(), { status: HTTP_STATUS[known.code] });
}

/** The answer where no route is. */
export function notFoundResponse(): Response {
  const error = new NotFoundError("Cannot answer: there is nothing at this address");
  return Response.json(error.toEnvelope(), { status: HTTP_STATUS[error.code] });
}

function toAuthsomeError(error: unknown): AuthsomeError {
  if (error instanceof AuthsomeError) return error;
  if (error instanceof HTTPException) {
    return error.status === 404
      ? new NotFoundError("Cannot answer: there is nothing at this address")
      : new InvalidRequestError("Cannot read the request: it is malformed");
  }
  return new UnexpectedError("Cannot answer: something unexpected happened", {
    hint: "See the log: authsome daemon logs",
    cause: error,
  });
}
