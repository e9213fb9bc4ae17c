/**
 * The register of operations: every route of the HTTP API, in the order it is documented. A route
 * that is not in here fails a test, and so does an operation without a route.
 *
 * @module
 */
import { AUDIT_OPERATIONS } from "./audit_operations.ts";
import { BACKUP_OPERATIONS } from "./backup_operations.ts";
import { CONNECTION_OPERATIONS, CREDENTIAL_OPERATIONS } from "./connection_operations.ts";
import { DASHBOARD_OPERATIONS } from "./dashboard_operations.ts";
import type { Operation } from "./operation.ts";
import { PROVIDER_OPERATIONS } from "./provider_operations.ts";
import { GRANT_OPERATIONS, PROXY_OPERATIONS } from "./run_operations.ts";
import { LOGIN_PAGE_OPERATIONS, SESSION_OPERATIONS } from "./session_operations.ts";
import { STATUS_OPERATIONS } from "./status_operations.ts";

/** All of them. */
export const OPERATIONS: readonly Operation[] = [
  ...STATUS_OPERATIONS,
  ...SESSION_OPERATIONS,
  ...LOGIN_PAGE_OPERATIONS,
  ...CONNECTION_OPERATIONS,
  ...CREDENTIAL_OPERATIONS,
  ...PROVIDER_OPERATIONS,
  ...PROXY_OPERATIONS,
  ...GRANT_OPERATIONS,
  ...AUDIT_OPERATIONS,
  ...BACKUP_OPERATIONS,
  ...DASHBOARD_OPERATIONS,
];
