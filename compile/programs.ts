/**
 * What a compiled release consists of, and what each program may do.
 *
 * There is one program for each set of permissions, because they are baked in when it is compiled.
 * Paths among them are resolved when it starts, against the working directory: the launcher starts
 * the daemon and the relay in `server/` of the home (`client/confined_command.ts`).
 *
 * @module
 */

/** A program of a release. */
export interface Program {
  /** Of the file, without `.exe`; `client/confined_command.ts` looks for these names. */
  readonly name: string;
  /** Below the root of the checkout. */
  readonly entry: string;
  /** Flags of `deno compile`. */
  readonly permissions: readonly string[];
  /** Whether it loads modules by `core/import_later.ts`. */
  readonly loadsLater?: boolean;
}

/** See the module. */
export const PROGRAMS: readonly Program[] = [
  {
    name: "authsome",
    entry: "compile/authsome.ts",
    permissions: ["--allow-all"],
    loadsLater: true,
  },
  {
    name: "authsomed",
    entry: "daemon/main.ts",
    permissions: [
      "--no-prompt",
      "--cached-only",
      "--allow-import=127.0.0.1:9",
      // Its ports are chosen when it starts, so that all of this address has to do.
      "--allow-net=127.0.0.1",
      "--allow-read=.",
      "--allow-write=.",
    ],
  },
  {
    name: "authsome-relay",
    entry: "daemon/relay_main.ts",
    permissions: [
      "--no-prompt",
      "--cached-only",
      "--allow-import=127.0.0.1:9",
      "--allow-net",
      "--deny-net=0.0.0.0,169.254.0.0/16,100.100.100.200,168.63.129.16,224.0.0.0/4,240.0.0.0/4",
    ],
  },
];

/** Systems that a release is made for, as Deno names them. */
export const TARGETS: readonly string[] = [
  "x86_64-unknown-linux-gnu",
  "aarch64-unknown-linux-gnu",
  "x86_64-apple-darwin",
  "aarch64-apple-darwin",
  "x86_64-pc-windows-msvc",
];
