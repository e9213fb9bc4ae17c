/**
 * A live line while something is waited for. Only a terminal sees it.
 *
 * @module
 */
import type { Voice } from "./voice.ts";

const FRAMES = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"] as const;
const FRAME_MS = 100;

/** Shows `describe()` until it is disposed of. */
export function showProgress(voice: Voice, describe: () => string): Disposable {
  if (voice.columns === null || voice.quiet) return { [Symbol.dispose]() {} };
  let frame = 0;
  const draw = () => voice.status(`${FRAMES[frame++ % FRAMES.length]} ${describe()}`);
  draw();
  const timer = setInterval(draw, FRAME_MS);
  return {
    [Symbol.dispose]() {
      clearInterval(timer);
      voice.status(null);
    },
  };
}
