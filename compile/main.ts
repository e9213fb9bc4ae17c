/**
 * `deno task compile [TARGET…]`: every program of a release, below `dist/release/TARGET/`.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { compileProgram, howToSupplyRuntime } from "./compile_program.ts";
import { PROGRAMS, TARGETS } from "./programs.ts";

/** Compiles for `targets`. Returns the exit code; the first failure is the last attempt. */
async function main(targets: readonly string[]): Promise<number> {
  const unknown = targets.find((target) => !TARGETS.includes(target));
  if (unknown !== undefined) {
    say(`Cannot compile for ${unknown}: the targets are ${TARGETS.join(", ")}`);
    return 2;
  }
  for (const target of targets.length === 0 ? TARGETS : targets) {
    const directory = fileURLToPath(new URL(`../dist/release/${target}`, import.meta.url));
    await Deno.mkdir(directory, { recursive: true });
    for (const program of PROGRAMS) {
      const failure = await compileProgram(program, target, directory);
      if (failure !== null) {
        say(`Cannot compile ${program.name} for ${target}:\n${failure}\n`);
        say(howToSupplyRuntime(target));
        return 1;
      }
      say(`dist/release/${target}/${program.name}`);
    }
  }
  return 0;
}

function say(text: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`${text}\n`));
}

if (import.meta.main) Deno.exit(await main(Deno.args));
