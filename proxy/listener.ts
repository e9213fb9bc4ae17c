/**
 * The front door: listens on a port of loopback that the system chooses.
 *
 * node:net, because only its sockets can have TLS put on after the CONNECT was answered.
 *
 * @module
 */
import net from "node:net";

/** A listening front door. */
export interface Listener {
  readonly port: number;
  /** Stops listening and closes every connection. */
  close(): Promise<void>;
}

const BACKLOG = 1024;

/** Listens on 127.0.0.1; resolves once connections are accepted. */
export function listen(onConnection: (socket: net.Socket) => void): Promise<Listener> {
  const sockets = new Set<net.Socket>();
  // allowHalfOpen: a tunnel's client may end its half and still wait for the answer.
  const server = net.createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    onConnection(socket);
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", BACKLOG, () => {
      resolve({
        port: (server.address() as net.AddressInfo).port,
        close: () =>
          new Promise((closed) => {
            server.close(() => closed());
            for (const socket of sockets) socket.destroy();
          }),
      });
    });
  });
}
