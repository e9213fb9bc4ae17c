/**
 * An authsome home that is gone afterwards, with the daemon that was started for it.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { kill } from "node:process";
import { homePaths } from "../../core/paths.ts";
import type { DaemonState } from "../../core/boot.ts";
import { pathWithDeno } from "./deno_on_path.ts";
import { processesOf } from "./processes_of.ts";

/** Root of the checkout. */
export const ROOT: string = fileURLToPath(new URL("../../", import.meta.url));

/** What a command printed and how it ended. */
export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** How to run a command. */
export interface CommandOptions {
  /** What it reads from standard input. */
  readonly input?: string;
  /** Variables on top of the person's environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** No command of a test takes so long: it hangs, and the test fails instead of waiting for ever. */
const STUCK_MS = 120_000;

/** A home for one play, one test or one benchmark. */
export class TemporaryHome {
  /** Directory for whatever else the play needs; removed with the home. */
  readonly directory: string;
  readonly #children = new Set<Deno.ChildProcess>();
  #removed = false;

  private constructor(directory: string) {
    this.directory = directory;
  }

  /** Makes the directory; the home in it is made by the first command, as on any machine. */
  static async create(): Promise<TemporaryHome> {
    return new TemporaryHome(await Deno.makeTempDir({ prefix: "authsome-" }));
  }

  /** Path of the home. */
  get path(): string {
    return `${this.directory}/home`;
  }

  /**
   * Runs `authsome` from this checkout with this home; `input` is what it reads.
   *
   * @throws {Error} when the home is being removed.
   */
  async authsome(args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
    if (this.#removed) throw new Error("the temporary home is being removed");
    return await this.#run(args, options);
  }

  /**
   * Stops the daemon and everything else that was started, and removes the directory.
   *
   * @returns The ids of processes that are still there; empty when all is as it was before.
   */
  async remove(): Promise<number[]> {
    this.#removed = true;
    const running = [...this.#children];
    for (const child of running) {
      try {
        child.kill("SIGTERM");
      } catch { /* it has ended by itself */ }
    }
    await Promise.all(running.map((child) => child.status));

    const pids = new Set([...await this.#daemonPids(), ...processesOf(this.directory)]);
    if (pids.size > 0) await this.#run(["daemon", "stop"]);
    // A command that was cut short may leave a daemon that nobody knows of yet.
    for (const pid of processesOf(this.directory)) pids.add(pid);
    const left = await stillAlive([...pids]);
    for (const pid of left) Deno.kill(pid, "SIGKILL");
    await Deno.remove(this.directory, { recursive: true });
    return await stillAlive(left);
  }

  /** Every file of the home that holds `text`. */
  async filesHolding(text: string): Promise<string[]> {
    const holding: string[] = [];
    for (const path of filesBelow(this.path)) {
      // The daemon puts files in place by another name, which is gone when they are there.
      const bytes = await Deno.readFile(path).catch(nothingWhereGone);
      if (new TextDecoder("latin1").decode(bytes).includes(text)) holding.push(path);
    }
    return holding;
  }

  async #run(
    args: readonly string[],
    { input = "", env = {} }: CommandOptions = {},
  ): Promise<CommandResult> {
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--allow-all", `${ROOT}cli.ts`, ...args],
      cwd: ROOT,
      clearEnv: true,
      env: { ...this.#environment(), ...env },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#children.add(child);
    const stuck = setTimeout(() => child.kill("SIGKILL"), STUCK_MS);
    try {
      const output = child.output();
      const writer = child.stdin.getWriter();
      // A command that does not read its input has closed it; what it says is in its output.
      await writer.write(new TextEncoder().encode(input)).then(() => writer.close()).catch(
        () => {},
      );
      const { code, stdout, stderr } = await output;
      const text = new TextDecoder();
      return { code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
    } finally {
      clearTimeout(stuck);
      this.#children.delete(child);
    }
  }

  async #daemonPids(): Promise<number[]> {
    try {
      const state: DaemonState = JSON.parse(
        await Deno.readTextFile(homePaths(this.path).server.state),
      );
      return [state.pid, state.relay_pid];
    } catch {
      return []; // No daemon came up.
    }
  }

  /** The person's environment without anything that would lead to another home or through a proxy. */
  #environment(): Record<string, string> {
    const inherited = Object.entries(Deno.env.toObject())
      .filter(([name]) => !/^(AUTHSOME_|(https?|all|no)_proxy$)/i.test(name));
    return {
      ...Object.fromEntries(inherited),
      PATH: pathWithDeno(Deno.env.get("PATH") ?? ""),
      AUTHSOME_HOME: this.path,
      AUTHSOME_PORT: "0",
    };
  }
}

function nothingWhereGone(error: unknown): Uint8Array {
  if (error instanceof Deno.errors.NotFound) return new Uint8Array();
  throw error;
}

function* filesBelow(directory: string): Generator<string> {
  for (const entry of Deno.readDirSync(directory)) {
    const path = `${directory}/${entry.name}`;
    if (entry.isDirectory) yield* filesBelow(path);
    else yield path;
  }
}

/** Which of `pids` do not end: half a minute is longer than any that was told to takes. */
async function stillAlive(pids: readonly number[]): Promise<number[]> {
  const deadline = performance.now() + 30_000;
  let alive = pids.filter(isAlive);
  while (alive.length > 0 && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    alive = alive.filter(isAlive);
  }
  return alive;
}

function isAlive(pid: number): boolean {
  try {
    return kill(pid, 0) && !isZombie(pid);
  } catch {
    return false;
  }
}

/** Ended, and not yet collected: the first process of a container does that late or never. */
function isZombie(pid: number): boolean {
  if (Deno.build.os !== "linux") return false;
  return /\) Z /.test(Deno.readTextFileSync(`/proc/${pid}/stat`));
}
