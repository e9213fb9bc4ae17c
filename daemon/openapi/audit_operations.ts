/**
 * Operations of the audit log: its pages, its verification, and what a run reports for it.
 *
 * @module
 */
import { z } from "@zod/zod";
import type { AuditPage, AuditReport, UsageAnswer } from "../../core/api.ts";
import { usageReport } from "../../core/api_schema.ts";
import { AUDIT_EVENTS } from "../../core/audit_events.ts";
import type { Operation, Parameter } from "./operation.ts";

const text = z.string();
const time = z.iso.datetime().describe("RFC 3339, UTC");
const whole = z.number().int();

const auditPage = z.strictObject({
  entries: z.array(z.strictObject({
    seq: whole.describe("Counts from 1, without a gap"),
    timestamp: time,
    event: text,
    status: z.enum(["success", "failure", "denied"]),
    provider: text.nullable().exactOptional(),
    connection: text.nullable().exactOptional(),
    identity: text.nullable().exactOptional().describe("Handle of the owner identity"),
    run: text.nullable().exactOptional().describe("Id of the grant, where a run asked"),
    details: z.record(text, z.unknown()).exactOptional(),
    prev: text.describe("SHA-256 of the line before, hex"),
  })),
  next_cursor: text.nullable().describe("`cursor` of the next page; null at the end"),
}) as unknown as z.ZodType<AuditPage>;

const auditReport: z.ZodType<AuditReport> = z.strictObject({
  files: whole,
  lines: whole,
  checkpoints: whole.describe("Signatures that were checked"),
  signed_until: whole.describe("Sequence number of the last signature"),
  head_seq: whole.describe("Sequence number of the last line that holds"),
  fault: z.strictObject({
    file: text,
    line: whole,
    seq: whole.nullable(),
    problem: z.enum([
      "not_json",
      "missing_fields",
      "wrong_sequence",
      "wrong_hash",
      "bad_signature",
      "foreign_key",
      "truncated",
      "appended",
    ]),
    message: text,
  }).nullable().describe("The first place that is not as it was written"),
});

const usageAnswer: z.ZodType<UsageAnswer> = z.strictObject({
  status: z.literal("ok"),
  accepted: whole.describe("Entries that were written down"),
  refused: whole.describe("Entries that are not the caller's to report, or too many"),
});

const dateTime = { type: "string", format: "date-time" };
const run = "grant_0a1b2c3d4e5f60718293a4b5";

/** Pages and verification. */
export const AUDIT_OPERATIONS: readonly Operation[] = [
  {
    id: "auditEvents",
    method: "GET",
    path: "/audit/events",
    tag: "Audit",
    summary: "Entries of the audit log, newest first",
    description:
      "Every given filter must fit. A page may be short, or empty, while `next_cursor` " +
      "leads on: a search for something rare is cut into pieces.",
    caller: "owner",
    parameters: [
      query("event", "Only this event", { type: "string", enum: Object.keys(AUDIT_EVENTS) }, "use"),
      query("provider", "Only this provider", { type: "string" }, "acme"),
      query("connection", "Only connections of this name", { type: "string" }, "default"),
      query("identity", "Only this identity", { type: "string" }, "calm-quietly-softly-0001"),
      query("run", "Only this run: the id of its grant, or its beginning", { type: "string" }, run),
      query("status", "Only this outcome", {
        type: "string",
        enum: ["success", "failure", "denied"],
      }, "success"),
      query("from", "Not older than this", dateTime, "2026-03-01T00:00:00Z"),
      query("to", "Older than this", dateTime, "2026-03-02T00:00:00Z"),
      query("limit", "At most so many; 50 unless given", {
        type: "integer",
        minimum: 1,
        maximum: 500,
      }, "50"),
      query("cursor", "`next_cursor` of the page before", { type: "string" }, "1000"),
    ],
    answer: {
      status: 200,
      type: "application/json",
      description: "One page",
      name: "AuditPage",
      schema: auditPage,
      example: {
        entries: [{
          seq: 42,
          timestamp: "2026-03-01T12:01:00.000Z",
          event: "use",
          status: "success",
          provider: "acme",
          connection: "default",
          identity: "calm-quietly-softly-0001",
          run,
          details: {
            host: "api.acme.test",
            method: "GET",
            minute: "2026-03-01T12:00:00.000Z",
            count: 3,
            statuses: { "2xx": 3 },
          },
          prev: "9f2c".padEnd(64, "0"),
        }],
        next_cursor: "42",
      },
    },
    errors: [],
  },
  {
    id: "verifyAuditLog",
    method: "POST",
    path: "/audit/verify",
    tag: "Audit",
    summary: "Checks every line and every signature of the audit log",
    caller: "owner",
    answer: {
      status: 200,
      type: "application/json",
      description: "What was checked, and the first fault",
      name: "AuditReport",
      schema: auditReport,
      example: {
        files: 1,
        lines: 42,
        checkpoints: 2,
        signed_until: 40,
        head_seq: 42,
        fault: null,
      },
    },
    errors: [],
  },
  {
    id: "reportUsage",
    method: "POST",
    path: "/proxy/usage",
    tag: "Proxy",
    summary: "Reports requests that were sent with credentials, and requests that were refused",
    description: "Counts of whole minutes, for the audit log: never a path, never a query. A run " +
      "reports what its grant covers.",
    caller: "owner_or_run",
    request: {
      type: "application/json",
      name: "UsageReport",
      schema: usageReport,
      example: {
        uses: [{
          provider: "acme",
          connection: "default",
          host: "api.acme.test",
          method: "GET",
          minute: "2026-03-01T12:00:00.000Z",
          statuses: { "2xx": 3, "4xx": 1 },
        }],
        denials: [{
          host: "other.acme.test",
          reason: "MisdirectedRequestError",
          minute: "2026-03-01T12:00:00.000Z",
          count: 1,
        }],
      },
    },
    answer: {
      status: 200,
      type: "application/json",
      description: "How much of it was written down",
      name: "UsageAnswer",
      schema: usageAnswer,
      example: { status: "ok", accepted: 2, refused: 0 },
    },
    errors: [],
  },
];

function query(
  name: string,
  description: string,
  schema: Parameter["schema"],
  example: string,
): Parameter {
  return { name, in: "query", description, schema, example };
}
