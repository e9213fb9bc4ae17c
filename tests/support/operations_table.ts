/**
 * Rewrites the table of operations in `docs/http-api.md` from the register:
 *
 *     deno task api_table
 *
 * @module
 */
import type { AllowedCaller } from "../../daemon/openapi/operation.ts";
import { OPERATIONS } from "../../daemon/openapi/operations.ts";
import { say } from "./narrator.ts";

/** Stand before and after the table. */
const MARKS = ["<!-- operations: deno task api_table -->\n", "<!-- end of operations -->"] as const;

const CALLERS: Readonly<Record<AllowedCaller, string>> = {
  anyone: "anyone",
  new_identity: "the new key",
  owner: "owner",
  owner_or_run: "owner, run",
};

/** One line for each operation. */
export function operationsTable(): string {
  const rows = OPERATIONS.map(({ method, path, caller, summary, answer, request }) => [
    `\`${method} ${path}\``,
    CALLERS[caller],
    summary,
    request?.name ?? "",
    answer.name ?? answer.type,
  ]);
  return [
    ["operation", "who may call", "what it does", "request", "answer"],
    ["---", "---", "---", "---", "---"],
    ...rows,
  ].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** The table that stands in the page. */
export function tableOf(page: string): string {
  const [before, after] = MARKS.map((mark) => page.indexOf(mark));
  return page.slice(before! + MARKS[0].length, after).trim();
}

function main(): void {
  const path = new URL("../../docs/http-api.md", import.meta.url);
  const page = Deno.readTextFileSync(path);
  Deno.writeTextFileSync(path, page.replace(tableOf(page), operationsTable()));
  say("Rewrote the table of docs/http-api.md. Run: deno fmt docs/http-api.md");
}

if (import.meta.main) main();
