/**
 * Every error a person can act on: its name on the wire, its HTTP status, its exit code.
 *
 * An error class does not compile until it has a status ({@linkcode HTTP_STATUS}) and an exit code
 * ({@linkcode EXIT_CODE}): both maps are keyed by {@linkcode ErrorCode}. Names follow the reference
 * implementation where it has one, because its clients switch on them.
 *
 * A message reads "what we could not do, colon, what is the case", without a full stop; what to do
 * about it is the separate `hint`.
 *
 * @module
 */

/** The literal `code` of each error class. */
export type ErrorCode =
  | "provider_not_found"
  | "provider_exists"
  | "invalid_provider_definition"
  | "unsupported_flow"
  | "operation_not_allowed"
  | "connection_not_found"
  | "connection_exists"
  | "credential_missing"
  | "token_expired"
  | "refresh_failed"
  | "reauthorization_required"
  | "authorization_failed"
  | "token_endpoint_error"
  | "client_registration_failed"
  | "discovery_failed"
  | "login_not_found"
  | "login_expired"
  | "input_cancelled"
  | "invalid_input"
  | "invalid_request"
  | "payload_too_large"
  | "unsupported_media_type"
  | "invalid_proof"
  | "identity_not_found"
  | "identity_registration_failed"
  | "grant_denied"
  | "forbidden_origin"
  | "endpoint_unreachable"
  | "vault_seal_broken"
  | "master_key_unavailable"
  | "vault_conflict"
  | "store_unavailable"
  | "unsafe_home"
  | "daemon_unavailable"
  | "usage"
  | "not_found"
  | "unexpected";

/** HTTP status with which the daemon answers each error. */
export const HTTP_STATUS: Readonly<Record<ErrorCode, number>> = {
  provider_not_found: 404,
  provider_exists: 409,
  invalid_provider_definition: 422,
  unsupported_flow: 400,
  operation_not_allowed: 403,
  connection_not_found: 404,
  connection_exists: 409,
  credential_missing: 409,
  token_expired: 409,
  refresh_failed: 502,
  reauthorization_required: 409,
  authorization_failed: 400,
  token_endpoint_error: 502,
  client_registration_failed: 502,
  discovery_failed: 502,
  login_not_found: 404,
  login_expired: 410,
  input_cancelled: 400,
  invalid_input: 400,
  invalid_request: 422,
  payload_too_large: 413,
  unsupported_media_type: 415,
  invalid_proof: 401,
  identity_not_found: 401,
  identity_registration_failed: 409,
  grant_denied: 403,
  forbidden_origin: 403,
  endpoint_unreachable: 502,
  vault_seal_broken: 500,
  master_key_unavailable: 500,
  vault_conflict: 409,
  store_unavailable: 503,
  unsafe_home: 500,
  daemon_unavailable: 503,
  usage: 400,
  not_found: 404,
  unexpected: 500,
};

/** Exit code with which the command line ends on each error. */
export const EXIT_CODE: Readonly<Record<ErrorCode, number>> = {
  provider_not_found: 4,
  provider_exists: 7,
  invalid_provider_definition: 2,
  unsupported_flow: 4,
  operation_not_allowed: 4,
  connection_not_found: 3,
  connection_exists: 6,
  credential_missing: 5,
  token_expired: 5,
  refresh_failed: 5,
  reauthorization_required: 5,
  authorization_failed: 2,
  token_endpoint_error: 2,
  client_registration_failed: 2,
  discovery_failed: 2,
  login_not_found: 2,
  login_expired: 2,
  input_cancelled: 2,
  invalid_input: 2,
  invalid_request: 1,
  payload_too_large: 1,
  unsupported_media_type: 1,
  invalid_proof: 1,
  identity_not_found: 1,
  identity_registration_failed: 1,
  grant_denied: 4,
  forbidden_origin: 1,
  endpoint_unreachable: 8,
  vault_seal_broken: 1,
  master_key_unavailable: 1,
  vault_conflict: 1,
  store_unavailable: 1,
  unsafe_home: 1,
  daemon_unavailable: 9,
  usage: 2,
  not_found: 1,
  unexpected: 1,
};

