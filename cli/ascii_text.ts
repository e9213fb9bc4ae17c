/**
 * Text for a terminal whose locale is not UTF-8 (`LC_ALL=C` on a server, say): what authsome itself
 * draws gets its plain spelling, and any other letter a question mark, as `ls` does it.
 *
 * @module
 */

/** Whether the locale says that the terminal takes ASCII alone. No locale at all says nothing. */
export function wantsAscii(read: (name: string) => string | undefined): boolean {
  // The first that is set counts (POSIX.1-2017, XBD section 8.2).
  const locale = read("LC_ALL") || read("LC_CTYPE") || read("LANG") || "";
  return locale !== "" && !/utf-?8/i.test(locale);
}

const SPELLINGS: Readonly<Record<string, string>> = {
  "→": "->",
  "…": "...",
  "–": "-",
  "—": "-",
  "×": "x",
  "✓": "ok",
};

/** A turning bar in place of turning dots (U+2800 and what follows). */
const BAR = "|/-\\";

/** The text in ASCII. */
export function asciiText(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replace(/[^\x00-\x7f]/gu, (letter) => {
    const spelling = SPELLINGS[letter];
    if (spelling !== undefined) return spelling;
    const code = letter.codePointAt(0)!;
    return code >= 0x2800 && code < 0x2900 ? BAR[code % BAR.length]! : "?";
  });
}
