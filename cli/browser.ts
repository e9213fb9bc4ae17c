/**
 * Opens a page in the person's browser, where there is one.
 *
 * @module
 */

/** A program and its arguments. */
export type OpenCommand = readonly [program: string, ...args: string[]];

/** What is known of the system. */
export interface BrowserSurroundings {
  readonly os: typeof Deno.build.os;
  readonly read: (name: string) => string | undefined;
  /** Text of a file, empty when there is none. */
  readonly readFile: (path: string) => string;
}

const SURROUNDINGS: BrowserSurroundings = {
  os: Deno.build.os,
  read: (name) => Deno.env.get(name),
  readFile: (path) => {
    try {
      return Deno.readTextFileSync(path);
    } catch {
      return "";
    }
  },
};

/** Whether a browser on this machine would be seen by the person. */
export function canOpenBrowser(surroundings: BrowserSurroundings = SURROUNDINGS): boolean {
  return openCommand("https://example.com/", surroundings) !== null;
}

/** Opens a page. Does not wait; false when nothing was started. */
export function openBrowser(
  url: string,
  surroundings: BrowserSurroundings = SURROUNDINGS,
): boolean {
  const command = openCommand(url, surroundings);
  if (command === null) return false;
  const [program, ...args] = command;
  try {
    const child = new Deno.Command(program, {
      args,
      stdin: "null",
      stdout: "null",
      stderr: "null",
      detached: true,
    }).spawn();
    child.unref();
    return true;
  } catch {
    return false; // The program is not there; the person was given the URL anyway.
  }
}

/**
 * How this system opens a page; null when it has no screen (SSH, a container) or when the URL is
 * not http or https: `file:` and application schemes would let a provider start programs here.
 */
export function openCommand(
  url: string,
  { os, read, readFile }: BrowserSurroundings,
): OpenCommand | null {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed === null || !/^https?:$/.test(parsed.protocol)) return null;
  const { href } = parsed; // serialized anew: no spaces, quotes or control characters
  if (os === "darwin") return isRemote(read) ? null : ["open", href];
  if (os === "windows") return ["rundll32", "url.dll,FileProtocolHandler", href];
  if (/microsoft/i.test(readFile("/proc/version"))) {
    return ["rundll32.exe", "url.dll,FileProtocolHandler", href];
  }
  const hasScreen = Boolean(read("DISPLAY") || read("WAYLAND_DISPLAY"));
  return hasScreen ? ["xdg-open", href] : null;
}

/** On a Mac reached over SSH, `open` would open the page on the other screen. */
function isRemote(read: (name: string) => string | undefined): boolean {
  return Boolean(read("SSH_CONNECTION") || read("SSH_TTY"));
}
