/**
 * What a `login` line asks the daemon for: a provider by name, or an MCP server by its address.
 *
 * @module
 */
import type { CreateMcpSessionRequest, CreateSessionRequest } from "../core/api.ts";
import { UsageError } from "../core/errors.ts";
import { type Flow, isName } from "../core/provider.ts";
import { readConnection } from "./connection_argument.ts";

/** The options that the request is made of. */
export interface LoginOptions {
  readonly connection: string | undefined;
  readonly flow: string | undefined;
  readonly scopes: string | undefined;
  readonly "base-url": string | undefined;
  readonly force: boolean;
  readonly mcp: string | undefined;
  readonly name: string | undefined;
  readonly "allow-private": boolean;
}

/**
 * The request.
 *
 * @param word The provider as it was typed, if it was.
 * @throws {UsageError} when there is neither provider nor server, for options that do not go together,
 * and for a name that is none.
 */
export function readLoginRequest(
  word: string | undefined,
  options: LoginOptions,
): CreateSessionRequest | CreateMcpSessionRequest {
  const common = {
    flow: options.flow as Flow | undefined,
    scopes: readScopes(options.scopes),
    force: options.force,
  };
  if (options.mcp !== undefined) return { ...readServer(word, options, options.mcp), ...common };
  if (word === undefined) {
    throw new UsageError("Cannot run authsome login: PROVIDER is missing", {
      hint: "Run: authsome list --all",
    });
  }
  if (options.name !== undefined || options["allow-private"]) {
    throw new UsageError("Cannot use --name or --allow-private: they go with --mcp");
  }
  return { ...readConnection(word, options.connection), base_url: options["base-url"], ...common };
}

function readServer(
  word: string | undefined,
  options: LoginOptions,
  mcp_url: string,
): CreateMcpSessionRequest {
  if (word !== undefined || options["base-url"] !== undefined) {
    throw new UsageError("Cannot use --mcp with a provider or --base-url: its URL says it all", {
      hint: "To give the server a name: --name NAME",
    });
  }
  const { name, connection, "allow-private": allow_private } = options;
  const wrong = [name, connection].find((one) => one !== undefined && !isName(one));
  if (wrong !== undefined) {
    throw new UsageError(`Cannot use ${JSON.stringify(wrong)} as a name`, {
      hint: "Use up to 64 lower-case letters, digits, dots, underscores and hyphens",
    });
  }
  return { mcp_url, name, connection, allow_private };
}

function readScopes(text: string | undefined): string[] | undefined {
  if (text === undefined) return undefined;
  const scopes = text.split(/[\s,]+/).filter((scope) => scope !== "");
  if (scopes.length === 0) throw new UsageError("Cannot use --scopes: it names no scope");
  return scopes;
}
