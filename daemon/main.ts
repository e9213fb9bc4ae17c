/**
 * Entry of the daemon's process. Started by `client/launch.ts` under the flags of
 * `client/daemon_flags.ts`, with one boot line on standard input.
 *
 * @module
 */
import { type DaemonBoot, START_FAILURE_MARK } from "../core/boot.ts";
import { AuthsomeError, DaemonUnavailableError, UnexpectedError } from "../core/errors.ts";
import { readBootLine } from "./boot_line.ts";
import { closeOnInspectorSignal } from "./inspector_signal.ts";
import { stderrLog } from "./log.ts";
import { startDaemon } from "./start_daemon.ts";

/** Exit code when the port is held by another process. */
export const PORT_HELD_EXIT_CODE = 48;

if (import.meta.main) {
  closeOnInspectorSignal();
  const log = stderrLog();
  try {
    const boot = await readBootLine<DaemonBoot>();
    const daemon = await startDaemon(boot, log);
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      if (Deno.build.os === "windows" && signal === "SIGTERM") continue;
      Deno.addSignalListener(signal, () => void daemon.stop());
    }
    await daemon.finished;
    Deno.exit(0);
  } catch (error) {
    const portHeld = error instanceof Deno.errors.AddrInUse;
    const known = error instanceof AuthsomeError
      ? error
      : portHeld
      ? new DaemonUnavailableError("Cannot start the daemon: its port is held by another process", {
        hint: "Stop it, or choose another port: AUTHSOME_PORT=7999",
      })
      : new UnexpectedError("Cannot start the daemon: something unexpected happened");
    log.error("daemon failed to start", error);
    // The launcher looks for this line and throws the same error to the person.
    log.info(`${START_FAILURE_MARK}${JSON.stringify(known.toEnvelope())}`);
    Deno.exit(portHeld ? PORT_HELD_EXIT_CODE : 1);
  }
}
