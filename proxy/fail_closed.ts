/**
 * What the child is told when a request is not forwarded: a status, and a short JSON body that a
 * person and a program both understand: `error`, `message`, and the `hint` that mends it.
 *
 * Failing closed is the rule: when the credential cannot be had, nothing goes to the provider, least
 * of all a placeholder.
 *
 * @module
 */
import { AuthsomeError } from "../core/errors.ts";
import { certificateProblem } from "./certificate_problem.ts";
import { findFault } from "./fault_teller.ts";
import { outOfFiles } from "./out_of_files.ts";

/** A request that goes no further. */
export class Refusal extends Error {
  /** HTTP status of the answer. */
  readonly status: number;
  /** Name on the wire, such as `MisdirectedRequestError`. */
  readonly error: string;
  /** The command or the change that helps. */
  readonly hint: string | undefined;

  /** Refuses with `status`; `message` reads like every other one: what we could not do, colon, why. */
  constructor(
    status: number,
    error: string,
    message: string,
    details: { hint?: string | undefined; cause?: unknown } = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "Refusal";
    this.status = status;
    this.error = error;
    this.hint = details.hint;
  }
}

/** What is wrong with a malformed request, by the name that stands in the answer and in the log. */
export type Malformation =
  /** The request line, a target, or a head as a whole. */
  | "BadRequestError"
  /** A header line: no `NAME: VALUE`, folded, doubled where it must be one, control characters. */
  | "BadHeaderError"
  /** The end of the body could be read in two ways: the tool of request smuggling. */
  | "AmbiguousLengthError"
  | "BadChunkError"
  /** CONNECT or an `http:` URL without a `HOST:PORT` that has one meaning. */
  | "BadTargetError";

/** The message breaks HTTP/1.1 (RFC 9112): 400 towards a client, 502 about an upstream. */
export function malformed(
  side: "request" | "response",
  problem: string,
  name: Malformation = "BadRequestError",
): Refusal {
  return side === "request"
    ? new Refusal(400, name, `Cannot read the request: ${problem}`)
    : new Refusal(502, "BadGatewayError", `Cannot read the answer of the server: ${problem}`);
}

/** RFC 9110 section 15.5.20: the request names another authority than the connection was made for. */
export function misdirected(asked: string, connected: string): Refusal {
  return new Refusal(
    421,
    "MisdirectedRequestError",
    `Cannot send the request: it names ${
      printable(asked)
    }, the connection was made to ${connected}`,
  );
}

/** `--deny-unmatched`, or an address that a child has no business with. */
export function forbidden(message: string, hint?: string): Refusal {
  return new Refusal(403, "HostNotAllowedError", message, { hint });
}

/** The credential could not be had: 502, with what the daemon said about it. */
export function credentialUnavailable(provider: string, cause: unknown): Refusal {
  if (cause instanceof AuthsomeError) {
    return new Refusal(502, cause.name, cause.message, {
      hint: cause.hint ?? `Run: authsome login ${provider}`,
      cause,
    });
  }
  return new Refusal(
    502,
    "DaemonUnavailableError",
    `Cannot add the credential of ${provider}: the daemon does not answer`,
    { hint: "Run: authsome daemon status", cause },
  );
}

/** The server behind the proxy could not be reached or broke off. */
export function unreachable(authority: string, cause: unknown): Refusal {
  if (cause instanceof Refusal) return cause;
  const certificate = certificateProblem(authority, cause);
  if (certificate !== null) return certificate;
  const noFile = outOfFiles(authority, cause);
  if (noFile !== null) return noFile;
  // Its message may quote what we were working on, and says nothing about the server.
  if (findFault(cause) !== null) return internalError(authority, cause);
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new Refusal(502, "EndpointUnreachableError", `Cannot reach ${authority}: ${reason}`, {
    cause,
  });
}

function internalError(authority: string, cause: unknown): Refusal {
  return new Refusal(502, "InternalError", `Cannot reach ${authority}: a mistake in authsome`, {
    hint: "Report the line that authsome run printed about it",
    cause,
  });
}

const REASONS: Readonly<Record<number, string>> = {
  400: "Bad Request",
  403: "Forbidden",
  405: "Method Not Allowed",
  407: "Proxy Authentication Required",
  421: "Misdirected Request",
  431: "Request Header Fields Too Large",
  501: "Not Implemented",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
};

/** The JSON body of a refusal. */
export function refusalBody(refusal: Refusal): string {
  return JSON.stringify({
    error: refusal.error,
    message: refusal.message,
    ...(refusal.hint === undefined ? {} : { hint: refusal.hint }),
  }) + "\n";
}

/** The refusal as a whole HTTP/1.1 answer; the connection ends with it. */
export function refusalAnswer(refusal: Refusal, options: { head?: boolean } = {}): Uint8Array {
  const body = new TextEncoder().encode(refusalBody(refusal));
  const lines = [
    `HTTP/1.1 ${refusal.status} ${REASONS[refusal.status] ?? "Refused"}`,
    "Content-Type: application/json",
    "Cache-Control: no-store",
    // Lets a program tell our own answer from one of the provider's.
    "X-Authsome-Error: " + refusal.error,
    ...(refusal.status === 407 ? ['Proxy-Authenticate: Basic realm="authsome"'] : []),
    `Content-Length: ${body.length}`,
    "Connection: close",
    "",
    "",
  ];
  const head = new TextEncoder().encode(lines.join("\r\n"));
  if (options.head === true) return head;
  const answer = new Uint8Array(head.length + body.length);
  answer.set(head);
  answer.set(body, head.length);
  return answer;
}

/** What came over the wire, fit for a message: short, and without control bytes. */
function printable(text: string): string {
  const shown = text.replace(/[^\x21-\x7e]/g, "?").slice(0, 100);
  return shown === "" ? "nothing" : shown;
}
