import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { DaemonClient, type DaemonClientOptions } from "../../client/daemon_client.ts";
import { generateSeed, signerFromSeed } from "../../client/signing_key.ts";
import type { ProxyEvent } from "../../core/api.ts";
import { DaemonUnavailableError, type ErrorEnvelope, fromEnvelope } from "../../core/errors.ts";
import { verifyProof } from "../../core/verify_proof.ts";
import { Secret } from "../../core/secret.ts";
import { freePort } from "../support/free_port.ts";

const signer = await signerFromSeed("me", new Secret(generateSeed()));

/** Runs `work` against a daemon that answers with `handler`. */
async function withDaemon(
  handler: (request: Request) => Response | Promise<Response>,
  work: (client: DaemonClient, baseUrl: string) => Promise<void>,
  options: Partial<DaemonClientOptions> = {},
): Promise<void> {
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, handler);
  const baseUrl = `http://127.0.0.1:${server.addr.port}`;
  const client = new DaemonClient({ baseUrl, signer, ...options });
  try {
    await work(client, baseUrl);
  } finally {
    client.close();
    await server.shutdown();
  }
}

function refusal(status: number, envelope: ErrorEnvelope): Response {
  return Response.json(envelope, { status });
}

Deno.test("DaemonClient proves every request: method, path with query, body", async () => {
  const proven: string[] = [];
  await withDaemon(async (request) => {
    const { pathname, search } = new URL(request.url);
    const body = new Uint8Array(await request.arrayBuffer());
    await verifyProof(
      request.headers.get("authorization") ?? undefined,
      { method: request.method, target: pathname + search, body },
      new Date(),
    );
    proven.push(`${request.method} ${pathname}${search} ${new TextDecoder().decode(body)}`);
    return Response.json({});
  }, async (client) => {
    await client.getConnection({ provider: "a b", connection: "c/d" }, { showSecrets: true });
    await client.createSession({ provider: "github", force: true });
    await client.endGrant("self");
  });

  deepEqual(proven, [
    "GET /api/connections/a%20b/c%2Fd?show_secrets=true ",
    'POST /api/auth/sessions {"provider":"github","force":true}',
    "DELETE /api/grants/self ",
  ]);
});

Deno.test("DaemonClient cannot be led to another route by a name", async () => {
  await withDaemon(
    (request) => Response.json({ at: new URL(request.url).pathname }),
    async (client) => {
      const answer = await client.getProvider("..") as unknown as { at: string };

      equal(answer.at, "/api/providers/..%20");
    },
  );
});

Deno.test("DaemonClient gives an error answer back as the class it was", async () => {
  const envelope = {
    error: "ProviderNotFoundError",
    message: "Cannot find gihtub: there is no such provider",
    provider: "gihtub",
    hint: "Did you mean: github",
    issues: [{ path: "name", message: "is not known" }],
  };
  await withDaemon(() => refusal(404, envelope), async (client) => {
    await rejects(client.getProvider("gihtub"), fromEnvelope(envelope));
  });
});

for (
  const [name, body] of [
    ["a page", "<html>Bad Gateway</html>"],
    ["nothing", ""],
    ["a bare text", '"no"'],
  ] as const
) {
  Deno.test(`DaemonClient makes a DaemonUnavailableError of an error that is ${name}`, async () => {
    await withDaemon(() => new Response(body, { status: 502 }), async (client) => {
      await rejects(client.whoami(), { code: "daemon_unavailable", hint: /daemon status/ });
    });
  });
}

Deno.test("DaemonClient says that nothing answers, and what to do", async () => {
  const port = freePort();
  using client = new DaemonClient({ baseUrl: `http://127.0.0.1:${port}`, signer });

  await rejects(client.whoami(), {
    name: "DaemonUnavailableError",
    message: `Cannot reach the daemon at http://127.0.0.1:${port}: nothing answers there`,
    hint: "Run: authsome daemon start",
  });
});

Deno.test("DaemonClient gives up on a daemon that accepts and never answers", async () => {
  const ended = Promise.withResolvers<Response>();
  await withDaemon(() => ended.promise, async (client) => {
    await rejects(client.whoami(), { code: "daemon_unavailable", message: /does not answer/ });
    ended.resolve(new Response());
  }, { timeoutMs: 20 });
});

Deno.test("DaemonClient stops with the caller's own reason when its signal aborts", async () => {
  const ended = Promise.withResolvers<Response>();
  const abort = new AbortController();
  await withDaemon(() => {
    abort.abort(new RangeError("enough"));
    return ended.promise;
  }, async (client) => {
    await rejects(client.whoami({ signal: abort.signal }), RangeError);
    ended.resolve(new Response());
  });
});