/** One thing wrong with an input, and where. */
export interface Issue {
  /** Dotted path into the input, `""` for the whole of it. */
  readonly path: string;
  /** What is wrong there. */
  readonly message: string;
  /** Line of the text that was read, from 1; where it was read here, and not sent. */
  readonly line?: number;
}

/** What an error carries besides its message. */
export interface ErrorDetails {
  /** Provider the operation was about. */
  readonly provider?: string | undefined;
  /** Connection the operation was about. */
  readonly connection?: string | undefined;
  /** What was being done, such as `refresh`. */
  readonly operation?: string | undefined;
  /** The next thing to do, usually a command. */
  readonly hint?: string | undefined;
  /** Single problems of an input. */
  readonly issues?: readonly Issue[] | undefined;
  /** What lies beneath; never sent over the wire. */
  readonly cause?: unknown;
}

/** The body of every error answer. */
export interface ErrorEnvelope {
  /** Class name, such as `ProviderNotFoundError`. */
  readonly error: string;
  /** What could not be done, and why. */
  readonly message: string;
  readonly provider?: string;
  readonly connection?: string;
  readonly operation?: string;
  readonly hint?: string;
  readonly issues?: readonly Issue[];
}

/** Base of all errors that a person can act on. */
export class AuthsomeError extends Error {
  /** Which error this is; switch on it rather than on the class name. */
  readonly code: ErrorCode;
  readonly provider: string | undefined;
  readonly connection: string | undefined;
  readonly operation: string | undefined;
  /** The next thing to do, usually a command. */
  readonly hint: string | undefined;
  readonly issues: readonly Issue[] | undefined;

  /** An error with the given literal `code`; `message` has no full stop. */
  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.code = code;
    this.provider = details.provider;
    this.connection = details.connection;
    this.operation = details.operation;
    this.hint = details.hint;
    this.issues = details.issues;
  }

  /** The wire form; holds neither the cause nor a stack. */
  toEnvelope(): ErrorEnvelope {
    return {
      error: this.name,
      message: this.message,
      ...(this.provider === undefined ? {} : { provider: this.provider }),
      ...(this.connection === undefined ? {} : { connection: this.connection }),
      ...(this.operation === undefined ? {} : { operation: this.operation }),
      ...(this.hint === undefined ? {} : { hint: this.hint }),
      ...(this.issues === undefined ? {} : { issues: this.issues }),
    };
  }
}

/** No provider has this name. */
export class ProviderNotFoundError extends AuthsomeError {
  override readonly code = "provider_not_found" as const;
  /** See {@linkcode AuthsomeError}. */
  constructor(message: string, details: ErrorDetails = {}) {
    super("provider_not_found", message, details);
  }
}

/** A custom provider of this name is registered already. */
export class ProviderExistsError extends AuthsomeError {
  override readonly code = "provider_exists" as const;
  /** See {@linkcode AuthsomeError}. */
  constructor(message: string, details: ErrorDetails = {}) {
    super("provider_exists", message, details);
  }
}

/** A provider definition breaks a rule; `issues` names each place. */
export class InvalidProviderDefinitionError extends AuthsomeError {
  override readonly code = "invalid_provider_definition" as const;
  /** See {@linkcode AuthsomeError}. */
  constructor(message: string, details: ErrorDetails = {}) {
    super("invalid_provider_definition", message, details);
  }
}

/** The provider does not offer the flow that was asked for. */
export class UnsupportedFlowError extends AuthsomeError {
  override readonly code = "unsupported_flow" as const;
  /** See {@linkcode AuthsomeError}. */
  constructor(message: string, details: ErrorDetails = {}) {
    super("unsupported_flow", message, details);
  }
}

/** This caller may not do this. */
export class OperationNotAllowedError extends AuthsomeError {
  override readonly code = "operation_not_allowed" as const;
  /** See {@linkcode AuthsomeError}. */
  constructor(message: string, details: ErrorDetails = {}) {
    super("operation_not_allowed", message, details);
  }
}

