/**
 * Every command, one line each. Nothing is loaded before it is needed.
 *
 * To add a command: a file in this folder, and a line here.
 *
 * @module
 */
import { importLater } from "../core/import_later.ts";
import type { Command } from "./command.ts";

/** Where help lists a command; in this order. */
export const GROUPS = {
  start: "Get started",
  use: "Use credentials",
  connections: "Connections",
  providers: "Providers",
  system: "Profiles and the daemon",
} as const;

/** One line of the register. */
export interface CommandEntry {
  readonly name: string;
  /** Other names that do the same. */
  readonly aliases?: readonly string[];
  readonly group: keyof typeof GROUPS;
  readonly summary: string;
  // deno-lint-ignore no-explicit-any -- a command's options differ from file to file
  readonly load: () => Promise<Command<any>>;
}

/** The register. */
export const COMMANDS: readonly CommandEntry[] = [
  // deno-fmt-ignore-start
  { name: "init", group: "start", summary: "Make your profile; safe to repeat", load: async () => (await importLater<typeof import("./init.ts")>("cli/init.ts")).init },
  {
    name: "login",
    group: "start",
    summary: "Log in to a provider, once",
    load: async () => (await importLater<typeof import("./login.ts")>("cli/login.ts")).login,
  },
  {
    name: "doctor",
    group: "start",
    summary: "Check that everything works",
    load: async () => (await importLater<typeof import("./doctor.ts")>("cli/doctor.ts")).doctor,
  },

  {
    name: "ui",
    group: "start",
    summary: "Open the dashboard in a browser",
    load: async () => (await importLater<typeof import("./ui.ts")>("cli/ui.ts")).ui,
  },
  {
    name: "run",
    group: "use",
    summary: "Run a command that uses your logins and never sees them",
    load: async () =>
      (await importLater<typeof import("./run_modules.ts")>("cli/run_modules.ts")).run,
  },
  {
    name: "export",
    group: "use",
    summary: "Print credentials as environment variables",
    load: async () =>
      (await importLater<typeof import("./export.ts")>("cli/export.ts")).exportCommand,
  },
  {
    name: "scan",
    group: "use",
    summary: "Find keys in .env files and elsewhere; import them",
    load: async () => (await importLater<typeof import("./scan.ts")>("cli/scan.ts")).scan,
  },
  {
    name: "get",
    aliases: ["connections inspect"],
    group: "use",
    summary: "Show one connection; secrets masked unless asked for",
    load: async () => (await importLater<typeof import("./get.ts")>("cli/get.ts")).get,
  },

  {
    name: "list",
    aliases: ["connections list", "provider list"],
    group: "connections",
    summary: "Providers and what you are logged in to",
    load: async () => (await importLater<typeof import("./list.ts")>("cli/list.ts")).list,
  },
  {
    name: "set-default",
    aliases: ["connections set-default"],
    group: "connections",
    summary: "Choose a provider's default connection",
    load: async () =>
      (await importLater<typeof import("./set_default.ts")>("cli/set_default.ts")).setDefault,
  },
  {
    name: "logout",
    group: "connections",
    summary: "Forget one connection on this machine",
    load: async () => (await importLater<typeof import("./logout.ts")>("cli/logout.ts")).logout,
  },
  {
    name: "revoke",
    aliases: ["provider revoke"],
    group: "connections",
    summary: "Revoke a provider's tokens and forget them",
    load: async () => (await importLater<typeof import("./revoke.ts")>("cli/revoke.ts")).revoke,
  },

  {
    name: "inspect",
    aliases: ["provider inspect"],
    group: "providers",
    summary: "One provider: hosts, flows, variables, connections",
    load: async () => (await importLater<typeof import("./inspect.ts")>("cli/inspect.ts")).inspect,
  },
  {
    name: "register",
    aliases: ["provider register"],
    group: "providers",
    summary: "Add a provider from a file",
    load: async () =>
      (await importLater<typeof import("./register.ts")>("cli/register.ts")).register,
  },
  {
    name: "remove",
    aliases: ["provider remove"],
    group: "providers",
    summary: "Remove a provider you added, or reset a bundled one",
    load: async () => (await importLater<typeof import("./remove.ts")>("cli/remove.ts")).remove,
  },

  {
    name: "whoami",
    group: "system",
    summary: "Home, profile, vault, daemon",
    load: async () => (await importLater<typeof import("./whoami.ts")>("cli/whoami.ts")).whoami,
  },
  {
    name: "log",
    group: "system",
    summary: "What was decided and done: the audit log",
    load: async () => (await importLater<typeof import("./log.ts")>("cli/log.ts")).log,
  },
  {
    name: "log verify",
    group: "system",
    summary: "Check that nobody changed the audit log",
    load: async () =>
      (await importLater<typeof import("./log_verify.ts")>("cli/log_verify.ts")).logVerify,
  },
  {
    name: "backup",
    group: "system",
    summary: "Everything that is kept, as one file with a passphrase",
    load: async () => (await importLater<typeof import("./backup.ts")>("cli/backup.ts")).backup,
  },
  {
    name: "backup verify",
    group: "system",
    summary: "Prove that a backup opens, and see what it holds",
    load: async () =>
      (await importLater<typeof import("./backup_verify.ts")>("cli/backup_verify.ts")).backupVerify,
  },
  {
    name: "restore",
    group: "system",
    summary: "Put a backup in place of what is kept",
    load: async () => (await importLater<typeof import("./restore.ts")>("cli/restore.ts")).restore,
  },
  {
    name: "key rotate",
    group: "system",
    summary: "New keys for everything that is kept",
    load: async () =>
      (await importLater<typeof import("./key_rotate.ts")>("cli/key_rotate.ts")).keyRotate,
  },
  {
    name: "profile create",
    group: "system",
    summary: "Make another profile and use it",
    load: async () =>
      (await importLater<typeof import("./profile_create.ts")>("cli/profile_create.ts"))
        .profileCreate,
  },
  {
    name: "profile use",
    group: "system",
    summary: "Switch to a profile",
    load: async () =>
      (await importLater<typeof import("./profile_use.ts")>("cli/profile_use.ts")).profileUse,
  },
  {
    name: "profile list",
    group: "system",
    summary: "The profiles on this machine",
    load: async () =>
      (await importLater<typeof import("./profile_list.ts")>("cli/profile_list.ts")).profileList,
  },
  {
    name: "profile accept",
    group: "system",
    summary: "Let another machine run programs with your logins",
    load: async () =>
      (await importLater<typeof import("./profile_accept.ts")>("cli/profile_accept.ts"))
        .profileAccept,
  },
  {
    name: "profile refuse",
    group: "system",
    summary: "Keep a machine out that asks to be let in",
    load: async () =>
      (await importLater<typeof import("./profile_refuse.ts")>("cli/profile_refuse.ts"))
        .profileRefuse,
  },
  {
    name: "profile remove",
    group: "system",
    summary: "Take the access of another machine away",
    load: async () =>
      (await importLater<typeof import("./profile_remove.ts")>("cli/profile_remove.ts"))
        .profileRemove,
  },
  {
    name: "daemon status",
    group: "system",
    summary: "Whether the daemon runs",
    load: async () =>
      (await importLater<typeof import("./daemon_status.ts")>("cli/daemon_status.ts")).daemonStatus,
  },
  {
    name: "daemon start",
    group: "system",
    summary: "Start the daemon (commands do it for you)",
    load: async () =>
      (await importLater<typeof import("./daemon_start.ts")>("cli/daemon_start.ts")).daemonStart,
  },
  {
    name: "daemon stop",
    group: "system",
    summary: "Stop the daemon",
    load: async () =>
      (await importLater<typeof import("./daemon_stop.ts")>("cli/daemon_stop.ts")).daemonStop,
  },
  {
    name: "daemon restart",
    group: "system",
    summary: "Stop it and start it again",
    load: async () =>
      (await importLater<typeof import("./daemon_restart.ts")>("cli/daemon_restart.ts"))
        .daemonRestart,
  },
  {
    name: "daemon serve",
    group: "system",
    summary: "Run the daemon in the foreground",
    load: async () =>
      (await importLater<typeof import("./daemon_serve.ts")>("cli/daemon_serve.ts")).daemonServe,
  },
  {
    name: "daemon logs",
    group: "system",
    summary: "The end of the daemon's log",
    load: async () =>
      (await importLater<typeof import("./daemon_logs.ts")>("cli/daemon_logs.ts")).daemonLogs,
  },
  {
    name: "completions",
    group: "system",
    summary: "Completions for bash, zsh and fish",
    load: async () =>
      (await importLater<typeof import("./completions.ts")>("cli/completions.ts")).completions,
  },
  // deno-fmt-ignore-end
];
