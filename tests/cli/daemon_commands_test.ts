import { equal, match } from "node:assert/strict";
import { AUTHSOME, cleanEnvironment, runCli } from "../support/run_cli.ts";
import { startCommand } from "../support/running_command.ts";
import { withHome } from "../support/temp_home.ts";
import type { TemporaryHome } from "../support/temporary_home.ts";

/** Starts a command that goes on until it is told to end. */
function start(home: TemporaryHome, args: readonly string[]): Deno.ChildProcess {
  const [program, ...rest] = [...AUTHSOME, ...args];
  return new Deno.Command(program!, {
    args: rest,
    cwd: home.directory,
    clearEnv: true,
    env: cleanEnvironment(home),
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** Reads until `wanted` was seen; returns everything read. The rest of the stream is dropped. */
async function readUntil(stream: ReadableStream<Uint8Array>, wanted: RegExp): Promise<string> {
  let text = "";
  for await (const chunk of stream.pipeThrough(new TextDecoderStream() as never)) {
    text += chunk;
    if (wanted.test(text)) return text;
  }
  throw new Error(`never saw ${wanted} in ${text}`);
}

Deno.test("daemon serve serves until it is interrupted, and ends in order", async () => {
  await withHome(async (home) => {
    const serving = start(home, ["daemon", "serve"]);
    await readUntil(serving.stderr, /serving on http:\/\/127\.0\.0\.1:\d+/);

    const second = await runCli(home, ["daemon", "serve"]);
    const status = JSON.parse((await runCli(home, ["daemon", "status", "--json"])).stdout);
    serving.kill("SIGINT");
    const { code } = await serving.status;
    await serving.stdout.cancel();

    equal(second.code, 9);
    match(second.stderr, /runs already/);
    equal(status.running, true);
    equal(code, 0);
    equal(JSON.parse((await runCli(home, ["daemon", "status", "--json"])).stdout).running, false);
  });
});

Deno.test("daemon logs -f goes on with what is written, and ends on SIGINT", async () => {
  await withHome(async (home) => {
    await runCli(home, ["daemon", "start"]);
    const following = startCommand(home, ["daemon", "logs", "-n", "1", "-f"]);
    // It has looked at the file when it shows the last line, and goes on from there.
    await following.untilPrinted(/\n/);

    const log = `${home.path}/server/logs/daemon.log`;
    await Deno.writeTextFile(log, "something new\n", { append: true });
    await following.untilPrinted(/something new\n/);
    following.kill("SIGINT");

    equal((await following.finished).code, 0);
  });
});

Deno.test("a port that something else holds is told, with exit code 9", async () => {
  await withHome(async (home) => {
    const squatter = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen() {} },
      () => Response.json({ status: "ok", version: "0.1.0" }),
    );

    const { code, stderr } = await runCli(home, ["list"], {
      env: { AUTHSOME_PORT: String(squatter.addr.port) },
    });
    await squatter.shutdown();

    equal(code, 9);
    match(stderr, /port \d+ is held by something that is not this home's daemon/);
    match(stderr, /→ .*AUTHSOME_PORT/);
  });
});
