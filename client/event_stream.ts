/**
 * Reads server-sent events (WHATWG HTML, section 9.2.6). Not implemented: `id`, `retry` and
 * reconnecting, because a broken stream must be noticed by who reads it.
 *
 * @module
 */

/** One event of a stream. */
export interface ServerSentEvent {
  /** `message` unless the server names it. */
  readonly event: string;
  readonly data: string;
}

/**
 * Events of a response body, until it ends. Leaving the loop leaves the body.
 *
 * @param onSign Called for every line, comments too: whoever sends them lives.
 */
export async function* readEvents(
  body: AsyncIterable<Uint8Array>,
  onSign: () => void = () => {},
): AsyncGenerator<ServerSentEvent> {
  let event = "";
  let data: string[] = [];
  for await (const line of readLines(body)) {
    onSign();
    if (line === "") {
      if (data.length > 0) yield { event: event === "" ? "message" : event, data: data.join("\n") };
      event = "";
      data = [];
      continue;
    }
    const colon = line.indexOf(":");
    if (colon === 0) continue; // a comment, sent to keep the connection alive
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") event = value;
    else if (field === "data") data.push(value);
  }
}

/** Lines without their ends. A line that is not ended when the stream ends is dropped. */
async function* readLines(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split(/\r\n|\n/);
    rest = lines.pop()!;
    yield* lines;
  }
}
