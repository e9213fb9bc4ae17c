/**
 * "Did you mean": the names nearest to a mistyped one.
 *
 * @module
 */

/**
 * Up to `limit` of `candidates`, nearest first: those within a third of the word's length in edits,
 * and those that begin with the word or hold it.
 */
export function nearest(word: string, candidates: readonly string[], limit = 3): string[] {
  const wanted = word.toLowerCase();
  const reach = Math.max(1, Math.floor(wanted.length / 3));
  const scored: [number, string][] = [];
  for (const candidate of candidates) {
    const distance = edits(wanted, candidate.toLowerCase());
    if (distance <= reach) scored.push([distance, candidate]);
    else if (wanted.length >= 3 && candidate.toLowerCase().startsWith(wanted)) {
      scored.push([reach + 1, candidate]);
    } else if (wanted.length >= 4 && candidate.toLowerCase().includes(wanted)) {
      scored.push([reach + 2, candidate]);
    }
  }
  scored.sort((a, b) => a[0] - b[0] || a[1].length - b[1].length || (a[1] < b[1] ? -1 : 1));
  return scored.slice(0, limit).map(([, name]) => name);
}

/** Whether `word` is `name` but for one or two letters. */
export function isMistyped(word: string, name: string): boolean {
  const distance = edits(word.toLowerCase(), name.toLowerCase());
  return distance > 0 && distance <= 2;
}

/** Insertions, deletions, replacements and swaps of neighbours between two words. */
function edits(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, before[j - 2]! + 1);
      }
      next.push(cost);
    }
    before = row;
    row = next;
  }
  return row[b.length]!;
}
