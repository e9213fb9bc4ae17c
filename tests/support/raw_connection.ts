/**
 * A connection for tests that look at bytes: read up to a mark, read a number of bytes, read all.
 *
 * @module
 */

/** Wraps a connection. Text is latin1: one character for each byte. */
export class RawConnection {
  readonly conn: Deno.Conn;
  #buffered = "";

  /** See the class. */
  constructor(conn: Deno.Conn) {
    this.conn = conn;
  }

  /** Writes all of it. */
  async write(text: string | Uint8Array): Promise<void> {
    const bytes = typeof text === "string"
      ? Uint8Array.from(text, (letter) => letter.charCodeAt(0))
      : text;
    for (let sent = 0; sent < bytes.length;) sent += await this.conn.write(bytes.subarray(sent));
  }

  /** Everything up to and with `mark`. */
  async readUntil(mark: string): Promise<string> {
    for (;;) {
      const at = this.#buffered.indexOf(mark);
      if (at >= 0) return this.#take(at + mark.length);
      if (!await this.#fill()) throw new Error(`ended before ${JSON.stringify(mark)}`);
    }
  }

  /** Exactly so many bytes. */
  async readBytes(count: number): Promise<string> {
    while (this.#buffered.length < count) {
      if (!await this.#fill()) {
        throw new Error(`ended ${count - this.#buffered.length} bytes early`);
      }
    }
    return this.#take(count);
  }

  /** A message head. */
  readHead(): Promise<string> {
    return this.readUntil("\r\n\r\n");
  }

  /** Everything until the peer ends. */
  async readAll(): Promise<string> {
    while (await this.#fill());
    return this.#take(this.#buffered.length);
  }

  /** A whole answer with a Content-Length. */
  async readAnswer(): Promise<{ head: string; body: string }> {
    const head = await this.readHead();
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
    return { head, body: length === undefined ? "" : await this.readBytes(Number(length)) };
  }

  /** Closes; quietly when it is closed. */
  close(): void {
    try {
      this.conn.close();
    } catch { /* closed */ }
  }

  #take(count: number): string {
    const taken = this.#buffered.slice(0, count);
    this.#buffered = this.#buffered.slice(count);
    return taken;
  }

  async #fill(): Promise<boolean> {
    const buffer = new Uint8Array(64 * 1024);
    const count = await this.conn.read(buffer);
    if (count === null) return false;
    this.#buffered += Array.from(
      { length: Math.ceil(count / 4096) },
      (_, i) => String.fromCharCode(...buffer.subarray(i * 4096, Math.min((i + 1) * 4096, count))),
    ).join("");
    return true;
  }
}
