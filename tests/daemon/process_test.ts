/**
 * The daemon as a process of its own, confined as it is in real life: killed, restarted, stopped, and
 * its home searched for the key it keeps.
 *
 * @module
 */
import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { DaemonClient } from "../../client/daemon_client.ts";
import { readDaemonState } from "../../client/daemon_state.ts";
import { ensureDaemon, stopDaemon } from "../../client/launch.ts";
import { readSettings } from "../../core/config.ts";
import { ProviderNotFoundError } from "../../core/errors.ts";
import { homePaths } from "../../core/paths.ts";
import { createProof, type Signer } from "../../core/proof.ts";
import { CANARY, newSigner, PROVIDERS } from "./support/test_daemon.ts";

Deno.test("a daemon that is killed loses nothing, and takes no proof a second time", async () => {
  await using home = await openHome();
  const before = await home.start();
  await logIn(before);
  const target = "/api/connections/acme/default?show_secrets=true";
  const proof = await createProof(
    home.signer,
    { method: "GET", target, body: new Uint8Array() },
    new Date(),
  );
  const captured = { headers: { authorization: proof } };
  const first = await fetch(before.baseUrl + target, captured);
  equal((await first.json()).api_key, CANARY);

  Deno.kill(readDaemonState(home.paths)!.pid, "SIGKILL");
  const after = await home.start();
  const replayed = await fetch(after.baseUrl + target, captured);
  const resolved = await after.resolveCredential({ provider: "acme", host: "api.acme.test" });

  equal(replayed.status, 401);
  match((await replayed.json()).message, /it was used before$/);
  equal(resolved.headers["Authorization"], `Bearer ${CANARY}`);
});

Deno.test("a confined daemon is ready, and its home holds the key nowhere in clear", async () => {
  await using home = await openHome();
  const client = await home.start();
  await logIn(client);
  await client.exportCredentials({ provider: "acme" });
  await rejects(client.getProvider("acmee"), ProviderNotFoundError);

  const ready = await client.ready();
  await stopDaemon(home.paths);

  equal(ready.status, "ok", JSON.stringify(ready));
  deepEqual(await filesWith(home.paths.home, CANARY), []);
  // The search finds what is there in clear.
  deepEqual(await filesWith(home.paths.home, "api.acme.test"), [
    "server/logs/audit.log",
    "server/providers/acme.json",
  ]);
});

Deno.test("a definition dropped into the home is read without a restart", async () => {
  await using home = await openHome();
  const client = await home.start();
  const changed = new AbortController();
  const events = client.proxyEvents(changed.signal);
  await events.next();

  await Deno.writeTextFile(
    `${home.paths.server.providers}/dropped.json`,
    JSON.stringify({ ...PROVIDERS[0] as object, name: "dropped" }),
    { mode: 0o600 },
  );
  await events.next();

  equal((await client.getProvider("dropped")).source, "custom");
  changed.abort();
  await events.return(undefined);
});

Deno.test("a daemon that is stopped ends its streams, removes its state and signs its log", async () => {
  await using home = await openHome();
  const client = await home.start();
  const events = client.proxyEvents(new AbortController().signal);
  await events.next();

  const stopped = stopDaemon(home.paths);
  equal((await events.next()).done, true);
  await stopped;

  equal(readDaemonState(home.paths), null);
  const log = await Deno.readTextFile(home.paths.server.daemonLog);
  match(log, /daemon stopped\n$/);
  const audit = (await Deno.readTextFile(home.paths.server.auditLog)).trim().split("\n");
  deepEqual(audit.slice(-2).map((line) => JSON.parse(line).event), ["daemon_stop", "checkpoint"]);
});

/** A temporary home with an identity that its daemon knows. */
async function openHome() {
  const dir = await Deno.makeTempDir({ prefix: "authsome-test-" });
  const paths = homePaths(`${dir}/home`);
  const variables: Record<string, string> = { AUTHSOME_HOME: paths.home, AUTHSOME_PORT: "0" };
  const settings = readSettings((name) => variables[name]);
  const signer: Signer = await newSigner("calm-quietly-softly-0001");
  const clients: DaemonClient[] = [];
  const start = async () => {
    const { baseUrl } = await ensureDaemon(settings, paths, {});
    const client = new DaemonClient({ baseUrl, signer });
    clients.push(client);
    await client.registerIdentity({
      handle: signer.subject,
      did: signer.did,
      registration_token: (await Deno.readTextFile(paths.server.registrationToken)).trim(),
    });
    return client;
  };
  return {
    paths,
    signer,
    start,
    [Symbol.asyncDispose]: async () => {
      for (const client of clients) client.close();
      await stopDaemon(paths);
      await Deno.remove(dir, { recursive: true });
    },
  };
}

async function logIn(client: DaemonClient): Promise<void> {
  await client.registerProvider({ definition: PROVIDERS[0] });
  const { id } = await client.createSession({ provider: "acme" });
  const done = await client.resumeSession(id, { api_key: CANARY });
  ok(done.status === "completed");
}

/** Files below `dir` that hold the text, as paths below it. */
async function filesWith(dir: string, text: string, below = ""): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of Deno.readDir(dir)) {
    const path = below === "" ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory) found.push(...await filesWith(`${dir}/${entry.name}`, text, path));
    else {
      const bytes = await Deno.readFile(`${dir}/${entry.name}`);
      if (new TextDecoder("latin1").decode(bytes).includes(text)) found.push(path);
    }
  }
  return found.sort();
}
