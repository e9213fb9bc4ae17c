/**
 * A small agent, written as if authsome did not exist: it takes its key and its API's address from
 * the environment, as any SDK does, and calls the API with `fetch`.
 *
 * `deno task try` runs it under `authsome run`, where `ACME_API_KEY` holds a placeholder.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- this is somebody's program, not a part of authsome

interface Note {
  readonly id: number;
  readonly text: string;
}

const key = Deno.env.get("ACME_API_KEY");
const api = Deno.env.get("ACME_API_URL") ?? "https://api.acme.test";
if (key === undefined) {
  console.error("Cannot ask Acme for notes: ACME_API_KEY is not set");
  Deno.exit(1);
}
console.log(`ACME_API_KEY=${key}`);

const response = await fetch(`${api}/v1/notes`, { headers: { authorization: `Bearer ${key}` } });
if (!response.ok) {
  console.error(`Cannot ask Acme for notes: ${api} answered ${response.status}`);
  console.error(await response.text());
  Deno.exit(1);
}

const notes: Note[] = await response.json();
console.log(`GET ${api}/v1/notes answered ${response.status} with ${notes.length} notes:`);
for (const { id, text } of notes) console.log(`  ${id}. ${text}`);
