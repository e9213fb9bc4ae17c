/**
 * The daemon's port. In Deno 2.9.6 one failed `accept` ends an HTTP server, and unheard it ends the
 * process: whoever reaches loopback could end the daemon by taking its last file descriptor, and on
 * macOS a client that leaves while it waits is enough. So the port is opened anew.
 *
 * @module
 */

/** Another try at the port after this, in milliseconds. */
const RETRY_MS = 100;
/** Then the port is somebody else's, and the daemon no use. */
const RETRIES = 50;

/** What the door tells its owner. */
export interface HttpDoorEvents {
  /** The port was opened anew. */
  readonly onReopened: (cause: unknown) => void;
  /** It could not be: nobody can be served any more. */
  readonly onLost: (cause: unknown) => void;
}

/** An open port; see the module. */
export class HttpDoor {
  readonly #address: { readonly hostname: string; readonly port: number };
  readonly #serve: (request: Request) => Response | Promise<Response>;
  readonly #events: HttpDoorEvents;
  /** The last one accepts; those before end what they had begun. */
  readonly #servers = new Set<Deno.HttpServer<Deno.NetAddr>>();
  #isClosed = false;

  /**
   * Opens the port; 0 for any.
   *
   * @throws {Deno.errors.AddrInUse} when it is held by another process.
   */
  constructor(
    hostname: string,
    port: number,
    serve: (request: Request) => Response | Promise<Response>,
    events: HttpDoorEvents,
  ) {
    this.#serve = serve;
    this.#events = events;
    this.#address = { hostname, port: this.#open({ hostname, port }) };
  }

  /** The port that it has. */
  get port(): number {
    return this.#address.port;
  }

  /** Closes it; what is not answered within `patienceMs` is cut off. */
  async close(patienceMs: number): Promise<void> {
    this.#isClosed = true;
    const patience = Promise.withResolvers<void>();
    const timer = setTimeout(() => patience.resolve(), patienceMs);
    const ended = Promise.all([...this.#servers].map((server) => server.shutdown()));
    await Promise.race([ended, patience.promise]);
    clearTimeout(timer);
  }

  #open(address: { readonly hostname: string; readonly port: number }): number {
    const server = Deno.serve({ ...address, onListen: () => {} }, this.#serve);
    this.#servers.add(server);
    server.finished.then(
      () => this.#servers.delete(server),
      (cause) => this.#reopen(server, cause),
    );
    return server.addr.port;
  }

  async #reopen(failed: Deno.HttpServer<Deno.NetAddr>, cause: unknown): Promise<void> {
    // Answers what it was asked, and closes every connection that asks nothing: those are files.
    const ended = failed.shutdown().finally(() => this.#servers.delete(failed));
    ended.catch(() => {});
    for (let tried = 1; !this.#isClosed; tried++) {
      try {
        this.#open(this.#address);
        return this.#events.onReopened(cause);
      } catch (error) {
        // A daemon that was given any port may not choose one again: its permission names none.
        const isHopeless = error instanceof Deno.errors.NotCapable;
        if (isHopeless || tried === RETRIES) return this.#events.onLost(error);
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }
}
