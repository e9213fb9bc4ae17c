/**
 * A command or a run that is at work for long: whoever takes the daemon's port meanwhile learns
 * nothing.
 *
 * @module
 */
import { deepEqual, equal, rejects } from "node:assert/strict";
import { DaemonClient } from "../../client/daemon_client.ts";
import { findDaemon } from "../../client/find_daemon.ts";
import type { Transport } from "../../client/transport.ts";
import {
  ANSWER_HEADER,
  answerChallenge,
  CHALLENGE_HEADER,
  type DaemonState,
} from "../../core/boot.ts";
import { homePaths } from "../../core/paths.ts";
import { VERSION } from "../../core/version.ts";
import { freePort } from "../support/free_port.ts";

const HOST = "127.0.0.1";

/** A daemon that knows `instance`, as far as it is needed here; `seen` gets what it is asked. */
function serveDaemon(port: number, instance: string, seen: string[] = []) {
  return Deno.serve({ hostname: HOST, port, onListen() {} }, async (request) => {
    seen.push(new URL(request.url).pathname);
    const challenge = request.headers.get(CHALLENGE_HEADER);
    const answer = challenge === null ? "" : await answerChallenge(instance, challenge);
    return Response.json({ status: "ok", version: VERSION, egress: "ok", session: instance }, {
      headers: { [ANSWER_HEADER]: answer },
    });
  });
}

interface Stage {
  readonly old: Deno.HttpServer<Deno.NetAddr>;
  readonly client: DaemonClient;
  readonly port: number;
  /** What the daemon was asked. */
  readonly seen: readonly string[];
  writeState(instance: string): Promise<void>;
}

/** A client of a daemon that proved itself, and was asked once. */
async function withClient(test: (stage: Stage) => Promise<void>): Promise<void> {
  const home = await Deno.makeTempDir();
  const paths = homePaths(home);
  await Deno.mkdir(paths.server.daemon, { recursive: true });
  const seen: string[] = [];
  const old = serveDaemon(freePort(), "old", seen);
  const { port } = old.addr;
  const writeState = (instance: string): Promise<void> => {
    const started_at = new Date(0).toISOString();
    const state = {
      pid: 1,
      relay_pid: 1,
      host: HOST,
      port,
      version: VERSION,
      instance,
      started_at,
    };
    return Deno.writeTextFile(paths.server.state, JSON.stringify(state satisfies DaemonState));
  };
  await writeState("old");
  let transport: Transport | undefined;
  const found = await findDaemon(paths, (connection) => transport = connection);
  equal(found.type, "usable");
  using client = new DaemonClient({ baseUrl: `http://${HOST}:${port}`, signer: null, transport });
  try {
    await client.whoami();
    await test({ old, client, port, seen, writeState });
  } finally {
    client.close();
    await old.shutdown();
    await Deno.remove(home, { recursive: true });
  }
}

Deno.test("whoever takes the port of a daemon that ended is told nothing", async () => {
  await withClient(async ({ old, client, port }) => {
    await old.shutdown();
    const seen: string[] = [];
    const impostor = serveDaemon(port, "impostor", seen);

    await rejects(client.resumeSession("sess_1", { api_key: "sk-secret" }), {
      code: "daemon_unavailable",
      message:
        `Cannot reach the daemon: what answers at port ${port} is not this home's daemon any more`,
    });

    await impostor.shutdown();
    deepEqual(seen, ["/health"]);
  });
});

Deno.test("a daemon that was started anew meanwhile proves itself, and goes on", async () => {
  await withClient(async ({ old, client, port, writeState }) => {
    await old.shutdown();
    const seen: string[] = [];
    const young = serveDaemon(port, "young", seen);
    await writeState("young");

    equal(((await client.whoami()) as unknown as { session: string }).session, "young");
    await client.whoami();

    client.close();
    await young.shutdown();
    deepEqual(seen, ["/health", "/api/whoami", "/api/whoami"]);
  });
});

Deno.test("each of many connections to a daemon is greeted, and once", async () => {
  await withClient(async ({ client, seen }) => {
    await Promise.all(Array.from({ length: 20 }, () => client.whoami()));
    await client.whoami();

    // One of the twenty went over the connection that was there.
    equal(seen.filter((path) => path === "/health").length, 1 + 19);
    equal(seen.filter((path) => path === "/api/whoami").length, 1 + 20 + 1);
  });
});

Deno.test("a port where nobody speaks HTTP any more, or nobody answers, is a daemon that is gone", async () => {
  await withClient(async ({ old, client, port }) => {
    await old.shutdown();
    const listener = Deno.listen({ hostname: HOST, port });
    const serving = (async () => {
      for await (const conn of listener) {
        await conn.write(new TextEncoder().encode("SSH-2.0-OpenSSH_9.2p1\r\n"));
        conn.close();
      }
    })();

    await rejects(client.whoami(), { code: "daemon_unavailable" });
    listener.close();
    await serving;

    await rejects(client.whoami(), { message: /nothing answers there/ });
  });
});

Deno.test("who gives up while a new connection is greeted gets its own reason", async () => {
  await withClient(async ({ old, client, port }) => {
    await old.shutdown();
    const silent = Deno.listen({ hostname: HOST, port });
    const giveUp = new AbortController();
    const asking = client.whoami({ signal: giveUp.signal });
    const conn = await silent.accept();
    await conn.read(new Uint8Array(1000));

    giveUp.abort(new Error("given up"));

    await rejects(asking, { message: "given up" });
    conn.close();
    silent.close();
  });
});
