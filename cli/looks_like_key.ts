/**
 * Tells a key that was pasted in the wrong place from an ordinary word, so that no message repeats it.
 *
 * @module
 */

/** Whether `word` has the form of a key: a known beginning, or long, of letters and digits. */
export function looksLikeKey(word: string): boolean {
  const isLong = /^[\w.+/=-]{16,}$/.test(word) && /\d/.test(word) && /[A-Za-z]/.test(word);
  return isLong || /^(sk|pk|rk|gh[opsu]|github_pat|xox[a-z]|glpat|key)[-_]/i.test(word);
}
