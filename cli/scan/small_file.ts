/**
 * Reading a file that somebody else keeps, without trusting what it is.
 *
 * @module
 */

const MAX_BYTES = 1 << 20;

/** What came of it: its text, that there is none, or why it cannot be read. */
export type SmallFile =
  | { readonly text: string }
  | { readonly missing: true }
  | { readonly problem: string };

/** The text of a plain file of at most 1 MiB; a pipe is not waited for. */
export async function readSmallFile(path: string): Promise<SmallFile> {
  try {
    const { isFile, size } = await Deno.stat(path);
    if (!isFile) return { problem: "it is not a file" };
    if (size > MAX_BYTES) return { problem: "it is larger than 1 MiB" };
    // Without a byte order mark: it would become part of the first name.
    return { text: (await Deno.readTextFile(path)).replace(/^\ufeff/, "") };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return { missing: true };
    }
    return { problem: "it cannot be read" };
  }
}
