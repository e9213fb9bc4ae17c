/**
 * A decision that may still fail when it is carried out: written down before, and once more when it
 * failed.
 *
 * @module
 */
import type { AuditEvent } from "../../core/audit_chain.ts";
import { AuthsomeError } from "../../core/errors.ts";
import type { Broker } from "./broker.ts";

/** Writes `event` down as a success, does `work`, and writes down that it failed when it did. */
export async function auditedAttempt<T>(
  broker: Broker,
  event: Omit<AuditEvent, "status">,
  work: () => Promise<T>,
): Promise<T> {
  broker.audit({ ...event, status: "success" });
  try {
    return await work();
  } catch (error) {
    const reason = error instanceof AuthsomeError ? error.name : "UnexpectedError";
    try {
      broker.audit({ ...event, status: "failure", details: { ...event.details, reason } });
    } catch (cause) {
      // The caller is told what failed first; a full disk is often behind both.
      broker.warn(`Cannot write down that ${event.event} failed`, cause);
    }
    throw error;
  }
}
