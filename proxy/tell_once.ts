/**
 * Tells the owner each thing once, and not without end: a program that is refused tries again, and a
 * hostile one could fill terminal and log with lines that it makes up.
 *
 * @module
 */

/** Different lines. */
const MAX_TOLD = 50;

/** `note`, for lines that others can cause. */
export function tellOnce(note: (line: string) => void): (line: string) => void {
  const told = new Set<string>();
  return (line) => {
    if (told.size >= MAX_TOLD || told.has(line)) return;
    told.add(line);
    note(line);
    if (told.size === MAX_TOLD) note("there is more of this kind, which is not shown");
  };
}
