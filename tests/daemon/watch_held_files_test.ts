import { deepEqual, equal } from "node:assert/strict";
import {
  type HeldFile,
  heldFile,
  heldFileIsGone,
  watchedPaths,
} from "../../daemon/watch_held_files.ts";

/** A directory `held` with a file in it, inside another directory. */
async function withFile(
  test: (path: string, directory: string) => Promise<void>,
): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    await Deno.mkdir(`${directory}/held`);
    const path = `${directory}/held/file`;
    await Deno.writeTextFile(path, "mine");
    await test(path, directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** Each makes another file of the one at `path`, or none. */
const GONE: Readonly<Record<string, (path: string, directory: string) => Promise<void>>> = {
  "is removed": (path) => Deno.remove(path),
  "is moved": (path) => Deno.rename(path, `${path}.old`),
  "is replaced": async (path, directory) => {
    await Deno.writeTextFile(`${directory}/other`, "another's");
    await Deno.rename(`${directory}/other`, path);
  },
  "goes with its directory": (_, directory) =>
    Deno.remove(`${directory}/held`, { recursive: true }),
  "has a file in the place of its directory": async (_, directory) => {
    await Deno.remove(`${directory}/held`, { recursive: true });
    await Deno.writeTextFile(`${directory}/held`, "");
  },
  // The system reports nothing of it.
  "goes with a directory that is moved": (_, directory) =>
    Deno.rename(`${directory}/held`, `${directory}/elsewhere`),
};

for (const [name, act] of Object.entries(GONE)) {
  for (const when of ["before it is watched", "while it is watched"]) {
    Deno.test(`heldFileIsGone() tells that a file ${name} ${when}`, async () => {
      await withFile(async (path, directory) => {
        const other = await Deno.makeTempFile({ dir: directory });
        const files = [heldFile(other), heldFile(path)];
        const { signal } = new AbortController();
        const watch = () => heldFileIsGone(files, signal, 20);

        let gone: Promise<string | null>;
        if (when === "before it is watched") {
          await act(path, directory);
          gone = watch();
        } else {
          gone = watch();
          await act(path, directory);
        }

        equal(await gone, path);
      });
    });
  }
}

Deno.test("a file that is open loses its name: heldFileIsGone() does not wait for the clock to tell", async () => {
  await withFile(async (path, directory) => {
    using _open = await Deno.open(path);
    const other = await Deno.makeTempFile({ dir: directory });
    const files = [heldFile(other), heldFile(path)];
    const gone = heldFileIsGone(files, new AbortController().signal);

    await Deno.remove(path);

    equal(await gone, path);
  });
});

Deno.test("what the daemon writes for every request lies in no directory that is watched", () => {
  const held = (path: string): HeldFile => ({ path, identity: null });
  deepEqual(watchedPaths([held("/home/server/daemon/lock"), held("/home/server/vault.db")]), [
    "/home/server",
    "/home/server/daemon/lock",
  ]);
});

Deno.test("heldFileIsGone() lets be what is written to, and ends with its signal", async () => {
  await withFile(async (path, directory) => {
    const abort = new AbortController();
    const gone = heldFileIsGone([heldFile(path)], abort.signal);

    await Deno.writeTextFile(path, "more", { append: true });
    await Deno.writeTextFile(`${directory}/held/beside`, "");
    await Deno.remove(`${directory}/held/beside`);
    abort.abort();

    equal(await gone, null);
  });
});

Deno.test("heldFileIsGone() tells of a file that was gone before it was looked at", async () => {
  const path = "/nowhere/file";
  const held: HeldFile = heldFile(path);

  equal(await heldFileIsGone([held], new AbortController().signal), path);
});
