/**
 * Entry of the egress relay's process. Started by `client/launch.ts` with `--allow-net` alone; one
 * boot line on standard input, one {@linkcode RelayReady} line on standard output, then silence.
 *
 * @module
 */
import { lookup } from "node:dns/promises";
import type { RelayBoot, RelayReady } from "../core/boot.ts";
import { readBootLine } from "./boot_line.ts";
import { startRelay } from "./relay.ts";
import { closeOnInspectorSignal } from "./inspector_signal.ts";

if (import.meta.main) {
  closeOnInspectorSignal();
  const boot = await readBootLine<RelayBoot>();
  // getaddrinfo, not DNS alone: /etc/hosts and split-horizon resolvers count.
  const resolve = async (host: string) =>
    (await lookup(host, { all: true, verbatim: true })).map(({ address }) => address);
  const relay = startRelay(boot, { resolve });
  const ready: RelayReady = { port: relay.port };
  // Not by way of a stream: the first one of a process takes milliseconds that the daemon lacks.
  const line = new TextEncoder().encode(`${JSON.stringify(ready)}\n`);
  for (let n = 0; n < line.length;) n += await Deno.stdout.write(line.subarray(n));
  Deno.stdout.close();
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    Deno.addSignalListener(signal, () => relay.close());
  }
  await relay.finished;
  Deno.exit(0);
}
