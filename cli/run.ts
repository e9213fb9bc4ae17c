/**
 * `authsome run`: start a command that uses your logins and never sees them.
 *
 * @module
 */
import { RunIdentity } from "../client/run_identity.ts";
import type { ProxyRoutes } from "../core/api.ts";
import { UsageError } from "../core/errors.ts";
import type { GrantScope } from "../core/grant.ts";
import { isName } from "../core/provider.ts";
import { parseConnectTo } from "../proxy/connect_to.ts";
import type { RunningProxy } from "../proxy/mod.ts";
import type { RunDirectory } from "../proxy/run_directory.ts";
import type { TrustFiles } from "../proxy/trust_store.ts";
import { ChildNotStartedError, runChild } from "./child_process.ts";
import type { Command, CommandContext } from "./command.ts";

const options = {
  only: { summary: "Nothing but these logins: P or P/C, with commas between", value: "P[/C],…" },
  connection: {
    summary: "Use connection C of provider P instead of its default",
    value: "P=C",
    multiple: true,
  },
  "deny-unmatched": { summary: "Refuse every host that no login covers" },
  "connect-to": {
    summary: "Dial ADDR:PORT for HOST:PORT; TLS is still verified for HOST",
    value: "HOST:PORT:ADDR:PORT",
    multiple: true,
  },
} as const;

/** The command. */
export const run: Command<typeof options> = {
  name: "run",
  description: "Run a command whose HTTPS requests carry your logins. The command itself gets\n" +
    "placeholders: it cannot read a credential, and it cannot lose one.",
  positionals: [],
  options,
  trailing: "-- CMD …",
  passThrough: true,
  examples: [
    { line: "authsome run -- python agent.py", says: "with every login you have" },
    { line: "authsome run --only github,openai -- claude", says: "with these two and no other" },
    { line: "authsome run --connection github=work -- gh repo list", says: "as another account" },
    { line: "authsome run --deny-unmatched -- ./build.sh", says: "no other host is reached" },
  ],

  async run({ options, rest }, context) {
    const [command, ...args] = rest;
    if (command === undefined || command === "") {
      throw new UsageError("Cannot run: no command is given", {
        hint: "For example: authsome run -- python agent.py",
      });
    }
    const connectTo = options["connect-to"].map(parseConnectTo);
    // The daemon answers in its own process while node:net and node:tls are loaded in this one.
    const [identity, parts] = await Promise.all([
      RunIdentity.start({
        openOwner: ownerOpener(context),
        only: readOnly(options.only),
        connections: readConnections(options.connection),
        label: command.slice(command.lastIndexOf("/") + 1),
      }),
      import("../proxy/run_parts.ts"),
    ]);
    let proxy: RunningProxy | null = null;
    let directory: RunDirectory | null = null;
    try {
      const routes = await identity.current.proxyRoutes();
      [proxy, directory] = await Promise.all([
        parts.startProxy({
          daemon: identity,
          routes,
          denyUnmatched: options["deny-unmatched"],
          connectTo,
          readVariable: (name) => Deno.env.get(name),
          note: (line) => context.voice.note(`authsome: ${line}`),
        }),
        parts.createRunDirectory(),
      ]);
      const readVariable = (name: string) => Deno.env.get(name);
      const trust = await parts.writeTrustFiles(proxy.authority, directory, readVariable);
      const env = parts.childEnvironment({
        base: Deno.env.toObject(),
        proxyUrl: proxy.url,
        proxyPort: proxy.port,
        trust,
        variables: routes.environment,
      });
      context.voice.note(describeGrant(routes));
      let late = Promise.resolve();
      const onStarted = () => {
        late = afterStart(parts, trust, directory!).catch((error) =>
          context.log.write(`run: ${error}`)
        );
      };
      const code = await runChild({ command, args, env, onStarted });
      await late;
      return code;
    } catch (error) {
      if (!(error instanceof ChildNotStartedError)) throw error;
      context.voice.instruct(`authsome: ${error.message}`);
      return error.exitCode;
    } finally {
      await Promise.all([proxy?.close(), directory?.remove(), identity.end()]);
    }
  },
};

/** What the child need not wait for. */
async function afterStart(
  { removeLeftovers }: typeof import("../proxy/run_parts.ts"),
  trust: TrustFiles,
  directory: RunDirectory,
): Promise<void> {
  await trust.writeLate();
  await removeLeftovers(directory.path.slice(0, directory.path.lastIndexOf("/")));
}

/** The command's own client first; later, when the daemon has to be found again, a new one. */
function ownerOpener({ settings, openClient }: CommandContext) {
  let isFirst = true;
  return async () => {
    if (isFirst) {
      isFirst = false;
      return await openClient();
    }
    const { openOwnerClient } = await import("../client/owner_client.ts");
    return await openOwnerClient(settings);
  };
}

/** `github,openai/work`. */
function readOnly(text: string | undefined): GrantScope[] | null {
  if (text === undefined) return null;
  return text.split(",").map((entry) => {
    const [provider = "", connection = null, ...more] = entry.trim().split("/");
    const isFine = isName(provider) && (connection === null || isName(connection));
    if (!isFine || more.length > 0) {
      throw new UsageError(`Cannot use --only: ${JSON.stringify(entry)} is not P or P/C`, {
        hint: "For example: --only github,openai/work",
      });
    }
    return { provider, connection };
  });
}

/** `github=work`, each provider once. */
function readConnections(entries: readonly string[]): Record<string, string> {
  const connections: Record<string, string> = {};
  for (const entry of entries) {
    const [provider = "", connection = "", ...more] = entry.split("=");
    if (!isName(provider) || !isName(connection) || more.length > 0) {
      throw new UsageError(`Cannot use --connection: ${JSON.stringify(entry)} is not P=C`, {
        hint: "For example: --connection github=work",
      });
    }
    if (Object.hasOwn(connections, provider)) {
      throw new UsageError(`Cannot use --connection: ${provider} is given twice`);
    }
    connections[provider] = connection;
  }
  return connections;
}

function describeGrant({ routes }: ProxyRoutes): string {
  const granted = [...new Set(routes.map((route) => `${route.provider}/${route.connection}`))];
  if (granted.length === 0) return "authsome: no login yet, the command runs without credentials";
  const shown = granted.slice(0, 5).join(", ");
  const more = granted.length > 5 ? ` and ${granted.length - 5} more` : "";
  return `authsome: granted ${shown}${more}`;
}
