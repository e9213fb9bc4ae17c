/**
 * The front door: listens on a port of loopback that the system chooses.
 *
 * node:net, because only its sockets can have TLS put on after the CONNECT was answered.
 *
 * @module
 */
import net from "node:net";
import { DoorWatch, type DoorWatchOptions } from "./door_watch.ts";

/** A listening front door. */
export interface Listener {
  readonly port: number;
  /** Stops listening and closes every connection. */
  close(): Promise<void>;
}

const BACKLOG = 1024;

/**
 * Listens on 127.0.0.1; resolves once connections are accepted. `onConnection` is told how many are
 * open, the new one included.
 */
export async function listen(
  onConnection: (socket: net.Socket, open: number) => void,
  options?: DoorWatchOptions,
): Promise<Listener> {
  const sockets = new Set<net.Socket>();
  const onSocket = (socket: net.Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    watch.accepted(socket, () => onConnection(socket, sockets.size));
  };
  let server = await open(onSocket, 0);
  const { port } = server.address() as net.AddressInfo;
  const watch = new DoorWatch(port, async () => {
    // Those who stand before the stuck door are turned away with it; they had no answer to come.
    server.close();
    server = await open(onSocket, port);
  }, options);
  return {
    port,
    close: async () => {
      await watch.close();
      await new Promise<void>((closed) => {
        server.close(() => closed());
        for (const socket of sockets) socket.destroy();
      });
    },
  };
}

function open(onSocket: (socket: net.Socket) => void, port: number): Promise<net.Server> {
  // allowHalfOpen: a tunnel's client may end its half and still wait for the answer.
  const server = net.createServer({ noDelay: true, allowHalfOpen: true }, onSocket);
  return new Promise((resolve, reject) => {
    // Stays: what goes wrong later is the watch's to notice, and no reason for anything to end.
    server.on("error", reject);
    server.listen(port, "127.0.0.1", BACKLOG, () => resolve(server));
  });
}
