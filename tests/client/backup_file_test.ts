/**
 * Backup files on disk: whole, private, and over nothing by accident.
 *
 * @module
 */
import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { checkBackupPlace, readBackupFile, writeBackupFile } from "../../client/backup_file.ts";
import { MAX_BACKUP_BYTES } from "../../core/backup_size.ts";
import { InvalidInputError, StoreUnavailableError } from "../../core/errors.ts";

const BYTES = new TextEncoder().encode("authsome backup\n…");

async function inDirectory(work: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "authsome-backup-" });
  await work(directory).finally(() => Deno.remove(directory, { recursive: true }));
}

function names(directory: string): string[] {
  return Array.from(Deno.readDirSync(directory), ({ name }) => name).sort();
}

Deno.test("a backup is there whole, its owner's alone, and nothing beside it", async () => {
  await inDirectory(async (directory) => {
    const path = `${directory}/all.backup`;
    await checkBackupPlace(path, false);
    await writeBackupFile(path, BYTES);

    deepEqual(await readBackupFile(path), BYTES);
    const { mode } = Deno.statSync(path);
    if (mode !== null) equal(mode & 0o777, 0o600);
    deepEqual(names(directory), ["all.backup"]);
  });
});

Deno.test("a file that is there is replaced with force alone", async () => {
  await inDirectory(async (directory) => {
    const path = `${directory}/all.backup`;
    Deno.writeTextFileSync(path, "precious", { mode: 0o644 });

    await rejects(checkBackupPlace(path, false), /it exists/);
    await rejects(writeBackupFile(path, BYTES), InvalidInputError);
    equal(Deno.readTextFileSync(path), "precious");
    deepEqual(names(directory), ["all.backup"]);
    await checkBackupPlace(path, true);
    await writeBackupFile(path, BYTES, { force: true });

    deepEqual(await readBackupFile(path), BYTES);
    const { mode } = Deno.statSync(path);
    if (mode !== null) equal(mode & 0o777, 0o600);
  });
});

Deno.test("a link is replaced and never written through", async () => {
  await inDirectory(async (directory) => {
    Deno.writeTextFileSync(`${directory}/elsewhere`, "precious");
    Deno.symlinkSync(`${directory}/elsewhere`, `${directory}/all.backup`);
    Deno.symlinkSync(`${directory}/nothing`, `${directory}/dangling`);

    await rejects(checkBackupPlace(`${directory}/dangling`, false), /it exists/);
    await rejects(writeBackupFile(`${directory}/dangling`, BYTES), /it exists/);
    await writeBackupFile(`${directory}/all.backup`, BYTES, { force: true });

    equal(Deno.readTextFileSync(`${directory}/elsewhere`), "precious");
    equal(Deno.lstatSync(`${directory}/all.backup`).isSymlink, false);
    deepEqual(names(directory), ["all.backup", "dangling", "elsewhere"]);
  });
});

Deno.test("two that write to one place: one wins, the other says that it exists", async () => {
  await inDirectory(async (directory) => {
    const path = `${directory}/all.backup`;
    const results = await Promise.allSettled([
      writeBackupFile(path, BYTES),
      writeBackupFile(path, BYTES),
    ]);
    deepEqual(results.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
    deepEqual(await readBackupFile(path), BYTES);
    deepEqual(names(directory), ["all.backup"]);
  });
});

Deno.test("a backup that does not get its name in the last moment leaves nothing behind", async () => {
  await inDirectory(async (directory) => {
    const { rename } = Deno;
    Deno.rename = () => Promise.reject(new Error("Input/output error (os error 5)"));
    try {
      await rejects(
        writeBackupFile(`${directory}/all.backup`, BYTES),
        /Cannot write .*: input\/output error/,
      );
    } finally {
      Deno.rename = rename;
    }
    deepEqual(names(directory), []);
  });
});

Deno.test({
  name: "a socket, a pipe or a device is not replaced by a backup, forced or not",
  ignore: Deno.build.os === "windows",
  async fn() {
    await inDirectory(async (directory) => {
      const path = `${directory}/socket`;
      using _listening = Deno.listen({ transport: "unix", path });
      for (const force of [false, true]) {
        await rejects(checkBackupPlace(path, force), InvalidInputError);
      }
    });
  },
});

const NO_PLACES: readonly (readonly [name: string, path: string, message: RegExp])[] = [
  ["a directory", "folder", /it is a directory/],
  ["a directory with a slash", "folder/", /it is a directory/],
  ["a directory that is not there", "nowhere/all.backup", /there is no such directory/],
  ["below a file", "file/all.backup", /not a directory/],
];
for (const [name, path, message] of NO_PLACES) {
  Deno.test(`${name} is no place for a backup, forced or not`, async () => {
    await inDirectory(async (directory) => {
      Deno.mkdirSync(`${directory}/folder`);
      Deno.writeTextFileSync(`${directory}/file`, "");
      for (const force of [false, true]) {
        await rejects(checkBackupPlace(`${directory}/${path}`, force), (error: unknown) => {
          equal(error instanceof InvalidInputError, true);
          match((error as Error).message, message);
          return true;
        });
      }
      await rejects(
        writeBackupFile(`${directory}/${path}`, BYTES, { force: true }),
        StoreUnavailableError,
      );
      deepEqual(names(directory), ["file", "folder"]);
      deepEqual(names(`${directory}/folder`), []);
    });
  });
}

Deno.test("what is no file, is missing or too large is not read", async (t) => {
  await inDirectory(async (directory) => {
    using huge = Deno.openSync(`${directory}/huge`, { create: true, write: true });
    huge.truncateSync(MAX_BACKUP_BYTES + 1);
    Deno.symlinkSync("loop", `${directory}/loop`);
    const PATHS: Readonly<Record<string, RegExp>> = {
      "missing": /there is no such file/,
      ".": /it is not a file/,
      "huge": /larger than a backup can be \(48 MiB\)/,
      "loop": /Cannot read/,
      "huge/below": /Cannot read/,
    };
    for (const [path, message] of Object.entries(PATHS)) {
      await t.step(path, () => rejects(readBackupFile(`${directory}/${path}`), message));
    }
    await t.step(
      "a device that never ends",
      () => rejects(readBackupFile("/dev/zero"), /not a file/),
    );
  });
});
