/**
 * Reads a request's body once, within bounds, so that proof and parser see the same bytes.
 *
 * @module
 */
import { createMiddleware } from "@hono/hono/factory";
import type { MiddlewareHandler } from "@hono/hono";
import { MAX_BACKUP_BYTES } from "../../core/backup_size.ts";
import {
  InvalidRequestError,
  PayloadTooLargeError,
  UnsupportedMediaTypeError,
} from "../../core/errors.ts";
import { joinBytes } from "../../core/join_bytes.ts";
import type { ApiEnv } from "./api_env.ts";

/** Largest body of most routes, in bytes. */
export const DEFAULT_BODY_LIMIT = 256 * 1024;
/** Largest body of the routes that take whole files, in bytes. */
export const LARGE_BODY_LIMIT = 1024 * 1024;
/** Largest body of the routes that take a backup, which is base64 in JSON, in bytes. */
export const BACKUP_BODY_LIMIT: number = Math.ceil(MAX_BACKUP_BYTES / 3) * 4 + 64 * 1024;

const EMPTY = new Uint8Array();
const decoder = new TextDecoder("utf-8", { fatal: true });

/**
 * Puts the raw body under `body`.
 *
 * @throws {PayloadTooLargeError} beyond `limit` bytes. @throws {UnsupportedMediaTypeError} for a
 * body that is not `type`: a page can post a form across origins without asking, JSON it cannot.
 */
export function readBody(type: string, limit: number): MiddlewareHandler<ApiEnv> {
  return createMiddleware<ApiEnv>(async (c, next) => {
    const request = c.req.raw;
    const body = mayHaveBody(request)
      ? await c.get("waitOutside")(() => readWithin(request, limit))
      : EMPTY;
    if (body.length > 0 && mediaType(request.headers) !== type) {
      throw new UnsupportedMediaTypeError(`Cannot read the request: the body is not ${type}`);
    }
    c.set("body", body);
    await next();
  });
}

/** The body as JSON; an empty one is an empty object. @throws {InvalidRequestError} */
export function parseJson(body: Uint8Array): unknown {
  if (body.length === 0) return {};
  try {
    return JSON.parse(decoder.decode(body));
  } catch {
    // Not the parser's own message: it quotes the body.
    throw new InvalidRequestError("Cannot read the request: the body is not JSON");
  }
}

/** A request without any is the usual one, and need not leave the gate. */
function mayHaveBody({ headers, method }: Request): boolean {
  return method !== "GET" && method !== "HEAD" || headers.has("content-length") ||
    headers.has("transfer-encoding");
}

function mediaType(headers: Headers): string {
  const value = headers.get("content-type") ?? "";
  const end = value.indexOf(";");
  return (end < 0 ? value : value.slice(0, end)).trim().toLowerCase();
}

async function readWithin(request: Request, limit: number): Promise<Uint8Array> {
  const tooLarge = () =>
    new PayloadTooLargeError(`Cannot read the request: the body is larger than ${limit} bytes`);
  const announced = request.headers.get("content-length");
  if (announced !== null && !request.headers.has("transfer-encoding")) {
    if (Number(announced) > limit) throw tooLarge();
    // The server holds the sender to the length it announced. Asking for `body` as well would make
    // a stream of what is there already.
    return new Uint8Array(await request.arrayBuffer());
  }
  if (request.body === null) return EMPTY;
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body) {
    size += chunk.length;
    if (size > limit) throw tooLarge();
    chunks.push(chunk);
  }
  return joinBytes(chunks);
}
