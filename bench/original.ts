/**
 * The Python original, where it is installed: `AUTHSOME_ORIGINAL` is the path of its `authsome` (version 0.7.2
 * was measured: `pip install authsome==0.7.2` under Python 3.13). It knows one port, 7998, which has to be
 * free, and answers nobody until a person has made an account and claimed the agent in its dashboard:
 * this does so.
 *
 * @module
 */
import { TextLineStream } from "./text_lines.ts";

/** The original, ready to be asked. */
export interface Original {
  /** Runs a command to its end. */
  run(args: readonly string[]): Promise<void>;
  /** Stops its daemon and removes its home. */
  remove(): Promise<void>;
}

const BASE = "http://127.0.0.1:7998";
const ACCOUNT = { email: "bench@example.com", password: "a-password-of-a-benchmark" };

/**
 * Starts it with a home of its own.
 *
 * @returns null where it is not named.
 * @throws {Error} when it is named and cannot be used.
 */
export async function openOriginal(): Promise<Original | null> {
  const program = Deno.env.get("AUTHSOME_ORIGINAL");
  if (!program) return null;
  if (await isHeld()) throw new Error("AUTHSOME_ORIGINAL: port 7998 is held by something else");
  const home = await Deno.makeTempDir({ prefix: "authsome-original-" });
  const command = (args: readonly string[], stderr: "null" | "piped" = "null") =>
    new Deno.Command(program, {
      args: [...args],
      clearEnv: true,
      env: {
        PATH: Deno.env.get("PATH") ?? "",
        HOME: home,
        AUTHSOME_HOME: `${home}/.authsome`,
        AUTHSOME_DO_NOT_TRACK: "1",
        PYTHONUNBUFFERED: "1",
      },
      stdin: "null",
      stdout: "null",
      stderr,
    });
  const original: Original = {
    run: async (args) => {
      const { code } = await command(args).output();
      if (code !== 0) throw new Error(`the original ended with ${code}: ${args.join(" ")}`);
    },
    remove: async () => {
      await command(["daemon", "stop"]).output();
      await Deno.remove(home, { recursive: true });
    },
  };
  try {
    await claim(command(["whoami"], "piped").spawn());
    return original;
  } catch (error) {
    await original.remove();
    throw error;
  }
}

/** Does what its user does in the dashboard when the first command prints a link. */
async function claim(waiting: Deno.ChildProcess): Promise<void> {
  let isClaimed = false;
  // Read to the end: it would die of a closed pipe.
  for await (const line of waiting.stderr.pipeThrough(new TextLineStream())) {
    const token = /[?&]token=([\w-]+)/.exec(line)?.[1];
    if (token === undefined || isClaimed) continue;
    isClaimed = true;
    const registered = await post("/api/auth/register", ACCOUNT);
    const cookie = registered.headers.getSetCookie().map((set) => set.split(";")[0]).join("; ");
    await post(`/api/claim/${token}/confirm`, {}, { cookie });
  }
  const { code } = await waiting.status;
  if (code !== 0) throw new Error("the original was not to be claimed");
}

async function post(
  path: string,
  form: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  const response = await fetch(`${BASE}${path}`, {
    method: "POST",
    headers,
    body: new URLSearchParams(form),
    redirect: "manual",
  });
  await response.body?.cancel();
  return response;
}

async function isHeld(): Promise<boolean> {
  try {
    (await Deno.connect({ hostname: "127.0.0.1", port: 7998 })).close();
    return true;
  } catch {
    return false;
  }
}
