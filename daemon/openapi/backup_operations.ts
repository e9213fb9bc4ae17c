/**
 * Operations on everything that is kept: backups, and the keys that seal it.
 *
 * @module
 */
import { z } from "@zod/zod";
import type { BackupAnswer, KeyRotation, RestoredBackup, VerifiedBackup } from "../../core/api.ts";
import {
  backupRequest,
  restoreRequest,
  rotateKeysRequest,
  verifyBackupRequest,
} from "../../core/api_schema.ts";
import { MAX_BACKUP_BYTES } from "../../core/backup_size.ts";
import type { Operation } from "./operation.ts";

const text = z.string();
const whole = z.number().int();

const facts = {
  created_at: z.iso.datetime().describe("RFC 3339, UTC"),
  version: text.describe("Version of authsome that made it"),
  providers: z.record(text, whole).describe("Number of connections by provider"),
  connections: whole,
  renewable: whole.describe("Connections with a refresh token, which may be renewed meanwhile"),
  clients: z.array(text).describe("Providers whose OAuth client is in it"),
  definitions: z.array(text).describe("Names of custom definitions"),
};

const replaced = z.strictObject({ connections: whole, clients: whole, definitions: whole });

const backupAnswer: z.ZodType<BackupAnswer> = z.strictObject({
  ...facts,
  backup: text.describe("The file's bytes, base64"),
  revision: whole.describe("State of the daemon that it is of; a restore may be bound to it"),
  warnings: z.array(text),
});

const verifiedBackup: z.ZodType<VerifiedBackup> = z.strictObject({
  ...facts,
  replaces: replaced.describe("What restoring it here would replace"),
});

const restoredBackup: z.ZodType<RestoredBackup> = z.strictObject({
  ...facts,
  status: z.literal("restored"),
  replaced,
});

const keyRotation: z.ZodType<KeyRotation> = z.strictObject({
  status: z.literal("rotated"),
  source: text.describe("Where the master key is kept, now as before"),
  records: whole.describe("Records that were sealed anew"),
  key_id: whole.describe("Id of the new data key"),
  erased: z.boolean().describe(
    "False: what the old keys had sealed is in the file's free places until the next start",
  ),
});

const exampleFacts = {
  created_at: "2026-03-01T12:00:00.000Z",
  version: "0.1.0",
  providers: { acme: 2 },
  connections: 2,
  renewable: 1,
  clients: [],
  definitions: ["intranet"],
};
const passphrase = "several words that nobody guesses";
const backup = "YXV0aHNvbWUgYmFja3VwCg==";

/** Make a backup, open it, restore it; change the keys. */
export const BACKUP_OPERATIONS: readonly Operation[] = [
  {
    id: "createBackup",
    method: "POST",
    path: "/backup",
    tag: "Backups and keys",
    summary: "Everything that is kept, sealed with a passphrase",
    description: "Connections, OAuth clients and custom definitions; not who may sign here, " +
      "grants, logins under way and the audit log. The form of the file is in docs/storage.md. " +
      "With `partial`, what does not open any more is left out and named in `warnings`.",
    caller: "owner",
    request: {
      type: "application/json",
      name: "BackupRequest",
      schema: backupRequest,
      example: { passphrase },
    },
    answer: {
      status: 200,
      type: "application/json",
      description: "The backup, and what it holds",
      name: "BackupAnswer",
      schema: backupAnswer,
      example: { ...exampleFacts, backup, revision: 1_772_366_400_000, warnings: [] },
    },
    errors: ["invalid_input", "operation_not_allowed"],
  },
  {
    id: "verifyBackup",
    method: "POST",
    path: "/backup/verify",
    tag: "Backups and keys",
    summary: "Opens a backup and says what it holds",
    description: `Everything in it is decrypted and checked. A backup has at most ${
      MAX_BACKUP_BYTES >> 20
    } MiB.`,
    caller: "owner",
    request: {
      type: "application/json",
      name: "VerifyBackupRequest",
      schema: verifyBackupRequest,
      example: { backup, passphrase },
    },
    answer: {
      status: 200,
      type: "application/json",
      description: "It opens",
      name: "VerifiedBackup",
      schema: verifiedBackup,
      example: { ...exampleFacts, replaces: { connections: 1, clients: 0, definitions: 0 } },
    },
    errors: ["invalid_input", "invalid_provider_definition"],
  },
  {
    id: "restoreBackup",
    method: "POST",
    path: "/backup/restore",
    tag: "Backups and keys",
    summary: "Puts a backup in place of everything that is kept",
    description: "All of it or nothing, whatever happens meanwhile. With `revision`, of the " +
      "answer to a backup, only if nothing was changed since.",
    caller: "owner",
    request: {
      type: "application/json",
      name: "RestoreRequest",
      schema: restoreRequest,
      example: { backup, passphrase, force: true },
    },
    answer: {
      status: 200,
      type: "application/json",
      description: "It is restored",
      name: "RestoredBackup",
      schema: restoredBackup,
      example: {
        status: "restored",
        ...exampleFacts,
        replaced: { connections: 1, clients: 0, definitions: 0 },
      },
    },
    errors: [
      "connection_exists",
      "invalid_input",
      "invalid_provider_definition",
      "vault_conflict",
    ],
  },
  {
    id: "rotateKeys",
    method: "POST",
    path: "/keys/rotate",
    tag: "Backups and keys",
    summary: "Changes the vault's keys, all of them",
    description: "A new data key seals every record, wrapped under the new master key. Without " +
      "`new_key` where the master key is in `server/master.key`; elsewhere whoever keeps the key " +
      "brings the new one, and must have kept it before asking.",
    caller: "owner",
    request: {
      type: "application/json",
      name: "RotateKeysRequest",
      schema: rotateKeysRequest,
      example: {},
    },
    answer: {
      status: 200,
      type: "application/json",
      description: "The keys are changed",
      name: "KeyRotation",
      schema: keyRotation,
      example: { status: "rotated", source: "key_file", records: 12, key_id: 2, erased: true },
    },
    errors: ["invalid_input", "vault_conflict"],
  },
];
