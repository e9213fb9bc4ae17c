/**
 * The certified authorization server as a process of its own: in the bench's process its work would
 * stand in the way of what is measured.
 *
 * @module
 */
import { startAuthorizationServer } from "../tests/support/authorization_server.ts";

/** A running server. */
export interface TokenServer extends AsyncDisposable {
  readonly issuer: string;
  /** Certificate of the authority to trust, PEM. */
  readonly root: string;
  /** Refresh tokens, each of a grant of its own. */
  readonly refresh_tokens: readonly string[];
}

/** Starts one that has issued `count` refresh tokens. */
export async function startTokenServer(count: number): Promise<TokenServer> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "-A", import.meta.url, String(count)],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  let text = "";
  for await (const piece of child.stdout.pipeThrough(new TextDecoderStream())) {
    text += piece;
    if (text.endsWith("\n")) break;
  }
  return {
    ...JSON.parse(text),
    async [Symbol.asyncDispose]() {
      await child.stdin.close();
      await child.status;
    },
  };
}

if (import.meta.main) {
  await using server = await startAuthorizationServer();
  const refresh_tokens: string[] = [];
  for (let n = 0; n < Number(Deno.args[0]); n++) {
    refresh_tokens.push(await server.issueRefreshToken());
  }
  const { issuer, root } = server;
  const line = `${JSON.stringify({ issuer, root, refresh_tokens })}\n`;
  await Deno.stdout.write(new TextEncoder().encode(line));
  // Until whoever started it is gone.
  for await (const _ of Deno.stdin.readable);
}
