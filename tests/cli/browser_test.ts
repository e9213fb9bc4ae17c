import { deepEqual, equal } from "node:assert/strict";
import { type BrowserSurroundings, openCommand } from "../../cli/browser.ts";

/** A system with these variables. */
function system(
  os: BrowserSurroundings["os"],
  env: Readonly<Record<string, string>> = {},
  version = "Linux version 6.1",
): BrowserSurroundings {
  return { os, read: (name) => env[name], readFile: () => version };
}

const URL = "https://example.com/?a=1&b=%20";

Deno.test("openCommand() knows the program of each system", () => {
  const wsl = "Linux version 5.15.0-microsoft-standard-WSL2";

  deepEqual(openCommand(URL, system("linux", { DISPLAY: ":0" })), ["xdg-open", URL]);
  deepEqual(openCommand(URL, system("linux", { WAYLAND_DISPLAY: "w" })), ["xdg-open", URL]);
  deepEqual(openCommand(URL, system("darwin")), ["open", URL]);
  equal(openCommand(URL, system("windows"))?.[0], "rundll32");
  equal(openCommand(URL, system("linux", {}, wsl))?.[0], "rundll32.exe");
});

Deno.test("openCommand() opens nothing where nobody would see it", () => {
  equal(openCommand(URL, system("linux")), null);
  equal(openCommand(URL, system("darwin", { SSH_CONNECTION: "1 2 3 4" })), null);
});

for (
  const url of [
    "file:///etc/passwd",
    "javascript:alert(1)",
    "vscode://x",
    "--version",
    "not a url",
    "http://",
  ]
) {
  Deno.test(`openCommand() refuses ${url}, which a provider could send`, () => {
    equal(openCommand(url, system("linux", { DISPLAY: ":0" })), null);
  });
}

Deno.test("openCommand() gives the program no space, quote or line end to trip over", () => {
  const command = openCommand('https://example.com/a b"c\n--x', system("darwin"));

  equal(/[\s"]/.test(command?.[1] ?? ""), false);
});