/** No connection has this name. */
export class ConnectionNotFoundError extends AuthsomeError {
  override readonly code = "connection_not_found" as const;
  /** See {@linkcode AuthsomeError}. */
  constructor(message: string, details: ErrorDetails = {}) {
    super("connection_not_found", message, details);
  }
}

/** A connection of this name exists already. */
export class ConnectionExistsError extends AuthsomeError {
  override readonly code = "connection_exists" as const;
  /** See {@linkcode AuthsomeError}. */
  constructor(message: string, details: ErrorDetails = {}) {
    super("connection_exists", message, details);
  }
}

/** The provider is known but nobody has logged in to it. */
export class CredentialMissingError extends AuthsomeError {
  override readonly code = "credential_missing" as const;
  /** See {@linkcode AuthsomeError}. */
  constructor(message: string, details: ErrorDetails = {}) {
    super("credential_missing", message, details);
  }
}

/** The token is expired and cannot be refreshed. */
export class TokenExpiredError extends AuthsomeError {
  override readonly code = "token_expired" as const;
  /** See {@linkcode AuthsomeError}. */
  constructor(message: string, details: ErrorDetails = {}) {
    super("token_expired", message, details);
  }
}

/** The refresh did not succeed, and may succeed later. */
export class RefreshFailedError extends AuthsomeError {
  override readonly code = "refresh_failed" as const;
  /** See {@linkcode AuthsomeError}. */
  constructor(message: string, details: ErrorDetails = {}) {
    super("refresh_failed", message, details);
  }
}

/** The provider answered `invalid_grant` (RFC 6749 section 5.2): only a new login helps. */
export class ReauthorizationRequiredError extends AuthsomeError {
  override readonly code = "reauthorization_required" as const;
  /** See {@linkcode AuthsomeError}. */
  constructor(message: string, details: ErrorDetails = {}) {
    super("reauthorization_required", message, details);
  }
}

/** The authorization server refused (RFC 6749 section 4.1.2.1), or the login failed. */
export class AuthorizationResponseError extends AuthsomeError {
  override readonly code = "authorization_failed" as const;
  /** See {@linkcode AuthsomeError}. */
  constructor(message: string, details: ErrorDetails = {}) {
    super("authorization_failed", message, details);
  }
}

/** The token endpoint answered with an error (RFC 6749 section 5.2). */
export class TokenEndpointError extends AuthsomeError {
  override readonly code = "token_endpoint_error" as const;
  /** The provider's code, such as `invalid_client`; null where it is not known here. */
  readonly error: string | null;
  /** See {@linkcode AuthsomeError}. */
  constructor(message: string, details: ErrorDetails & { readonly error?: string } = {}) {
    super("token_endpoint_error", message, details);
    this.error = details.error ?? null;
  }
}

/** Dynamic client registration was refused (RFC 7591 section 3.2.2). */
export class ClientRegistrationError extends AuthsomeError {
  override readonly code = "client_registration_failed" as const;
  /** See {@linkcode AuthsomeError}. */
  constructor(message: string, details: ErrorDetails = {}) {
    super("client_registration_failed", message, details);
  }
}

/** Authorization server metadata is missing or wrong (RFC 8414). */
export class DiscoveryError extends AuthsomeError {
  override readonly code = "discovery_failed" as const;
  /** See {@linkcode AuthsomeError}. */
  constructor(message: string, details: ErrorDetails = {}) {
    super("discovery_failed", message, details);
  }
}

/** No login session has this id. */
export class LoginNotFoundError extends AuthsomeError {
  override readonly code = "login_not_found" as const;
  /** See {@linkcode AuthsomeError}. */
  constructor(message: string, details: ErrorDetails = {}) {
    super("login_not_found", message, details);
  }
}

/** The login session has expired. */
export class LoginExpiredError extends AuthsomeError {
  override readonly code = "login_expired" as const;
  /** See {@linkcode AuthsomeError}. */
  constructor(message: string, details: ErrorDetails = {}) {
    super("login_expired", message, details);
  }
}

