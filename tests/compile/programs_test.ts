/**
 * The compiled release, as far as it can be shown without the runtime that goes into it.
 */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { howToSupplyRuntime } from "../../compile/compile_program.ts";
import { PROGRAMS, TARGETS } from "../../compile/programs.ts";
import { relayFlags } from "../../client/daemon_flags.ts";
import { moduleEntries } from "../../client/module_entries.ts";
import { homePaths } from "../../core/paths.ts";
import { ROOT } from "../support/temporary_home.ts";

const [authsome, daemon, relay] = PROGRAMS;

Deno.test("compiled: authsome holds every command, the proxy and nothing of the daemon", async () => {
  const files = await graphOf(authsome!.entry);

  for (const name of ["cli/login.ts", "cli/run_behind_proxy.ts", "proxy/mod.ts"]) {
    ok(files.includes(name), name);
  }
  deepEqual(files.filter((name) => name.startsWith("daemon/vault/sqlite")), []);
});

Deno.test("compiled: authsomed holds the dashboard, its style, the providers and Swagger UI", async () => {
  const files = await graphOf(daemon!.entry);

  for (
    const name of [
      "daemon/dashboard/mod.tsx",
      "daemon/dashboard/dashboard.css",
      "daemon/openapi/swagger_ui.json",
      "providers/bundled.json",
    ]
  ) ok(files.includes(name), name);
});

Deno.test("compiled: the entry of authsome answers as cli.ts does", async () => {
  const { code, stdout } = await deno(["run", "--quiet", "--allow-all", authsome!.entry, "-v"]);

  equal(code, 0);
  match(stdout, /^authsome \d/);
});

Deno.test("compiled: the daemon's permissions, relative to where it starts, confine it", async () => {
  const home = await Deno.makeTempDir({ prefix: "authsome-" });
  try {
    const { server } = homePaths(home);
    await Deno.mkdir(server.daemon, { recursive: true });
    const { code, stdout, stderr } = await deno([
      ...["run", "--quiet", `--config=${ROOT}deno.json`, "--frozen"],
      ...daemon!.permissions,
      ...[`${ROOT}tests/support/confinement_probe.ts`, home],
    ], server.dir);

    equal(code, 0, stderr);
    // Its ports are not known when it is compiled, so that it may try the others of this address.
    deepEqual(JSON.parse(stdout), ["connect to another local service"]);
  } finally {
    await Deno.remove(home, { recursive: true });
  }
});

Deno.test("compiled: the relay may do what it may when it is not compiled", () => {
  const run = relayFlags(moduleEntries()).map(({ flag }) => flag);

  const permissions = relay!.permissions.filter((flag) => /^--(allow|deny|no-prompt)/.test(flag));
  deepEqual(permissions.filter((flag) => !run.includes(flag)), []);
});

Deno.test("compile: the flags are taken, and what the daemon serves is embedded", async () => {
  const directory = await Deno.makeTempDir({ prefix: "authsome-" });
  try {
    // The whole of Deno stands in for the runtime: the result is a program, but not authsomed.
    const { code, stderr } = await deno(
      [
        ...["compile", "--no-check", "--frozen", "--exclude-unused-npm"],
        ...["--output", `${directory}/authsomed`, ...daemon!.permissions, daemon!.entry],
      ],
      ROOT,
      { DENORT_BIN: Deno.execPath() },
    );

    equal(code, 0, stderr);
    const program = Buffer.from(await Deno.readFile(`${directory}/authsomed`));
    for (const file of ["daemon/dashboard/dashboard.css", "daemon/openapi/swagger_ui.json"]) {
      const start = (await Deno.readTextFile(`${ROOT}${file}`)).slice(0, 500);
      ok(program.includes(start), file);
    }
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("compile: without the runtime the task fails and says how to supply it", async () => {
  const target = TARGETS[0]!;
  const { code, stderr } = await deno(["run", "--quiet", "-A", "compile/main.ts", target], ROOT, {
    DENORT_BIN: "/nowhere/denort",
  });

  equal(code, 1);
  match(stderr, new RegExp(`Cannot compile authsome for ${target}`));
  ok(stderr.includes(howToSupplyRuntime(target)), stderr);
});

Deno.test("compile: a target that there is not is refused, with those that there are", async () => {
  const { code, stderr } = await deno(["run", "--quiet", "-A", "compile/main.ts", "z80-cpm"]);

  equal(code, 2);
  match(stderr, /x86_64-unknown-linux-gnu/);
});

/** Files of the checkout that a compiled `entry` holds. */
async function graphOf(entry: string): Promise<string[]> {
  const { stdout } = await deno(["info", "--json", entry]);
  const modules: { specifier: string }[] = JSON.parse(stdout).modules;
  return modules.map(({ specifier }) =>
    specifier.replace(new URL("../../", import.meta.url).href, "")
  );
}

async function deno(
  args: readonly string[],
  cwd: string = ROOT,
  env: Readonly<Record<string, string>> = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd,
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
  }).output();
  const text = new TextDecoder();
  return { code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
}
