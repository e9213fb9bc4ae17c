/**
 * authsome as a stranger has it: published, installed with `deno install -g`, in a home and a module
 * cache of its own. Only npm packages are shared with the cache of this machine.
 *
 * @module
 */
import denoJson from "../../deno.json" with { type: "json" };
import { VERSION } from "../../core/version.ts";
import type { JsrRegistry } from "./jsr_registry.ts";
import { type CliOptions, type CliResult, runProgram } from "./run_cli.ts";
import { ROOT, type TemporaryHome } from "./temporary_home.ts";

/** What npm may need on this machine, should a package's description not be cached. */
const NETWORK = /^((https?|all|no)_proxy|DENO_TLS_CA_STORE|DENO_CERT|SSL_CERT_FILE)$/i;

/** An installation below a temporary home's directory. */
export class InstalledPackage {
  readonly #home: TemporaryHome;
  readonly #registry: JsrRegistry;

  private constructor(home: TemporaryHome, registry: JsrRegistry) {
    this.#home = home;
    this.#registry = registry;
  }

  /** Makes the empty cache and the empty home of a person; nothing is installed yet. */
  static async prepare(home: TemporaryHome, registry: JsrRegistry): Promise<InstalledPackage> {
    await Deno.mkdir(`${home.directory}/person`);
    await Deno.mkdir(`${home.directory}/cache`);
    await Deno.symlink(`${await cacheOfThisMachine()}/npm`, `${home.directory}/cache/npm`);
    await copyIfThere(`${Deno.env.get("HOME")}/.npmrc`, `${home.directory}/person/.npmrc`);
    return new InstalledPackage(home, registry);
  }

  /** Path of the installed command. */
  get command(): string {
    return `${this.#home.directory}/root/bin/authsome`;
  }

  /** Publishes this checkout; with another `version`, a copy that says so. */
  async publish(version: string = VERSION): Promise<CliResult> {
    const directory = version === VERSION ? ROOT : await this.#copyAs(version);
    // Types are checked by `deno task ok`, which makes the same package without uploading it.
    return await this.#deno([
      ...["publish", "--token=none", "--no-provenance", "--allow-dirty", "--no-check"],
      ...["--config", `${directory}deno.json`],
    ], directory);
  }

  /** `deno install -g -A jsr:@authsome/cli@version` with further `flags`. */
  async install(version: string, flags: readonly string[] = ["--allow-all"]): Promise<CliResult> {
    return await this.#deno([
      ...["install", "--global", ...flags, "--root", `${this.#home.directory}/root`],
      // A version younger than a day is not installed otherwise.
      ...["--min-dep-age=0", "--name", "authsome", `jsr:@authsome/cli@${version}`],
    ]);
  }

  /** `deno uninstall -g authsome`. */
  async uninstall(): Promise<CliResult> {
    return await this.#deno([
      ...["uninstall", "--global", "--root", `${this.#home.directory}/root`, "authsome"],
    ]);
  }

  /** Runs the installed command. */
  async authsome(args: readonly string[], { input, env }: CliOptions = {}): Promise<CliResult> {
    return await runProgram(this.#home, [this.command, ...args], {
      ...(input === undefined ? {} : { input }),
      env: { ...this.#environment(), ...env },
    });
  }

  async #deno(args: readonly string[], directory = this.#home.directory): Promise<CliResult> {
    const network = Object.entries(Deno.env.toObject()).filter(([name]) => NETWORK.test(name));
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [...args],
      cwd: directory,
      env: {
        ...Object.fromEntries(network),
        ...this.#environment(),
        // The registry is on this machine, whatever proxy leads to the others.
        NO_PROXY: `127.0.0.1,${Deno.env.get("NO_PROXY") ?? Deno.env.get("no_proxy") ?? ""}`,
      },
      stdin: "null",
    }).output();
    const text = new TextDecoder();
    return { code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
  }

  #environment(): Record<string, string> {
    return {
      HOME: `${this.#home.directory}/person`,
      DENO_DIR: `${this.#home.directory}/cache`,
      JSR_URL: this.#registry.url,
      NO_COLOR: "1",
    };
  }

  async #copyAs(version: string): Promise<string> {
    const target = `${this.#home.directory}/package-${version}/`;
    for (const name of denoJson.publish.include) await copy(`${ROOT}${name}`, `${target}${name}`);
    for (const name of ["deno.json", "core/version.ts"]) {
      const text = await Deno.readTextFile(`${ROOT}${name}`);
      await Deno.writeTextFile(`${target}${name}`, text.replace(`"${VERSION}"`, `"${version}"`));
    }
    return target;
  }
}

async function cacheOfThisMachine(): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
  return JSON.parse(new TextDecoder().decode(stdout)).denoDir;
}

async function copy(from: string, to: string): Promise<void> {
  if ((await Deno.stat(from)).isFile) {
    await Deno.mkdir(to.replace(/[^/]*$/, ""), { recursive: true });
    return await Deno.copyFile(from, to);
  }
  for await (const { name } of Deno.readDir(from)) await copy(`${from}/${name}`, `${to}/${name}`);
}

async function copyIfThere(from: string, to: string): Promise<void> {
  try {
    await Deno.copyFile(from, to);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