/** The person gave up at a prompt. */
export class InputCancelledError extends AuthsomeError {
  override readonly code = "input_cancelled" as const;
  /** See {@linkcode AuthsomeError}. */
  constructor(message: string, details: ErrorDetails = {}) {
    super("input_cancelled", message, details);
  }
}

/** A value that a person typed cannot be used. */
export class InvalidInputError extends AuthsomeError {
  override readonly code = "invalid_input" as const;
  /** See {@linkcode AuthsomeError}. */
  constructor(message: string, details: ErrorDetails = {}) {
    super("invalid_input", message, details);
  }
}

/** The request body or query does not fit; `issues` names each place. */
export class InvalidRequestError extends AuthsomeError {
  override readonly code = "invalid_request" as const;
  /** See {@linkcode AuthsomeError}. */
  constructor(message: string, details: ErrorDetails = {}) {
    super("invalid_request", message, details);
  }
}

/** The request body is larger than the route takes. */
export class PayloadTooLargeError extends AuthsomeError {
  override readonly code = "payload_too_large" as const;
  /** See {@linkcode AuthsomeError}. */
  constructor(message: string, details: ErrorDetails = {}) {
    super("payload_too_large", message, details);
  }
}

/** The request body is not of the type the route takes. */
export class UnsupportedMediaTypeError extends AuthsomeError {
  override readonly code = "unsupported_media_type" as const;
  /** See {@linkcode AuthsomeError}. */
  constructor(message: string, details: ErrorDetails = {}) {
    super("unsupported_media_type", message, details);
  }
}

/** The proof of possession failed; the message names the check. */
export class InvalidProofError extends AuthsomeError {
  override readonly code = "invalid_proof" as const;
  /** See {@linkcode AuthsomeError}. */
  constructor(message: string, details: ErrorDetails = {}) {
    super("invalid_proof", message, details);
  }
}

/** The identity is not registered with this daemon. */
export class IdentityNotFoundError extends AuthsomeError {
  override readonly code = "identity_not_found" as const;
  /** See {@linkcode AuthsomeError}. */
  constructor(message: string, details: ErrorDetails = {}) {
    super("identity_not_found", message, details);
  }
}

/** The handle or the key is bound otherwise already. */
export class IdentityRegistrationError extends AuthsomeError {
  override readonly code = "identity_registration_failed" as const;
  /** See {@linkcode AuthsomeError}. */
  constructor(message: string, details: ErrorDetails = {}) {
    super("identity_registration_failed", message, details);
  }
}

/** The run's grant does not cover this, or has ended. */
export class GrantDeniedError extends AuthsomeError {
  override readonly code = "grant_denied" as const;
  /** See {@linkcode AuthsomeError}. */
  constructor(message: string, details: ErrorDetails = {}) {
    super("grant_denied", message, details);
  }
}

/** The Host or Origin header names somebody else. */
export class ForbiddenOriginError extends AuthsomeError {
  override readonly code = "forbidden_origin" as const;
  /** See {@linkcode AuthsomeError}. */
  constructor(message: string, details: ErrorDetails = {}) {
    super("forbidden_origin", message, details);
  }
}

/** An endpoint does not answer. */
export class EndpointUnreachableError extends AuthsomeError {
  override readonly code = "endpoint_unreachable" as const;
  /** See {@linkcode AuthsomeError}. */
  constructor(message: string, details: ErrorDetails = {}) {
    super("endpoint_unreachable", message, details);
  }
}

/** A sealed record does not open: it was changed, moved, or sealed under another key. */
export class VaultSealError extends AuthsomeError {
  override readonly code = "vault_seal_broken" as const;
  /** See {@linkcode AuthsomeError}. */
  constructor(message: string, details: ErrorDetails = {}) {
    super("vault_seal_broken", message, details);
  }
}

