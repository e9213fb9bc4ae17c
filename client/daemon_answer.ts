/**
 * Turns an error answer of the daemon back into the error it was.
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

/** The error of an answer that is not 2xx. */
export async function readError(response: Response, baseUrl: string): Promise<AuthsomeError> {
  const body = await readObject(response);
  if (body === null) {
    return new DaemonUnavailableError(
      `Cannot use the daemon at ${baseUrl}: it answered ${response.status} without saying why`,
      { hint: "Run: authsome daemon status" },
    );
  }
  const { error, message } = body;
  if (typeof error !== "string" || typeof message !== "string") {
    return new UnexpectedError(`Cannot use the daemon's answer: ${response.status}`);
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

async function readObject(response: Response): Promise<Record<string, unknown> | null> {
  try {
    const body: unknown = await response.json();
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
