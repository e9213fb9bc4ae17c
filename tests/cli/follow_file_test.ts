/** What `daemon logs --follow` reads while the file grows and is replaced. */
import { equal } from "node:assert/strict";
import { followFile } from "../../cli/follow_file.ts";

Deno.test("followFile() goes on with the file that takes the place of a full one", async () => {
  const directory = await Deno.makeTempDir({ prefix: "authsome-follow-" });
  const path = `${directory}/daemon.log`;
  const leaving = new AbortController();
  const open = Deno.open;
  try {
    Deno.writeTextFileSync(path, "before\n");
    const pieces = followFile(path, 0, leaving.signal);
    const read = async (wanted: string) => {
      let seen = "";
      while (seen !== wanted) seen += (await pieces.next()).value!;
    };
    await read("before\n");
    // Full, and renamed between the look at it and its reading.
    Deno.open = async (...given) => {
      Deno.open = open;
      await Deno.rename(path, `${path}.1`);
      return await open(...given).finally(() => Deno.writeTextFileSync(path, "after\n"));
    };
    Deno.writeTextFileSync(path, "more\n", { append: true });

    await read("after\n");
    leaving.abort();

    equal((await pieces.next()).done, true);
  } finally {
    Deno.open = open;
    await Deno.remove(directory, { recursive: true });
  }
});
