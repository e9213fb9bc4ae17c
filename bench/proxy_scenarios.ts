/**
 * What `deno task bench_proxy` measures, and for whom.
 *
 * @module
 */
import {
  CREDENTIAL,
  DOWNLOAD_BYTES,
  GO_HOST,
  HOST,
  NAMED_HOST,
  NEW_HOST,
  TUNNELLED_HOST,
} from "./proxy_stage.ts";

/** Who is measured. */
export type ContestantId =
  | "direct"
  | "ours"
  | "asking"
  | "bare"
  | "bareAsking"
  | "bareAskingFirst"
  | "bareTunnel"
  /** Serves nobody; only its memory is of interest. */
  | "bareRun"
  | "go"
  | "mitmdump";

/** One thing that is done in every round, by each contestant in turn. */
export interface Scenario {
  readonly name: string;
  /** For the client of `bench/go`. */
  readonly args: readonly string[];
  readonly by: readonly ContestantId[];
  /** Hosts that each contestant is asked for in a round, and never was before. */
  readonly newHosts?: number;
  /** What is shown of it. */
  readonly shows: "rate" | "megabytes" | "p50";
}

const ALL: readonly ContestantId[] = ["direct", "ours", "bare", "go", "mitmdump"];
const TUNNELS: readonly ContestantId[] = ["direct", "ours", "bareTunnel", "go"];
const NO_SNAIL: readonly ContestantId[] = ["direct", "ours", "go"];
/** The client's own credential: nobody adds one in there. */
const TUNNELLED = [`-host=${TUNNELLED_HOST}`, `-credential=${CREDENTIAL}`];
const MEBIBYTE = 1 << 20;

/** In the order of the table. */
export const SCENARIOS = {
  small1: {
    name: "requests of 200 bytes, 1 connection",
    args: [`-host=${HOST}`, "-mode=small", "-c=1"],
    by: ["direct", "ours", "asking", "bare", "bareAsking", "go", "mitmdump"],
    shows: "rate",
  },
  small16: {
    name: "requests of 200 bytes, 16 connections",
    args: [`-host=${HOST}`, "-mode=small", "-c=16"],
    by: ALL,
    shows: "rate",
  },
  small64: {
    name: "requests of 200 bytes, 64 connections",
    args: [`-host=${HOST}`, "-mode=small", "-c=64"],
    by: ALL,
    shows: "rate",
  },
  download: {
    name: "downloads of 10 MiB, 1 connection",
    args: [`-host=${HOST}`, "-mode=body", "-c=1", `-size=${DOWNLOAD_BYTES}`],
    by: ALL,
    shows: "megabytes",
  },
  download8: {
    name: "downloads of 10 MiB, 8 connections",
    args: [`-host=${HOST}`, "-mode=body", "-c=8", `-size=${DOWNLOAD_BYTES}`],
    by: ALL,
    shows: "megabytes",
  },
  upload: {
    name: "uploads of 64 MiB, 1 connection",
    args: [`-host=${GO_HOST}`, "-mode=upload", "-c=1", `-size=${64 * MEBIBYTE}`],
    by: ALL,
    shows: "megabytes",
  },
  connection: {
    name: "new connection to a known host",
    args: [`-host=${HOST}`, "-mode=cold", "-n=200"],
    by: ALL,
    shows: "p50",
  },
  resumed: {
    name: "new connection, TLS session resumed",
    args: [`-host=${HOST}`, "-mode=cold", "-n=200", "-resume"],
    by: ALL,
    shows: "p50",
  },
  host: {
    name: "first connection to a new host, named by the definition",
    args: [`-host=${NAMED_HOST}`, "-mode=cold"],
    // Certificates that were signed before are what these relays have, too, here and below.
    by: ["direct", "ours", "bareAskingFirst", "bare", "go", "mitmdump"],
    newHosts: 10,
    shows: "p50",
  },
  unnamed: {
    name: "first connection to a new host, covered by a wildcard",
    args: [`-host=${NEW_HOST}`, "-mode=cold"],
    by: ["direct", "ours", "bareAskingFirst", "bare", "go", "mitmdump"],
    newHosts: 20,
    shows: "p50",
  },
  tunnel16: {
    name: "requests in an untouched tunnel, 16 connections",
    args: [...TUNNELLED, "-mode=small", "-c=16"],
    by: TUNNELS,
    shows: "rate",
  },
  tunnel64: {
    name: "requests in an untouched tunnel, 64 connections",
    args: [...TUNNELLED, "-mode=small", "-c=64"],
    by: TUNNELS,
    shows: "rate",
  },
  http2: {
    name: "HTTP/2 requests, 16 streams of one connection",
    args: [`-host=${GO_HOST}`, "-mode=http2", "-c=16"],
    by: NO_SNAIL,
    shows: "rate",
  },
  grpc: {
    name: "gRPC calls, 16 streams of one connection",
    args: [`-host=${GO_HOST}`, "-mode=grpc", "-c=16"],
    by: NO_SNAIL,
    shows: "rate",
  },
} as const satisfies Record<string, Scenario>;

/** The name of one. */
export type ScenarioId = keyof typeof SCENARIOS;
