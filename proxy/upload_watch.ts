/**
 * Ends uploads that stand still: the server takes nothing more and says nothing. One whose client has
 * left ends soon, where that can be told; for any other there is a limit to the standing still, as
 * other proxies have.
 *
 * @module
 */
import type { Duplex } from "./duplex.ts";
import { Refusal } from "./fail_closed.ts";
import type { Forward } from "./forward.ts";
import type { ByteReader } from "./http1/byte_reader.ts";
import type { SenderWatch } from "./sender_watch.ts";
import type { Upstream } from "./upstream_pool.ts";

/** A body on its way from a client to a server. */
export interface Upload {
  readonly client: Duplex;
  /** Reader of the client's connection. */
  readonly reader: ByteReader;
  readonly upstream: Upstream;
  readonly forward: Pick<Forward, "authority">;
}

/** Has `end` called when the upload stands still for good; what it returns ends the watch. */
export function watchUpload(
  watch: SenderWatch,
  { client, reader, upstream, forward }: Upload,
  end: (error: Error) => void,
): () => void {
  return watch.watch({
    sender: client,
    receiver: upstream.connection,
    get mark() {
      return reader.isReading ? null : reader.totalBytes + upstream.reader.totalBytes;
    },
    onLeft: () => end(new Error("the client has left")),
    onStuck: () => end(stuck(forward.authority)),
  });
}

function stuck(authority: string): Refusal {
  return new Refusal(
    504,
    "EndpointUnreachableError",
    `Cannot send the request to ${authority}: the server took nothing of its body for too long`,
  );
}
