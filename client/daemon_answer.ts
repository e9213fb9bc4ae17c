/**
 * Reads an answer of the daemon: its JSON, or the error it says.
 *
 * @module
 */
import {
  type AuthsomeError,
  DaemonUnavailableError,
  fromEnvelope,
  type Issue,
  UnexpectedError,
} from "../core/errors.ts";
import type { TransportAnswer } from "./transport.ts";

/**
 * The JSON of an answer.
 *
 * @throws {DaemonUnavailableError} when it is none, or breaks off.
 */
export async function readJson<T>(answer: TransportAnswer): Promise<T> {
  try {
    return JSON.parse(await answer.text()) as T;
  } catch (cause) {
    throw new DaemonUnavailableError("Cannot read the daemon's answer: it is not complete JSON", {
      hint: "Run: authsome daemon status",
      cause,
    });
  }
}

/** The error of an answer that is not 2xx. */
export async function readError(answer: TransportAnswer, baseUrl: string): Promise<AuthsomeError> {
  const body = await readObject(answer);
  if (body === null) {
    return new DaemonUnavailableError(
      `Cannot use the daemon at ${baseUrl}: it answered ${answer.status} without saying why`,
      { hint: "Run: authsome daemon status" },
    );
  }
  const { error, message } = body;
  if (typeof error !== "string" || typeof message !== "string") {
    return new UnexpectedError(`Cannot use the daemon's answer: ${answer.status}`);
  }
  return fromEnvelope({
    error,
    message,
    ...text(body, "provider"),
    ...text(body, "connection"),
    ...text(body, "operation"),
    ...text(body, "hint"),
    ...(Array.isArray(body.issues) ? { issues: body.issues.filter(isIssue) } : {}),
  });
}

async function readObject(answer: TransportAnswer): Promise<Record<string, unknown> | null> {
  try {
    const body: unknown = JSON.parse(await answer.text());
    return typeof body === "object" && body !== null ? body as Record<string, unknown> : null;
  } catch {
    return null; // a proxy's page, or a body that broke off
  }
}

function text(body: Record<string, unknown>, field: string): Record<string, string> {
  const value = body[field];
  return typeof value === "string" ? { [field]: value } : {};
}

function isIssue(value: unknown): value is Issue {
  return typeof value === "object" && value !== null &&
    typeof (value as Issue).path === "string" && typeof (value as Issue).message === "string";
}
