import { deepEqual, equal } from "node:assert/strict";
import { DaemonClient } from "../../client/daemon_client.ts";
import { challengeDaemon, challengeOver } from "../../client/health_challenge.ts";
import { openLoopbackHttp } from "../../client/loopback_http.ts";
import {
  ANSWER_HEADER,
  answerChallenge,
  CHALLENGE_HEADER,
  type DaemonState,
} from "../../core/boot.ts";
import { freePort } from "../support/free_port.ts";

const INSTANCE = "d".repeat(64);

function stateAt(port: number): DaemonState {
  return {
    pid: Deno.pid,
    relay_pid: Deno.pid,
    host: "127.0.0.1",
    port,
    version: "0.1.0",
    instance: INSTANCE,
    started_at: new Date(0).toISOString(),
  };
}

/** Asks a server that answers each challenge with `answer`. */
async function ask(answer: (challenge: string) => Promise<Response> | Response) {
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    (request) => answer(request.headers.get(CHALLENGE_HEADER)!),
  );
  return await challengeDaemon(stateAt(server.addr.port));
}

const HEALTH = { status: "ok", version: "0.1.0", egress: "ok" } as const;

Deno.test("challengeDaemon() believes whoever knows the instance's key", async () => {
  const result = await ask(async (challenge) =>
    Response.json(HEALTH, {
      headers: { [ANSWER_HEADER]: await answerChallenge(INSTANCE, challenge) },
    })
  );
  deepEqual(result, { type: "ours", health: HEALTH });
});

Deno.test("challengeDaemon() calls an impostor that answers like a daemon a stranger", async (t) => {
  const seen: string[] = [];
  const impostors: Record<string, (challenge: string) => Promise<Response> | Response> = {
    "without an answer": () => Response.json(HEALTH),
    "with the challenge itself": (challenge) =>
      Response.json(HEALTH, { headers: { [ANSWER_HEADER]: challenge } }),
    "with another key's answer": async (challenge) =>
      Response.json(HEALTH, {
        headers: { [ANSWER_HEADER]: await answerChallenge("e".repeat(64), challenge) },
      }),
    "with an answer heard before": async (challenge) => {
      seen.push(challenge);
      const old = await answerChallenge(INSTANCE, "0".repeat(32));
      return Response.json(HEALTH, { headers: { [ANSWER_HEADER]: old } });
    },
    "with an error": () => new Response("no", { status: 500 }),
  };
  for (const [name, impostor] of Object.entries(impostors)) {
    await t.step(name, async () => equal((await ask(impostor)).type, "stranger"));
  }
});

Deno.test("challengeDaemon() asks something else each time", async () => {
  const challenges = new Set<string>();
  for (let i = 0; i < 3; i++) {
    await ask((challenge) => (challenges.add(challenge), new Response()));
  }
  equal(challenges.size, 3);
});

Deno.test("challengeDaemon() says that nobody listens", async () => {
  deepEqual(await challengeDaemon(stateAt(freePort())), { type: "nobody" });
});

Deno.test("challengeDaemon() takes silence and endless talk for a stranger", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const silent = challengeDaemon(stateAt(listener.addr.port), 50);
  const first = await listener.accept();
  equal((await silent).type, "stranger");
  first.close();

  const endless = challengeDaemon(stateAt(listener.addr.port));
  const second = await listener.accept();
  const talk = new Uint8Array(65_536).fill(65);
  for (let n: number | null = 1; n !== null;) n = await second.write(talk).catch(() => null);
  equal((await endless).type, "stranger");
  second.close();
  listener.close();
});

Deno.test("a stranger that is quicker than our own sum leaves nothing of it under way", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const refused = Promise.withResolvers<void>();
  let isSummed = false;
  const { sign } = crypto.subtle;
  crypto.subtle.sign = async (...given: Parameters<SubtleCrypto["sign"]>) => {
    await refused.promise;
    const sum = await sign.apply(crypto.subtle, given);
    isSummed = true;
    return sum;
  };
  try {
    const asking = challengeDaemon(stateAt(listener.addr.port));
    const stranger = await listener.accept();
    const talk = new Uint8Array(65_536).fill(65);
    for (let n: number | null = 1; n !== null;) n = await stranger.write(talk).catch(() => null);
    refused.resolve();

    equal((await asking).type, "stranger");
    equal(isSummed, true);
    stranger.close();
  } finally {
    crypto.subtle.sign = sign;
    listener.close();
  }
});

Deno.test("what a daemon is asked next goes over the connection on which it proved itself", async () => {
  const ports = new Set<number>();
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    async (request, { remoteAddr }) => {
      ports.add((remoteAddr as Deno.NetAddr).port);
      const challenge = request.headers.get(CHALLENGE_HEADER);
      const answer = challenge === null ? "" : await answerChallenge(INSTANCE, challenge);
      return Response.json(HEALTH, { headers: { [ANSWER_HEADER]: answer } });
    },
  );
  const state = stateAt(server.addr.port);
  const transport = openLoopbackHttp(state.host, state.port);
  const baseUrl = `http://${state.host}:${state.port}`;

  const result = await challengeOver(transport, state);
  using client = new DaemonClient({ baseUrl, signer: null, transport });
  await client.health();

  equal(result.type, "ours");
  equal(ports.size, 1);
});

Deno.test("challengeDaemon() takes an answer whose body never ends for a stranger's", async () => {
  const result = await ask(async (challenge) =>
    new Response(
      ReadableStream.from(function* () {
        for (;;) yield new Uint8Array(8192).fill(32);
      }()),
      { headers: { [ANSWER_HEADER]: await answerChallenge(INSTANCE, challenge) } },
    )
  );
  equal(result.type, "stranger");
});
