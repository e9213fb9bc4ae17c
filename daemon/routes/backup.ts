/**
 * Backups: make one, open one, restore one.
 *
 * @module
 */
import { Hono } from "@hono/hono";
import type { Broker } from "../broker/broker.ts";
import { asOwner } from "../broker/caller.ts";
import { makeBackup } from "../broker/make_backup.ts";
import { verifyBackup } from "../broker/open_backup.ts";
import { restoreBackup } from "../broker/restore_backup.ts";
import type { ApiEnv } from "../middleware/api_env.ts";
import { readBodyAs } from "../middleware/read_request.ts";

/** Make, verify, restore. */
export function backupRoutes(broker: Broker): Hono<ApiEnv> {
  return new Hono<ApiEnv>()
    .post("/backup", async (c) => {
      const request = await readBodyAs(c, (schemas) => schemas.backupRequest);
      return c.json(await makeBackup(broker, asOwner(c.get("caller")), request));
    })
    .post("/backup/verify", async (c) => {
      const request = await readBodyAs(c, (schemas) => schemas.verifyBackupRequest);
      return c.json(await verifyBackup(broker, asOwner(c.get("caller")), request));
    })
    .post("/backup/restore", async (c) => {
      const request = await readBodyAs(c, (schemas) => schemas.restoreRequest);
      return c.json(await restoreBackup(broker, asOwner(c.get("caller")), request));
    });
}
