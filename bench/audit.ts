/**
 * The audit log: what a decision costs, what a credential that is handed out costs, what counting a
 * request costs in the proxy, and how long it takes to verify a long log in how much memory.
 *
 * @module
 */
import { generateKeyPairSync } from "node:crypto";
import { type ChainHead, EMPTY_CHAIN, formatAuditLine } from "../core/audit_chain.ts";
import { didKey } from "../core/did_key.ts";
import { sha256 } from "../daemon/audit_files.ts";
import { AuditLog, type AuditSigner } from "../daemon/audit_log.ts";
import type { Caller } from "../daemon/broker/caller.ts";
import { UsageLedger } from "../daemon/broker/usage_ledger.ts";
import { verifyAuditLog } from "../daemon/verify_audit_log.ts";
import { Usage } from "../proxy/usage.ts";
import type { BenchRow } from "./bench_row.ts";
import { measureInterleaved } from "./measure.ts";

const APPENDS = 100;
const COUNTS = 100_000;
const ROUNDS = 15;
const LINES = 1_000_000;
const SHORT = 100_000;

/** The rows of this file. */
export async function benchAudit(): Promise<BenchRow[]> {
  const folder = await Deno.makeTempDir({ prefix: "authsome-bench-" });
  try {
    return [
      ...await measureAppends(folder),
      await measureCount(),
      ...await measureVerification(folder),
    ];
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const EVENT = {
  event: "login",
  status: "success",
  provider: "github",
  connection: "default",
  identity: "calm-quietly-softly-0001",
  details: { flow: "pkce" },
} as const;

const CALLER: Caller = {
  type: "owner",
  identity: "calm-quietly-softly-0001",
  did: "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK",
  principal_id: "principal_0123456789ab",
  vault_id: "vault_0123456789ab",
};

/** A decision is a line and a sync; a credential handed out is a line for the first of a minute. */
async function measureAppends(folder: string): Promise<BenchRow[]> {
  const log = AuditLog.open({
    path: `${folder}/append.log`,
    signer: makeSigner(),
    now: () => new Date(),
  });
  using raw = Deno.openSync(`${folder}/raw.log`, { create: true, append: true });
  const line = new TextEncoder().encode(`${formatAuditLine(EVENT, EMPTY_CHAIN, new Date())}\n`);
  const fixed = new Date();
  const ledger = new UsageLedger({ audit: (...events) => log.append(...events), now: () => fixed });
  const ref = { provider: "github", connection: "default" };
  const request = { host: "api.github.com", method: "GET" };
  try {
    const medians = await measureInterleaved({
      append: () => repeat(APPENDS, () => log.append(EVENT)),
      raw: () =>
        repeat(APPENDS, () => {
          raw.writeSync(line);
          raw.syncDataSync();
        }),
      resolved: () => repeat(COUNTS, () => ledger.resolved(CALLER, ref, request)),
    }, ROUNDS);
    return [{
      name: "audit append, synced, for each decision",
      value: medians.append * 1000 / APPENDS,
      unit: "µs",
      against: { name: "the same bytes written and synced", value: medians.raw * 1000 / APPENDS },
      bound: { of: "ratio", side: "at most", limit: 2 },
      note: `${line.length} bytes a line`,
    }, {
      name: "audit append for each resolve",
      value: medians.resolved * 1000 / COUNTS,
      unit: "µs",
      bound: { of: "value", side: "at most", limit: 20 },
      note: "counted in memory; one line for the first of a minute, one for the rest",
    }];
  } finally {
    log.close();
  }
}

/** What each request through the proxy pays. */
async function measureCount(): Promise<BenchRow> {
  const usage = new Usage({
    current: {
      proxyRoutes: () => Promise.reject(new Error("not asked")),
      proxyEvents: () => {
        throw new Error("not asked");
      },
      confirmChanges: () => Promise.reject(new Error("not asked")),
      resolveCredential: () => Promise.reject(new Error("not asked")),
      reportUsage: () => Promise.resolve({ status: "ok", accepted: 1, refused: 0 }),
    },
    port: null,
    revive: () => Promise.resolve(),
  });
  const used = {
    provider: "github",
    connection: "default",
    host: "api.github.com",
    method: "GET",
  };
  try {
    const { count } = await measureInterleaved({
      count: () => repeat(COUNTS, () => usage.answered(used, 200)),
    }, ROUNDS);
    return {
      name: "proxy: counting one request for the audit log",
      value: count * 1000 / COUNTS,
      unit: "µs",
      bound: { of: "value", side: "at most", limit: 5 },
    };
  } finally {
    await usage.close();
  }
}

/** Time, and how much the process grew, against a log a tenth as long. */
async function measureVerification(folder: string): Promise<BenchRow[]> {
  const signer = makeSigner();
  const verify = async (path: string, head: ChainHead) => {
    const { fault, lines } = await verifyAuditLog({ path, key: signer.did, head });
    if (fault !== null || lines !== head.seq) throw new Error(fault?.message ?? "not all was read");
  };
  const short = await writeLog(`${folder}/short.log`, SHORT);
  const long = await writeLog(`${folder}/long.log`, LINES);
  await verify(`${folder}/short.log`, short);
  const before = Deno.memoryUsage().rss;
  let most = before;
  const timer = setInterval(() => most = Math.max(most, Deno.memoryUsage().rss), 20);
  const started = performance.now();
  await verify(`${folder}/long.log`, long);
  const seconds = (performance.now() - started) / 1000;
  clearInterval(timer);
  return [{
    name: "log verify, 1 million lines",
    value: seconds,
    unit: "s",
    bound: { of: "value", side: "at most", limit: 20 },
    note: "every line parsed and hashed",
  }, {
    name: "log verify, 1 million lines: growth of memory",
    value: (most - before) / 1024 / 1024,
    unit: "MB",
    bound: { of: "value", side: "at most", limit: 64 },
    note: `after a log of ${SHORT} lines had been verified`,
  }];
}

/** A chain of so many lines, without the sync of each. */
async function writeLog(path: string, lines: number): Promise<ChainHead> {
  using file = await Deno.open(path, { create: true, write: true });
  const now = new Date();
  const encoder = new TextEncoder();
  let head = EMPTY_CHAIN;
  let pending: string[] = [];
  for (let n = 0; n < lines; n++) {
    const line = formatAuditLine(EVENT, head, now);
    head = { seq: head.seq + 1, hash: sha256(encoder.encode(line)) };
    pending.push(line);
    if (pending.length < 5_000 && n < lines - 1) continue;
    const bytes = encoder.encode(`${pending.join("\n")}\n`);
    for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
    pending = [];
  }
  return head;
}

function makeSigner(): AuditSigner {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const raw = publicKey.export({ type: "spki", format: "der" }).subarray(-32);
  return { did: didKey(new Uint8Array(raw)), privateKey };
}

function repeat(times: number, work: () => void): void {
  for (let n = 0; n < times; n++) work();
}
