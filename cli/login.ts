/**
 * `authsome login`: log in to a provider, once.
 *
 * @module
 */
import type { DaemonClient } from "../client/daemon_client.ts";
import type { Session } from "../core/api.ts";
import {
  ConnectionExistsError,
  InputCancelledError,
  InvalidInputError,
  ProviderNotFoundError,
  UsageError,
} from "../core/errors.ts";
import { FLOWS, isName } from "../core/provider.ts";
import type { Secret } from "../core/secret.ts";
import { askValues } from "./ask_values.ts";
import { awaitLogin, pageOf, requireDone, sendToPage } from "./await_login.ts";
import { canOpenBrowser } from "./browser.ts";
import type { Command, CommandArguments, CommandContext } from "./command.ts";
import { orAborted, untilInterrupted } from "./interrupt.ts";
import { readLoginRequest } from "./login_request.ts";
import { looksLikeKey } from "./looks_like_key.ts";
import { takePastedCallback } from "./pasted_callback.ts";
import { canAsk, silenceTerminal } from "./prompt.ts";
import { nothingPipedIn, readStdin, readValues } from "./stdin_values.ts";
import type { Voice } from "./voice.ts";

const options = {
  connection: { summary: "Name of the connection, where you want several", value: "NAME" },
  flow: { summary: "How to log in", value: "FLOW", choices: FLOWS },
  scopes: { summary: "Scopes to ask for, with commas between", value: "A,B" },
  "base-url": { summary: "Your own instance: GitHub Enterprise, a shop, a tenant", value: "URL" },
  mcp: { summary: "Address of a remote MCP server to log in to", value: "URL" },
  name: { summary: "With --mcp: what to call the server; its host when left out", value: "NAME" },
  "allow-private": { summary: "With --mcp: the server may be on a private network" },
  force: { summary: "Log in although you are already" },
  stdin: { summary: "Read the key (or NAME=value lines) from standard input" },
  "no-browser": { summary: "Print the page's address, open nothing" },
  "no-wait": { summary: "Print what to do and end; the login goes on" },
} as const;

/** How often a refused key may be typed again. */
const MAX_ATTEMPTS = 3;

/** The command. */
export const login: Command<typeof options> = {
  name: "login",
  description:
    "Log in to a provider, once. An API key is typed here behind stars, piped in, or put into a " +
    "form in your browser; other providers open their own page. Waits until it is done.",
  positionals: [{ name: "PROVIDER", optional: true }],
  options,
  superfluous: ([provider = ""]) => keyAsArgument(isName(provider) ? provider : "PROVIDER"),
  examples: [
    { line: "authsome login github", says: "through the browser" },
    { line: "authsome login openai", says: "asks for the API key" },
    { line: "authsome login openai --stdin < key.txt", says: "the same in a script" },
    { line: "authsome login github/work", says: "a second connection, called work" },
    { line: "authsome login github --no-browser", says: "over SSH: open the page elsewhere" },
    { line: "authsome login --mcp https://mcp.linear.app/mcp", says: "any remote MCP server" },
  ],

  async run(args, context) {
    const { options } = args;
    const request = readLoginRequest(args.positionals[0], options);
    const input = options.stdin ? await readStdin() : null;
    using _silence = input === null ? silenceTerminal() : null;
    const session = await untilInterrupted(async (signal) => {
      const client = await orAborted(context.openClient(), signal);
      // Chosen here, so that Ctrl-C can cancel it before the daemon has answered.
      const session_id = `sess_${crypto.getRandomValues(new Uint8Array(16)).toHex()}`;
      let begun: Session | null = null;
      try {
        if (input?.isEmpty) await refuseEmpty(client, request);
        begun = await client.createSession({ ...request, session_id }, { signal });
        return await finish(client, begun, { args, context, input, signal });
      } catch (error) {
        // Whatever stopped us, a login that nobody waits for shall not end in a connection.
        if (begun !== null || signal.aborted) {
          await client.cancelSession(session_id).catch(() => {});
        }
        // A key where the provider belongs.
        if (error instanceof ProviderNotFoundError && looksLikeKey(args.positionals[0] ?? "")) {
          throw keyAsArgument("PROVIDER");
        }
        throw begun === null ? error : withProvider(error, begun.provider);
      }
    });
    tellResult(context.voice, session);
    // A script knows what it does next.
    if (session.flow === "api_key" && isDone(session) && canAsk()) {
      context.voice.note(`Next: authsome run --only ${session.provider} -- CMD`);
    }
  },
};

/**
 * Nothing is begun with nothing. A provider that there is not is told first: who mistyped it learns
 * that, and not what to pipe in.
 */
async function refuseEmpty(
  client: DaemonClient,
  request: ReturnType<typeof readLoginRequest>,
): Promise<never> {
  const provider = "provider" in request ? request.provider : undefined;
  if (provider !== undefined) await client.getProvider(provider);
  throw nothingPipedIn(provider);
}

interface Surroundings {
  readonly args: CommandArguments<typeof options>;
  readonly context: CommandContext;
  readonly input: Secret | null;
  readonly signal: AbortSignal;
}

