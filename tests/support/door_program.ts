/**
 * A front door that echoes, in a process of its own: for what is only seen where few files may be open.
 * Prints its port.
 *
 * @module
 */
import { listen } from "../../proxy/listener.ts";
import { say } from "./narrator.ts";

if (import.meta.main) {
  const { port } = await listen((socket) => {
    socket.on("data", (data: Uint8Array) => socket.write(data));
    socket.on("end", () => socket.end());
  }, { lookMs: 50 });
  say(String(port));
}
