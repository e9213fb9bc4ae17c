/**
 * A daemon's port in a process of its own: for what is only seen where few files may be open.
 * `/wait` is answered when somebody has asked for `/go`. Prints its port, and why it was opened anew.
 *
 * @module
 */
import { HttpDoor } from "../../daemon/http_door.ts";
import { say } from "./narrator.ts";

if (import.meta.main) {
  const told = Promise.withResolvers<void>();
  const { port } = new HttpDoor("127.0.0.1", 0, async ({ url }) => {
    if (url.endsWith("/go")) told.resolve();
    if (url.endsWith("/wait")) {
      say("waiting");
      await told.promise;
    }
    return new Response("served");
  }, {
    onReopened: (cause) => say(String(cause)),
    onLost: (cause) => say(`lost: ${cause}`),
  });
  say(String(port));
}
