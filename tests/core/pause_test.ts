import { pause } from "../../core/pause.ts";

const LONG_MS = 24 * 60 * 60 * 1000;

// Sanitizers see to the rest: a timer that is left behind fails each of these.

Deno.test("pause() ends when its time is over", async () => {
  await pause(1, new AbortController().signal);
});

Deno.test("pause() ends the moment it is aborted, without an error", async () => {
  const control = new AbortController();
  const waiting = pause(LONG_MS, control.signal);

  control.abort(new Error("the daemon is stopping"));

  await waiting;
});

Deno.test("pause() does not begin when it was aborted before, or with nothing to wait for", async () => {
  await pause(LONG_MS, AbortSignal.abort());
  await pause(0, new AbortController().signal);
});
