/**
 * The daemon's own audit log, as its API shows it.
 *
 * @module
 */
import type { AuditReport } from "../core/api.ts";
import type { AuditLog } from "./audit_log.ts";
import { newestLines, readAuditPage } from "./audit_reader.ts";
import type { AuditTrail } from "./broker/broker.ts";
import { verifyAuditLog } from "./verify_audit_log.ts";

const DEFAULT_LIMIT = 50;

/** Reads what `log` writes. */
export function auditTrail(log: AuditLog): AuditTrail {
  let verifying: Promise<AuditReport> | null = null;
  return {
    page: ({ limit = DEFAULT_LIMIT, cursor, ...filter }) =>
      readAuditPage(log.path, filter, limit, cursor === undefined ? undefined : Number(cursor)),
    newest: () => newestLines(log.path),
    verify: async () => {
      verifying ??= verifyAuditLog(log).finally(() => verifying = null);
      return await verifying;
    },
  };
}
