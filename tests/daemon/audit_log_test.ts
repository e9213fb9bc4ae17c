/**
 * The audit log: chained, signed, continued after a crash, and able to say where it was changed.
 *
 * @module
 */
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { didKey } from "../../core/did_key.ts";
import { StoreUnavailableError } from "../../core/errors.ts";
import { AuditLog, type AuditSigner } from "../../daemon/audit_log.ts";
import { readAuditPage, verifyAuditLog } from "../../daemon/audit_reader.ts";

const now = () => new Date("2026-11-21T12:00:00Z");

function makeSigner(): AuditSigner {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const raw = publicKey.export({ type: "spki", format: "der" }).subarray(-32);
  return { did: didKey(new Uint8Array(raw)), privateKey };
}

async function withLog(
  test: (path: string, signer: AuditSigner) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await test(`${folder}/audit.log`, makeSigner());
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function writeTwenty(path: string, signer: AuditSigner, maxBytes?: number): AuditLog {
  const log = AuditLog.open({ path, signer, now, ...(maxBytes === undefined ? {} : { maxBytes }) });
  log.append({ event: "daemon_start", status: "success" });
  log.checkpoint();
  for (let i = 0; i < 17; i++) {
    log.append({ event: "login", status: "success", provider: `p${i}`, connection: "default" });
  }
  log.checkpoint();
  return log;
}

Deno.test("a log that nobody touched verifies, and its last checkpoint signs everything before it", async () => {
  await withLog(async (path, signer) => {
    const log = writeTwenty(path, signer);
    const report = await verifyAuditLog(path, signer.did, log.head);
    log.close();

    assert.equal(report.fault, null);
    assert.deepEqual([report.lines, report.checkpoints, report.signed_until], [20, 2, 20]);
  });
});

const TAMPERING: readonly [string, (lines: string[]) => string[], number, string][] = [
  ["changed", (l) => l.with(4, l[4]!.replace("p2", "px")), 6, "wrong_hash"],
  ["removed", (l) => l.toSpliced(4, 1), 5, "wrong_sequence"],
  ["inserted twice", (l) => l.toSpliced(4, 0, l[4]!), 6, "wrong_sequence"],
  ["swapped with its neighbour", (l) => l.with(4, l[5]!).with(5, l[4]!), 5, "wrong_sequence"],
  ["turned into something else", (l) => l.with(4, "nothing"), 5, "not_json"],
  ["cut off at the end", (l) => l.slice(0, 12), 12, "truncated"],
];
for (const [name, tamper, line, problem] of TAMPERING) {
  Deno.test(`a line ${name} is found, with its place`, async () => {
    await withLog(async (path, signer) => {
      const log = writeTwenty(path, signer);
      log.close();
      const lines = (await Deno.readTextFile(path)).trimEnd().split("\n");
      await Deno.writeTextFile(path, tamper(lines).join("\n") + "\n");

      const report = await verifyAuditLog(path, signer.did, log.head);

      assert.equal(report.fault?.problem, problem);
      assert.equal(report.fault?.line, line);
    });
  });
}

Deno.test("a chain rewritten from the start with another key is refused at its first checkpoint", async () => {
  await withLog(async (path, signer) => {
    const log = writeTwenty(path, makeSigner());
    log.close();
    const report = await verifyAuditLog(path, signer.did, log.head);
    assert.equal(report.fault?.problem, "foreign_key");
    assert.equal(report.fault?.line, 2);
  });
});

Deno.test("a line that a crash cut in half is taken off, and the log says so and goes on", async () => {
  await withLog(async (path, signer) => {
    writeTwenty(path, signer).close();
    await Deno.writeTextFile(path, '{"seq":21,"times', { append: true });

    const log = AuditLog.open({ path, signer, now });
    const report = await verifyAuditLog(path, signer.did, log.head);
    log.close();

    assert.equal(report.fault, null);
    const { entries } = await readAuditPage(path, {}, 1);
    assert.equal(entries[0]?.event, "log_recovered");
    assert.deepEqual(entries[0]?.details, { dropped_bytes: 16 });
  });
});

Deno.test("a log whose last line was replaced is not continued and not overwritten", async () => {
  await withLog(async (path, signer) => {
    writeTwenty(path, signer).close();
    await Deno.writeTextFile(path, "garbage\n", { append: true });
    const before = await Deno.readTextFile(path);

    assert.throws(() => AuditLog.open({ path, signer, now }), StoreUnavailableError);
    assert.equal(await Deno.readTextFile(path), before);
  });
});

Deno.test("rotation keeps one chain over all files, also for a log reopened right after it", async () => {
  await withLog(async (path, signer) => {
    writeTwenty(path, signer, 600).close();
    const log = AuditLog.open({ path, signer, now, maxBytes: 600 });
    log.append({ event: "daemon_stop", status: "success" });
    const report = await verifyAuditLog(path, signer.did, log.head);
    log.close();

    assert.equal(report.fault, null);
    assert.ok([...Deno.readDirSync(path.replace("/audit.log", ""))].length > 3);
  });
});

Deno.test("pages come newest first, filtered, and a cursor leads through all of them", async () => {
  await withLog(async (path, signer) => {
    writeTwenty(path, signer, 600).close();

    const seen: string[] = [];
    let cursor: number | null = Number.MAX_SAFE_INTEGER;
    while (cursor !== null) {
      const page = await readAuditPage(path, { event: "login" }, 5, cursor);
      seen.push(...page.entries.map((entry) => entry.provider!));
      cursor = page.next_cursor;
    }

    assert.deepEqual(seen, Array.from({ length: 17 }, (_, i) => `p${16 - i}`));
  });
});

Deno.test("a log file is made readable for its owner only", async () => {
  await withLog(async (path, signer) => {
    writeTwenty(path, signer).close();
    assert.equal((await Deno.stat(path)).mode! & 0o777, 0o600);
  });
});
