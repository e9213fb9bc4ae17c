/**
 * The libraries of OpenAI and Anthropic, in the runtimes that people use them in.
 *
 * @module
 */
import {
  type ClientProgram,
  findBun,
  findNodeWith,
  findProgramWith,
  findPython,
} from "./client_programs.ts";

/** A library: a program that asks twice, for a whole answer and for a streamed one. */
export interface ModelLibrary {
  readonly find: ClientProgram["find"];
  readonly command: (program: string, directory: string) => readonly string[];
  readonly vendor: keyof typeof VENDORS;
}

/** What their owners' machines have. */
export const VENDORS = {
  openai: {
    host: "api.openai.com",
    key: "sk-0123456789abcdefghijklmnopqrstuv",
    keyVariable: "OPENAI_API_KEY",
    header: "authorization",
    scheme: "Bearer ",
    baseVariable: "OPENAI_BASE_URL",
    basePath: "/v1",
  },
  anthropic: {
    host: "api.anthropic.com",
    key: "sk-ant-0123456789abcdefghijklmnopqrstuv",
    keyVariable: "ANTHROPIC_API_KEY",
    header: "x-api-key",
    scheme: "",
    baseVariable: "ANTHROPIC_BASE_URL",
    basePath: "",
  },
} as const;

const DENO = ["run", "--quiet", "-A", "--node-modules-dir=manual"];

function of(
  vendor: ModelLibrary["vendor"],
  find: ClientProgram["find"],
  file: string,
  options: readonly string[] = [],
): ModelLibrary {
  return {
    vendor,
    find,
    command: (program, directory) => [program, ...options, `${directory}/${file}`],
  };
}

/** Name → library. */
export const MODEL_LIBRARIES: Readonly<Record<string, ModelLibrary>> = {
  "OpenAI in Node": of("openai", findNodeWith("openai"), "openai_chat.mjs"),
  "OpenAI in Deno": of("openai", findProgramWith("deno", "openai"), "openai_chat.mjs", DENO),
  "OpenAI in Bun": of("openai", findBun, "openai_chat.mjs"),
  "OpenAI in Python": of("openai", () => findPython("openai"), "openai_chat.py"),
  "Anthropic in Node": of(
    "anthropic",
    findNodeWith("@anthropic-ai/sdk"),
    "anthropic_message.mjs",
  ),
  "Anthropic in Deno": of(
    "anthropic",
    findProgramWith("deno", "@anthropic-ai/sdk"),
    "anthropic_message.mjs",
    DENO,
  ),
  "Anthropic in Bun": of("anthropic", findBun, "anthropic_message.mjs"),
  "Anthropic in Python": of("anthropic", () => findPython("anthropic"), "anthropic_message.py"),
};
