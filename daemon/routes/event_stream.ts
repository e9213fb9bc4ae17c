/**
 * Server-sent events (HTML Living Standard, section 9.2): an open answer that tells as things happen,
 * with a comment now and then so that a dead connection is noticed.
 *
 * @module
 */

/** How often a comment is sent, in milliseconds. */
const HEARTBEAT_MS = 15_000;

/** Sends one event; `type` is its name, the rest its data. */
export type SendEvent = (event: { readonly type: string }) => void;

/** What ends a stream besides its source. */
export interface StreamEnds {
  /** The daemon stops. */
  readonly stopping: AbortSignal;
  /** The client went away. */
  readonly request: AbortSignal;
}

/** A stream that runs until `source` settles, the client goes away, or the daemon stops. */
export function eventStream(
  source: (send: SendEvent, signal: AbortSignal) => Promise<void>,
  { stopping, request }: StreamEnds,
): Response {
  const encoder = new TextEncoder();
  const ended = new AbortController();
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      const write = (text: string) => {
        if (!ended.signal.aborted) controller.enqueue(encoder.encode(text));
      };
      const heartbeat = setInterval(() => write(":\n\n"), HEARTBEAT_MS);
      const end = () => ended.abort();
      stopping.addEventListener("abort", end, { once: true });
      request.addEventListener("abort", end, { once: true });
      ended.signal.addEventListener("abort", () => {
        clearInterval(heartbeat);
        stopping.removeEventListener("abort", end);
        request.removeEventListener("abort", end);
        try {
          controller.close();
        } catch { /* the client cancelled: closed already */ }
      }, { once: true });
      if (stopping.aborted || request.aborted) return end();
      const send: SendEvent = ({ type, ...data }) =>
        write(`event: ${type}\ndata: ${JSON.stringify(data)}\n\n`);
      source(send, ended.signal).then(end, end);
    },
    cancel: () => ended.abort(),
  });
  return new Response(body, {
    headers: { "content-type": "text/event-stream", "cache-control": "no-store" },
  });
}