/** The master key is missing, wrong or unreadable. */
export class MasterKeyError extends AuthsomeError {
  override readonly code = "master_key_unavailable" as const;
  /** See {@linkcode AuthsomeError}. */
  constructor(message: string, details: ErrorDetails = {}) {
    super("master_key_unavailable", message, details);
  }
}

/** The record was changed by someone else meanwhile. */
export class VaultConflictError extends AuthsomeError {
  override readonly code = "vault_conflict" as const;
  /** See {@linkcode AuthsomeError}. */
  constructor(message: string, details: ErrorDetails = {}) {
    super("vault_conflict", message, details);
  }
}

/** The store cannot be read or written. */
export class StoreUnavailableError extends AuthsomeError {
  override readonly code = "store_unavailable" as const;
  /** See {@linkcode AuthsomeError}. */
  constructor(message: string, details: ErrorDetails = {}) {
    super("store_unavailable", message, details);
  }
}

/** The home holds a symlink, a foreign owner or a wide mode. */
export class UnsafeHomeError extends AuthsomeError {
  override readonly code = "unsafe_home" as const;
  /** See {@linkcode AuthsomeError}. */
  constructor(message: string, details: ErrorDetails = {}) {
    super("unsafe_home", message, details);
  }
}

/** The daemon cannot be reached or started. */
export class DaemonUnavailableError extends AuthsomeError {
  override readonly code = "daemon_unavailable" as const;
  /** See {@linkcode AuthsomeError}. */
  constructor(message: string, details: ErrorDetails = {}) {
    super("daemon_unavailable", message, details);
  }
}

/** The command line was used wrongly. */
export class UsageError extends AuthsomeError {
  override readonly code = "usage" as const;
  /** See {@linkcode AuthsomeError}. */
  constructor(message: string, details: ErrorDetails = {}) {
    super("usage", message, details);
  }
}

/** Nothing answers at this address. */
export class NotFoundError extends AuthsomeError {
  override readonly code = "not_found" as const;
  /** See {@linkcode AuthsomeError}. */
  constructor(message: string, details: ErrorDetails = {}) {
    super("not_found", message, details);
  }
}

/** A failure nobody foresaw; the cause stays in the log. */
export class UnexpectedError extends AuthsomeError {
  override readonly code = "unexpected" as const;
  /** See {@linkcode AuthsomeError}. */
  constructor(message: string, details: ErrorDetails = {}) {
    super("unexpected", message, details);
  }
}

type ErrorConstructor = new (message: string, details?: ErrorDetails) => AuthsomeError;

/** Every class by its wire name, to build the error of an answer again. */
const CLASSES: Readonly<Record<string, ErrorConstructor>> = {
  ProviderNotFoundError,
  ProviderExistsError,
  InvalidProviderDefinitionError,
  UnsupportedFlowError,
  OperationNotAllowedError,
  ConnectionNotFoundError,
  ConnectionExistsError,
  CredentialMissingError,
  TokenExpiredError,
  RefreshFailedError,
  ReauthorizationRequiredError,
  AuthorizationResponseError,
  TokenEndpointError,
  ClientRegistrationError,
  DiscoveryError,
  LoginNotFoundError,
  LoginExpiredError,
  InputCancelledError,
  InvalidInputError,
  InvalidRequestError,
  PayloadTooLargeError,
  UnsupportedMediaTypeError,
  InvalidProofError,
  IdentityNotFoundError,
  IdentityRegistrationError,
  GrantDeniedError,
  ForbiddenOriginError,
  EndpointUnreachableError,
  VaultSealError,
  MasterKeyError,
  VaultConflictError,
  StoreUnavailableError,
  UnsafeHomeError,
  DaemonUnavailableError,
  UsageError,
  NotFoundError,
  UnexpectedError,
};

/** The error that an envelope describes; an unknown name becomes an {@linkcode UnexpectedError}. */
export function fromEnvelope(envelope: ErrorEnvelope): AuthsomeError {
  const { error, message, ...details } = envelope;
  const Class = Object.hasOwn(CLASSES, error) ? CLASSES[error]! : UnexpectedError;
  return new Class(message, details);
}