/** Gives the login what it asks for, and waits. */
async function finish(
  client: DaemonClient,
  begun: Session,
  { args: { options }, context, input, signal }: Surroundings,
): Promise<Session> {
  const { voice } = context;
  const opensBrowser = !options["no-browser"];
  let session = begun;
  if (isDone(begun)) {
    if (input !== null) throw alreadyThere(begun);
    return begun;
  }
  if (session.input_fields.length > 0) {
    if (input !== null) {
      const values = readValues(input, session.input_fields);
      session = await client.resumeSession(session.id, reveal(values), { signal });
    } else if (!options["no-wait"] && isAskedHere(session, opensBrowser)) {
      await introduce(client, session, context);
      session = await askHere(client, session, voice, opensBrowser);
    }
  }
  requireDone(session);
  if (isDone(session)) return session;
  sendToPage(voice, session, opensBrowser && !options["no-wait"]);
  if (options["no-wait"]) return session;
  if (input === null && canAsk() && (!opensBrowser || !canOpenBrowser())) {
    void takePastedCallback(client, session, voice);
  }
  return await awaitLogin(client, session, voice, signal);
}

/** A key is typed here; what an OAuth app wants is explained better by the form, where it can be seen. */
function isAskedHere({ flow }: Session, opensBrowser: boolean): boolean {
  return canAsk() && (flow === "api_key" || !opensBrowser || !canOpenBrowser());
}

/** Where the values come from that are asked for next. */
async function introduce(
  client: DaemonClient,
  { provider, flow, input_fields }: Session,
  { settings, voice }: CommandContext,
): Promise<void> {
  const { display_name, docs_url } = await client.getProvider(provider);
  const isKey = flow === "api_key";
  if (docs_url !== undefined) {
    voice.note(`${display_name} explains its ${isKey ? "keys" : "OAuth apps"} here: ${docs_url}`);
  }
  if (flow === "pkce" && input_fields.some(({ name }) => name === "client_id")) {
    voice.instruct("Register an app there, with this redirect URI:");
    voice.instruct(`  ${settings.serverBaseUrl ?? client.baseUrl}/auth/callback/oauth`);
  }
}

/** Asks until the daemon takes the values; the session as it was when the person wants the form. */
async function askHere(
  client: DaemonClient,
  session: Session,
  voice: Voice,
  opensBrowser: boolean,
): Promise<Session> {
  const offersForm = opensBrowser && canOpenBrowser();
  for (let attempt = 1;; attempt++) {
    const values = await askValues(voice, session.input_fields, {
      offersForm,
      read: (name) => Deno.env.get(name),
    });
    if (values === null) return session;
    try {
      const resumed = await client.resumeSession(session.id, reveal(values));
      return { ...resumed, warnings: [] }; // they were told, and answered, while typing
    } catch (error) {
      if (!(error instanceof InvalidInputError) || attempt === MAX_ATTEMPTS) throw error;
      voice.warning(error.message, error.hint);
    }
  }
}

function isDone({ status }: Session): boolean {
  return status === "completed";
}

function reveal(values: Readonly<Record<string, Secret>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value.reveal()]));
}

/** A key that was piped in is not dropped without a word. */
function keyAsArgument(provider: string): UsageError {
  return new UsageError("Cannot take a key as an argument: it would stay in your shell's history", {
    hint:
      `Leave it out and you are asked, or pipe it in: authsome login ${provider} --stdin < key.txt`,
  });
}

function alreadyThere({ provider, connection }: Session): ConnectionExistsError {
  return new ConnectionExistsError(
    `Cannot log in to ${provider}/${connection}: you are logged in already`,
    { provider, connection, hint: "Add --force to replace it, or --connection NAME for another" },
  );
}

function withProvider(error: unknown, provider: string): unknown {
  if (!(error instanceof InputCancelledError) || error.provider !== undefined) return error;
  return new InputCancelledError(`Cannot log in to ${provider}: you cancelled`, { provider });
}

function tellResult(voice: Voice, session: Session): void {
  const { provider, connection, status, warnings, requested_scopes, granted_scopes } = session;
  for (const warning of warnings) voice.warning(warning);
  if (isDone(session) && requested_scopes !== null && granted_scopes !== null) {
    const refused = requested_scopes.filter((scope) => !granted_scopes.includes(scope));
    const added = granted_scopes.filter((scope) => !requested_scopes.includes(scope));
    if (refused.length > 0) voice.warning(`not granted: ${refused.join(", ")}`);
    if (added.length > 0) voice.note(`granted as well: ${added.join(", ")}`);
  }
  voice.result({
    status: isDone(session) ? "success" : "started",
    provider,
    connection,
    record_status: status,
    message: session.message,
    session_id: session.id,
    flow: session.flow,
    auth_url: pageOf(session),
    user_code: session.user_code,
    verification_uri: session.verification_uri,
    verification_uri_complete: session.verification_uri_complete,
    expires_at: session.expires_at,
    scopes: granted_scopes,
    warnings,
  }, () => describe(session, voice));
}

function describe({ provider, connection, status, message }: Session, voice: Voice): string {
  if (status !== "completed") {
    return `Finish there, then see how it went: authsome list ${provider}`;
  }
  if (/^already/i.test(message ?? "")) {
    const ref = `${provider}/${connection}`;
    return `Already logged in to ${ref}. To do it again:\n  authsome login ${ref} --force`;
  }
  return `${voice.paint("green", "Logged in")} to ${provider} as ${provider}/${connection}`;
}