Deno.test("DaemonClient registers an identity the daemon does not know, and asks once more", async () => {
  let registered = false;
  const asked: string[] = [];
  await withDaemon((request) => {
    const { pathname } = new URL(request.url);
    asked.push(pathname);
    if (pathname.endsWith("/register")) registered = true;
    return registered
      ? Response.json({ profile: "me" })
      : refusal(401, { error: "IdentityNotFoundError", message: "Cannot find me: unknown" });
  }, async (client) => {
    equal((await client.whoami()).profile, "me");
  }, {
    onUnknownIdentity: async (client) => {
      await client.registerIdentity({ handle: "me", did: signer.did, registration_token: "t" });
    },
  });

  deepEqual(asked, ["/api/whoami", "/api/identities/register", "/api/whoami"]);
});

Deno.test("DaemonClient does not register for ever with a daemon that forgets", async () => {
  let count = 0;
  await withDaemon(() => {
    count++;
    return refusal(401, { error: "IdentityNotFoundError", message: "Cannot find me: unknown" });
  }, async (client) => {
    await rejects(client.whoami(), { code: "identity_not_found" });
  }, { onUnknownIdentity: () => Promise.resolve() });

  equal(count, 2);
});

Deno.test("DaemonClient reads events however they are cut into pieces", async () => {
  const stream = ': hello\r\n\r\nevent: change\r\ndata: {"revision": 3}\r\n\r\n' +
    'event: other\ndata: {}\n\nevent: ended\ndata: {}\n\nevent: change\ndata: {"rev';
  const bytes = new TextEncoder().encode(stream);
  const pieces = Array.from({ length: bytes.length }, (_, i) => bytes.subarray(i, i + 1));
  const seen: ProxyEvent[] = [];
  await withDaemon(() => new Response(ReadableStream.from(pieces)), async (client) => {
    for await (const event of client.proxyEvents(new AbortController().signal)) seen.push(event);
  });

  deepEqual(seen, [{ type: "change", revision: 3 }, { type: "ended" }]);
});

Deno.test("DaemonClient ends the event stream when the reader leaves or aborts", async () => {
  const closed = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let opened = 0;
  await withDaemon(() => {
    const mine = closed[opened++]!;
    return new Response(
      new ReadableStream({
        start: (controller) =>
          controller.enqueue(new TextEncoder().encode('event: change\ndata: {"revision":1}\n\n')),
        cancel: () => mine.resolve(),
      }),
    );
  }, async (client) => {
    for await (const _ of client.proxyEvents(new AbortController().signal)) break;
    await closed[0]!.promise;

    const abort = new AbortController();
    for await (const _ of client.proxyEvents(abort.signal)) abort.abort();
    await closed[1]!.promise;
  });

  equal(opened, 2);
});

Deno.test("DaemonClient reaches a daemon on this machine past HTTP_PROXY, without NO_PROXY", async () => {
  let proxied = 0;
  const proxy = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, () => {
    proxied++;
    return Response.json({ status: "ok", version: "stolen" });
  });
  await withDaemon(() => Response.json({ status: "ok", version: "own" }), async (_, baseUrl) => {
    const script = `
      import { DaemonClient } from ${
      JSON.stringify(import.meta.resolve("../../client/daemon_client.ts"))
    };
      const client = new DaemonClient({ baseUrl: ${JSON.stringify(baseUrl)}, signer: null });
      await Deno.stdout.write(new TextEncoder().encode((await client.health()).version));`;
    const url = `http://127.0.0.1:${proxy.addr.port}`;
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["eval", "--quiet", script],
      cwd: new URL("../../", import.meta.url),
      env: { HTTP_PROXY: url, http_proxy: url, ALL_PROXY: url, NO_PROXY: "", no_proxy: "" },
    }).output();

    equal(new TextDecoder().decode(stdout), "own");
  });
  await proxy.shutdown();

  equal(proxied, 0);
});

Deno.test("an error of the client carries its cause, and is one of ours", async () => {
  using client = new DaemonClient({
    baseUrl: "http://127.0.0.1:1",
    signer: null,
    fetch: () => Promise.reject(new TypeError("boom")),
  });

  await rejects(client.health(), (error) => {
    ok(error instanceof DaemonUnavailableError);
    ok(error.cause instanceof TypeError);
    return true;
  });
});
