/**
 * Programs that some tests use when the machine has them, and what is not tested without.
 *
 * The suite passes with Deno alone; a test that needs one of these is skipped where it is missing,
 * and the test run says so at the start.
 *
 * @module
 */
import { findProgram } from "./deno_on_path.ts";
import { endsWell } from "./ends_well.ts";

/** A program that a test may use. */
export interface OptionalProgram {
  readonly name: string;
  /** What is skipped without it. */
  readonly usedFor: string;
  /** Arguments with which it ends in success when it works here. */
  readonly probe: readonly string[];
}

/** All of them, in the order they are reported. */
export const OPTIONAL_PROGRAMS: readonly OptionalProgram[] = [
  { name: "curl", usedFor: "curl as a child of run", probe: ["--version"] },
  { name: "git", usedFor: "git as a child of run", probe: ["--version"] },
  {
    name: "node",
    usedFor: "Node as a child of run, and HTTP/2, whose other side it is",
    probe: ["--version"],
  },
  { name: "npm", usedFor: "axios, Bun, OpenAI's and Anthropic's libraries", probe: ["--version"] },
  { name: "go", usedFor: "a Go program as a child of run", probe: ["version"] },
  { name: "javac", usedFor: "Java programs as children of run", probe: ["--version"] },
  { name: "ruby", usedFor: "a Ruby program as a child of run", probe: ["--version"] },
  { name: "php", usedFor: "a PHP program as a child of run", probe: ["--version"] },
  { name: "perl", usedFor: "Perl programs as children of run", probe: ["--version"] },
  {
    name: "python3",
    usedFor: "Python as a child of run, and prompts on a terminal",
    probe: ["-V"],
  },
  { name: "openssl", usedFor: "a second opinion on our certificates", probe: ["version"] },
  { name: "zsh", usedFor: "completions in zsh", probe: ["--version"] },
  { name: "fish", usedFor: "completions in fish", probe: ["--version"] },
  { name: "setpriv", usedFor: "what another user of the machine can do", probe: ["--version"] },
  { name: "chromium", usedFor: "pages in a real browser", probe: ["--version"] },
];

/** Whether `program` is on the path and runs. */
export async function isAvailable(program: OptionalProgram): Promise<boolean> {
  if (findProgram(program.name, Deno.env.get("PATH") ?? "") === null) return false;
  // `deno task` puts a stand-in for `node` on the path where there is none; it is Deno, not Node.
  if (program.name === "node" && Deno.env.get("DENO_NODE_SHIM_ACTIVE") !== undefined) return false;
  return await endsWell(program.name, program.probe);
}
