/**
 * Every event of the audit log, with what it says: the one list that types, filters, docs and the
 * dashboard are made from.
 *
 * @module
 */

/** Event → what happened, as one sentence without a full stop. */
export const AUDIT_EVENTS = {
  login: "A login ended: well, or with a failure",
  logout: "A connection was forgotten here",
  revoke: "A provider's connections were taken out of use, to be revoked and forgotten",
  revoke_outcome: "What the provider answered to the revocation, token by token",
  remove: "A custom definition was removed",
  register: "A custom definition was added or replaced",
  export: "A connection's credentials left as environment variables",
  get: "A connection was shown with its secrets",
  compare: "Values found elsewhere were compared with a connection's secrets",
  scan: "A credential that was found in a file or the environment was taken in",
  set_default: "A connection became its provider's default",
  identity_registered: "An identity was registered",
  identity_refused: "An identity of another machine that asked to be let in was refused",
  identity_removed: "An identity that had been let in was taken out again; its runs ended",
  grant_start: "A run was let use connections",
  grant_end: "A run's grant was ended",
  resolve: "A credential was handed out for requests: the daemon's own count",
  use: "Requests were sent with a credential: what the run's proxy reports, by status class",
  proxy_deny: "A run, or a request of it, was refused",
  proxy_no_credentials: "A request was refused because no usable credential was there",
  refresh: "Tokens were refreshed",
  refresh_failed: "A refresh failed",
  backup: "Everything that is kept left as one file, sealed with a passphrase",
  restore: "What is kept was replaced by what a backup holds",
  key_rotate: "The vault's keys were changed",
  daemon_start: "The daemon started",
  daemon_stop: "The daemon stopped",
  log_recovered: "A line that a crash had cut in half was taken off the log's end",
  log_damaged: "The daemon found the log cut off or replaced, and went on behind what it remembers",
  log_rotated: "The file was full; the chain goes on in a new one",
  checkpoint: "The daemon's signature over everything before",
} as const satisfies Record<string, string>;

/** What happened. Readers tolerate events they do not know. */
export type AuditEventName = keyof typeof AUDIT_EVENTS;
