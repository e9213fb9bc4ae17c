/**
 * The command that puts a new login in place of a connection.
 *
 * @module
 */
import type { ConnectionRef } from "../../core/connection.ts";

/** The command. The connection is always named: without, it would be the default one's. */
export function loginAgain({ provider, connection }: ConnectionRef): string {
  return `authsome login ${provider} --connection ${connection} --force`;
}
