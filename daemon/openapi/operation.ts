/**
 * One operation of the HTTP API as it is described: what goes in, what comes out, who may call it,
 * what can go wrong.
 *
 * @module
 */
import type { z } from "@zod/zod";
import type { ErrorCode } from "../../core/errors.ts";

/** Headings that operations are listed under, each with what it is about. */
export const TAGS = {
  "Status": "Whether the daemon lives, and what works",
  "Dashboard": "The way into the pages for people",
  "Identities": "Keys that may sign requests",
  "Logins": "Logins as programs go through them",
  "Login pages": "Logins as a person's browser goes through them",
  "Connections": "What is logged in, each under its provider and a name",
  "Credentials": "The secrets of a connection, on their way to where they are used",
  "Providers": "Definitions of services: their hosts, and how a credential is put on a request",
  "Proxy": "What a run needs to know, and what it reports",
  "Grants": "What a run may use, and for how long",
  "Audit": "What was decided and done",
  "Backups and keys": "Sealed copies of everything, and the keys that the vault is sealed with",
} as const satisfies Readonly<Record<string, string>>;

/** One of the headings. */
export type Tag = keyof typeof TAGS;

/**
 * Who is answered: anyone without a proof; a key that registers itself; a registered identity; a
 * registered identity or the key of a run.
 */
export type AllowedCaller = "anyone" | "new_identity" | "owner" | "owner_or_run";

/** What a request carries. */
export interface RequestContent {
  readonly type: "application/json" | "application/x-www-form-urlencoded";
  /** Name under `components/schemas`. */
  readonly name: string;
  readonly schema: z.ZodType;
  readonly example: unknown;
}

/** What an operation answers when all is well. */
export interface AnswerContent {
  readonly status: 200 | 303;
  readonly type: "application/json" | "text/html" | "text/event-stream";
  readonly description: string;
  /** Name under `components/schemas`, for JSON. */
  readonly name?: string;
  readonly schema?: z.ZodType;
  readonly example?: unknown;
  /** Header fields that say something: name and what. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** A parameter in the path, the query or a header. */
export interface Parameter {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly description: string;
  /** JSON Schema. */
  readonly schema: Readonly<Record<string, unknown>>;
  /** As it is written in the request; a number's stands in the document as a number. */
  readonly example: string;
}

/** One operation. */
export interface Operation {
  /** The `operationId`; for JSON operations also the name of the `DaemonClient` method. */
  readonly id: string;
  readonly method: "GET" | "POST" | "DELETE";
  /** Path template, without `/api`. */
  readonly path: string;
  readonly tag: Tag;
  /** A sentence without a full stop. */
  readonly summary: string;
  /** What else a caller must know. */
  readonly description?: string;
  readonly caller: AllowedCaller;
  readonly parameters?: readonly Parameter[];
  readonly request?: RequestContent;
  readonly answer: AnswerContent;
  /** Errors of this operation; what every operation may answer is added by {@linkcode errorsOf}. */
  readonly errors: readonly ErrorCode[];
}

const ANYWHERE: readonly ErrorCode[] = ["forbidden_origin", "not_found", "unexpected"];
const WITH_BODY: readonly ErrorCode[] = ["payload_too_large", "unsupported_media_type"];
const WITH_PROOF: readonly ErrorCode[] = [
  "invalid_proof",
  "identity_not_found",
  "grant_denied",
  "master_key_unavailable",
  "store_unavailable",
  "vault_seal_broken",
];

/** Every error that an operation may answer with. */
export function errorsOf(operation: Operation): readonly ErrorCode[] {
  const isProven = operation.caller !== "anyone";
  const codes = [
    ...operation.errors,
    ...(operation.request?.type === "application/json" ? ["invalid_request" as const] : []),
    ...(operation.parameters?.some((parameter) => parameter.in === "query")
      ? ["invalid_request" as const]
      : []),
    // The proof covers the body, so that it is read before anything is known of the route.
    ...(isProven || operation.request !== undefined ? WITH_BODY : []),
    ...(isProven ? WITH_PROOF : []),
    ...ANYWHERE,
  ];
  return [...new Set(codes)].sort();
}
