/**
 * What is said when a word that was to narrow a list stands for nothing.
 *
 * @module
 */
import { nearest } from "../core/suggestion.ts";

/** `Nothing is called "opnai". Did you mean openai? …`, with the command that lists every name. */
export function nothingCalled(word: string, names: readonly string[]): string {
  const close = nearest(word, names);
  const guess = close.length === 0 ? "" : ` Did you mean ${close.join(" or ")}?`;
  return `Nothing is called ${JSON.stringify(word)}.${guess} Every name: authsome list --all`;
}
