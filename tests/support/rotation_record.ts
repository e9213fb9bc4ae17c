/**
 * The server's own record of which refresh tokens it rotated: what a client that lost a token is
 * measured by.
 *
 * @module
 */
import type { AuthorizationServer } from "./authorization_server.ts";

/** Reads on in what the server served. */
export class RotationRecord {
  readonly #server: AuthorizationServer;
  readonly #rotated = new Set<string>();
  #read = 0;

  /** The record of this server. */
  constructor(server: AuthorizationServer) {
    this.#server = server;
  }

  /** Number of rotations. */
  get size(): number {
    this.#readOn();
    return this.#rotated.size;
  }

  /** Whether the server answered this refresh token with another one. */
  wasRotated(refreshToken: string): boolean {
    this.#readOn();
    return this.#rotated.has(refreshToken);
  }

  #readOn(): void {
    const { served } = this.#server;
    for (; this.#read < served.length; this.#read++) {
      const { path, status, parameters } = served[this.#read]!;
      const token = parameters["refresh_token"];
      if (path === "/token" && status === 200 && typeof token === "string") {
        this.#rotated.add(token);
      }
    }
  }
}
