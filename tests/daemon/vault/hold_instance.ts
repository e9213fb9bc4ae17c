/**
 * Run by a test: takes the lock, says so, and keeps it until it is killed or its input ends.
 *
 * @module
 */
import { holdSingleInstance } from "../../../daemon/vault/single_instance.ts";

const lock = holdSingleInstance(Deno.args[0]!, Deno.pid);
await Deno.stdout.write(new TextEncoder().encode("held"));
await Deno.stdin.read(new Uint8Array(1));
lock.release();
