/**
 * Commands that run a small program of a test in another language.
 *
 * @module
 */
import { PATH, works } from "./client_programs.ts";

/** A program and its arguments; null when this machine cannot run it. */
export type ForeignCommand = readonly [string, ...string[]] | null;

/** For Node.js, and not for Deno under its name. */
export async function nodeCommand(source: string): Promise<ForeignCommand> {
  return await works("node", "-e", "if (globalThis.Deno) process.exit(1)")
    ? ["node", source]
    : null;
}

/** Builds a Go program of one file into `program`. Throws an {@linkcode Error} with the compiler's words. */
export async function goCommand(source: string, program: string): Promise<ForeignCommand> {
  if (!await works("go", "version")) return null;
  const { success, stderr } = await new Deno.Command("go", {
    args: ["build", "-o", program, source],
    env: { PATH, GO111MODULE: "off", GOFLAGS: "-mod=mod", GOPROXY: "off" },
    stdout: "null",
    stderr: "piped",
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return [program];
}
