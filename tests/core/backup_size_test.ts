import { equal } from "node:assert/strict";
import { describeLargeBackup, MAX_BACKUP_BYTES } from "../../core/backup_size.ts";

Deno.test("a backup that comes near the largest says so, one that is far from it does not", () => {
  equal(describeLargeBackup(MAX_BACKUP_BYTES / 2), null);
  equal(
    describeLargeBackup(MAX_BACKUP_BYTES - 10 * 1024 * 1024),
    "The backup has 38 of at most 48 MiB: when more is kept, none can be made; " +
      "a copy of server/, with the daemon stopped, has no limit",
  );
});
