/**
 * The words for a refresh that did not work, and the command that mends it.
 *
 * @module
 */
import { type ConnectionRef, showRef } from "../../core/connection.ts";
import {
  type AuthsomeError,
  ConnectionNotFoundError,
  ReauthorizationRequiredError,
  RefreshFailedError,
  TokenExpiredError,
} from "../../core/errors.ts";
import { loginAgain } from "./login_again.ts";
import { isClientRefused } from "./refused_client.ts";

/** The connection went away while it was to be refreshed. */
export function loggedOut(ref: ConnectionRef): ConnectionNotFoundError {
  return new ConnectionNotFoundError(`Cannot refresh ${showRef(ref)}: it was logged out`, {
    ...ref,
    hint: `Run: authsome login ${ref.provider} --connection ${ref.connection}`,
  });
}

/** Only a person can mend it. */
export function needsLogin(ref: ConnectionRef): ReauthorizationRequiredError {
  return new ReauthorizationRequiredError(
    `Cannot use ${showRef(ref)}: the provider does not accept its refresh token any more`,
    { ...ref, operation: "refresh", hint: loginCommand(ref) },
  );
}

/** The token is of no use, and `reason` says why there is no other to be had. */
export function nothingToRefresh(ref: ConnectionRef, reason: string): TokenExpiredError {
  return new TokenExpiredError(
    `Cannot use ${showRef(ref)}: its token has expired or was refused, and ${reason}`,
    { ...ref, hint: loginCommand(ref) },
  );
}

/** It may work later. */
export function refreshFailed(ref: ConnectionRef, cause: AuthsomeError): RefreshFailedError {
  return new RefreshFailedError(`Cannot refresh ${showRef(ref)}: ${reasonOf(cause)}`, {
    ...ref,
    operation: "refresh",
    // No waiting mends that: the connection's client is not the provider's any more.
    hint: isClientRefused(cause) ? loginCommand(ref) : "Try again later, or run: authsome doctor",
    cause,
  });
}

/** A fault of ours. */
export function unexpectedFailure(ref: ConnectionRef, cause: unknown): RefreshFailedError {
  return new RefreshFailedError(`Cannot refresh ${showRef(ref)}: an unexpected failure`, {
    ...ref,
    operation: "refresh",
    hint: "Run: authsome daemon logs",
    cause,
  });
}

/** A new login in place of this connection. */
export function loginCommand(ref: ConnectionRef): string {
  return `Run: ${loginAgain(ref)}`;
}

/** What comes after the colon of the error beneath. */
export function reasonOf({ message }: AuthsomeError): string {
  const at = message.indexOf(": ");
  return at < 0 ? message : message.slice(at + 2);
}
