import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { EndpointUnreachableError } from "../../core/errors.ts";
import { type Egress, type EgressOptions, openEgress, tunnelFetch } from "../../daemon/egress.ts";
import { type EgressControl, openEgressControl } from "../../daemon/egress_control.ts";
import { type Relay, startRelay } from "../../daemon/relay.ts";
import type { RelayCounts } from "../../daemon/relay_protocol.ts";
import { createTestCertificate, type TestCertificate } from "../support/test_certificate.ts";
import { until } from "../support/until.ts";

const HOST = "provider.test";
const SECRET = "c".repeat(64);
const CERTIFICATE = createTestCertificate([HOST]);

/** A real TLS server behind a real relay; `answer` gets the request's text and the connection. */
class Play {
  readonly origin: string;
  readonly #listener: Deno.TlsListener;
  readonly #relay: Relay;
  readonly #control: EgressControl;
  readonly #served: Promise<void>;
  readonly #conns: Deno.TlsConn[] = [];

  static async start(
    answer: (request: string, conn: Deno.TlsConn) => Promise<void> | void,
    certificate: TestCertificate = CERTIFICATE,
  ): Promise<Play> {
    const listener = Deno.listenTls({
      hostname: "127.0.0.1",
      port: 0,
      cert: certificate.certificate,
      key: certificate.privateKey,
    });
    const relay = startRelay(
      { port: 0, secret: SECRET, allow_private: false, https_proxy: null, no_proxy: [] },
      { resolve: () => Promise.resolve(["127.0.0.1"]) },
    );
    const control = await openEgressControl({ port: relay.port, secret: SECRET });
    await control.allow("test", [{ host: HOST, port: listener.addr.port, private: true }]);
    return new Play(listener, relay, control, answer);
  }

  private constructor(
    listener: Deno.TlsListener,
    relay: Relay,
    control: EgressControl,
    answer: (request: string, conn: Deno.TlsConn) => Promise<void> | void,
  ) {
    this.origin = `https://${HOST}:${listener.addr.port}`;
    this.#listener = listener;
    this.#relay = relay;
    this.#control = control;
    this.#served = this.#serve(answer);
  }

  fetch(path: string, init?: RequestInit, options?: EgressOptions): Promise<Response> {
    return this.go(`${this.origin}${path}`, init, options);
  }

  go(url: string, init?: RequestInit, options: EgressOptions = {}): Promise<Response> {
    const relay = { port: this.#relay.port, secret: SECRET };
    return tunnelFetch(relay, { extraRoots: [CERTIFICATE.root], ...options })(url, init);
  }

  egress(options: EgressOptions = {}): Egress {
    const relay = { port: this.#relay.port, secret: SECRET };
    return openEgress(relay, { extraRoots: [CERTIFICATE.root], ...options });
  }

  /** Tunnels opened so far, and those that are open. */
  get counts(): RelayCounts {
    return this.#relay.counts();
  }

  allow(port: number): Promise<void> {
    return this.#control.allow("more", [{ host: HOST, port, private: true }]);
  }

  stopRelay(): void {
    this.#relay.close();
  }

  async #serve(answer: (request: string, conn: Deno.TlsConn) => Promise<void> | void) {
    for (;;) {
      let conn: Deno.TlsConn;
      try {
        conn = await this.#listener.accept();
        this.#conns.push(conn);
        const request = await readRequest(conn);
        await answer(request, conn);
      } catch (error) {
        if (error instanceof Deno.errors.BadResource) return;
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    this.#control.close();
    this.#relay.close();
    for (const conn of this.#conns) {
      try {
        conn.close();
      } catch { /* closed by its answer */ }
    }
    await this.#served;
  }
}

async function readRequest(conn: Deno.TlsConn): Promise<string> {
  let text = "";
  const buffer = new Uint8Array(65_536);
  for (;;) {
    const [head, body] = text.split("\r\n\r\n", 2);
    const length = Number(/content-length: (\d+)/i.exec(head ?? "")?.[1] ?? 0);
    if (body !== undefined && body.length >= length) return text;
    const count = await conn.read(buffer);
    if (count === null) return text;
    text += new TextDecoder().decode(buffer.subarray(0, count));
  }
}

/** Says `text` and closes. */
function says(text: string): (request: string, conn: Deno.TlsConn) => Promise<void> {
  return async (_, conn) => {
    await writeAll(conn, new TextEncoder().encode(text));
    conn.close();
  };
}

async function writeAll(conn: Deno.TlsConn, bytes: Uint8Array): Promise<void> {
  for (let n = 0; n < bytes.length;) n += await conn.write(bytes.subarray(n));
}

Deno.test("tunnelFetch() sends method, path, headers and body, and reads the answer", async () => {
  let seen = "";
  await using play = await Play.start(async (request, conn) => {
    seen = request;
    await says(
      "HTTP/1.1 201 Made\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
    )(
      request,
      conn,
    );
  });
  const response = await play.fetch("/token?a=b", {
    method: "POST",
    headers: { authorization: "Basic x" },
    body: new URLSearchParams({ grant_type: "refresh_token" }),
  });
  equal(response.status, 201);
  equal(response.url, `${play.origin}/token?a=b`);
  equal(response.headers.get("content-type"), "application/json");
  equal(await response.text(), "{}");
  match(seen, /^POST \/token\?a=b HTTP\/1\.1\r\n/);
  match(seen, new RegExp(`\r\nhost: ${play.origin.slice("https://".length)}\r\n`, "i"));
  match(seen, /\r\nauthorization: Basic x\r\n/i);
  match(seen, /\r\naccept-encoding: identity\r\n/i);
  ok(seen.endsWith("\r\n\r\ngrant_type=refresh_token"));
});

const GOOD: readonly (readonly [string, string, number, string])[] = [
  [
    "a chunked body",
    "200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    200,
    "abc",
  ],
  ["a body until the end", "200 OK\r\nConnection: close\r\n\r\nabc", 200, "abc"],
  ["no body", "204 No Content\r\n\r\n", 204, ""],
  ["an error", "400 Bad Request\r\nContent-Length: 3\r\n\r\nbad", 400, "bad"],
  ["a redirect, not followed", "302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n", 302, ""],
];

for (const [name, text, status, body] of GOOD) {
  Deno.test(`tunnelFetch() reads an answer with ${name}`, async () => {
    await using play = await Play.start(says(`HTTP/1.1 ${text}`));
    const response = await play.fetch("/");
    equal(response.status, status);
    equal(await response.text(), body);
  });
}

const BAD: readonly (readonly [string, string])[] = [
  ["nothing", ""],
  ["garbage", "\x16\x03\x01 not http at all\r\n\r\n"],
  ["half a head", "HTTP/1.1 200 OK\r\nContent-Le"],
  ["a body cut short", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc"],
  ["chunks cut short", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nabc"],
  ["a chunk size that is no number", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"],
  ["two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"],
  [
    "a length and chunks",
    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
  ],
  ["compression", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc"],
  ["a head without end", `HTTP/1.1 200 OK\r\nx: ${"y".repeat(200_000)}\r\n\r\n`],
];

for (const [name, text] of BAD) {
  Deno.test(`tunnelFetch() refuses ${name}, and quotes nothing of it`, async () => {
    await using play = await Play.start(says(text));
    await rejects(play.fetch("/secret-path?token=hunter2"), (error) => {
      ok(error instanceof EndpointUnreachableError, String(error));
      ok(error.message.startsWith(`Cannot reach ${play.origin}: `), error.message);
      ok(!/hunter2|secret-path|abc|yyy/.test(error.message + (error.hint ?? "")));
      return true;
    });
  });
}

Deno.test("tunnelFetch() refuses an answer that never ends", async () => {
  await using play = await Play.start(async (_, conn) => {
    await writeAll(conn, new TextEncoder().encode("HTTP/1.1 200 OK\r\n\r\n"));
    const chunk = new Uint8Array(65_536);
    for (;;) await writeAll(conn, chunk);
  });
  await rejects(play.fetch("/"), /larger than 1048576 bytes/);
});

Deno.test("tunnelFetch() gives up on silence", async () => {
  await using play = await Play.start(() => {});
  await rejects(play.fetch("/", {}, { timeoutMs: 300 }), /did not answer in time/);
});

Deno.test("tunnelFetch() rejects with the caller's reason when the caller gives up", async () => {
  const asked = Promise.withResolvers<void>();
  await using play = await Play.start(() => asked.resolve());
  const controller = new AbortController();
  const answer = play.fetch("/", { signal: controller.signal });
  await asked.promise;
  controller.abort(new Error("gone home"));
  await rejects(answer, /gone home/);
});

Deno.test("tunnelFetch() dials nothing before the relay knows its hosts", async () => {
  await using play = await Play.start(says("HTTP/1.1 204 No Content\r\n\r\n"));
  const hostsKnown = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  const answer = play.fetch("/", {}, {
    ready: () => {
      asked.resolve();
      return hostsKnown.promise;
    },
  });

  await asked.promise;
  equal(play.counts.tunnels_opened, 0);
  hostsKnown.resolve();

  equal((await answer).status, 204);
});

Deno.test("tunnelFetch() gives up on a relay that does not take its hosts in", async () => {
  await using play = await Play.start(says("HTTP/1.1 204 No Content\r\n\r\n"));
  const never = () => new Promise<void>(() => {});
  const caller = new AbortController();
  const given = play.fetch("/", { signal: caller.signal }, { ready: never });
  caller.abort(new Error("gone home"));

  await rejects(given, /gone home/);
  await rejects(play.fetch("/", {}, { ready: never, timeoutMs: 50 }), /did not answer in time/);
});

Deno.test("tunnelFetch() refuses a certificate of an unknown authority", async () => {
  const other = createTestCertificate([HOST]);
  let asked = false;
  await using play = await Play.start(() => void (asked = true), other);
  await rejects(
    play.fetch("/"),
    (error) => error instanceof EndpointUnreachableError && /certificate/.test(error.message),
  );
  equal(asked, false);
});

Deno.test("tunnelFetch() refuses a certificate for another name", async () => {
  const other = createTestCertificate(["elsewhere.test"]);
  let asked = false;
  await using play = await Play.start(() => void (asked = true), other);
  await rejects(play.fetch("/", {}, { extraRoots: [other.root] }), /certificate is not valid/);
  equal(asked, false);
});

Deno.test("tunnelFetch() refuses http, and hosts that no definition names", async () => {
  await using play = await Play.start(says("HTTP/1.1 204 No Content\r\n\r\n"));
  await rejects(play.go("http://provider.test/"), /it is not https/);
  await rejects(play.go("https://elsewhere.test/"), (error) => {
    ok(error instanceof EndpointUnreachableError);
    match(error.message, /no provider definition names this host/);
    return true;
  });
});

Deno.test("tunnelFetch() says that the relay has ended, and what to do", async () => {
  await using play = await Play.start(says("HTTP/1.1 204 No Content\r\n\r\n"));
  play.stopRelay();
  await rejects(play.fetch("/"), (error) => {
    ok(error instanceof EndpointUnreachableError);
    match(error.message, /egress relay/);
    equal(error.hint, "Run: authsome daemon restart");
    return true;
  });
});

Deno.test("tunnelFetch() serves many requests at once", async () => {
  await using play = await Play.start(says("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
  const texts = await Promise.all(
    Array.from({ length: 32 }, async () => await (await play.fetch("/")).text()),
  );
  equal(texts.join(""), "ok".repeat(32));
});

/** A request of the largest size, of which the server above reads only the beginning. */
const UNREAD: RequestInit = {
  method: "POST",
  // The first length that `readRequest` finds.
  headers: { "a-content-length": "0" },
  body: new Uint8Array(1 << 20),
};

Deno.test("tunnelFetch() takes an answer that comes before the request was read", async () => {
  await using play = await Play.start(async (_, conn) => {
    await writeAll(
      conn,
      new TextEncoder().encode("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno"),
    );
  });
  const response = await play.fetch("/", UNREAD);
  equal(response.status, 413);
  equal(await response.text(), "no");
});

Deno.test("tunnelFetch() gives up on a server that stops reading", async () => {
  await using play = await Play.start(() => {});
  await rejects(play.fetch("/", UNREAD, { timeoutMs: 300 }), /did not answer in time/);
});

Deno.test("connectEarly() makes the connection that the next request is sent over", async () => {
  const seen: string[] = [];
  await using play = await Play.start(async (request, conn) => {
    seen.push(request.split(" ")[1] ?? "");
    await says("HTTP/1.1 204 No Content\r\n\r\n")(request, conn);
  });
  using early = play.egress().connectEarly(`${play.origin}/token`);
  await early.begun;
  await until(() => play.counts.tunnels_opened === 1);
  equal(seen.length, 0, "nothing is sent before there is a request");

  equal((await early.fetch(`${play.origin}/token`, { method: "POST", body: "a=b" })).status, 204);
  equal(play.counts.tunnels_opened, 1);
  equal((await early.fetch(`${play.origin}/again`)).status, 204);

  equal(play.counts.tunnels_opened, 2, "it carries one request");
  deepEqual(seen, ["/token", "/again"]);
});

Deno.test("connectEarly() closes a connection that no request came for", async () => {
  await using play = await Play.start((_, conn) => conn.close());
  const early = play.egress().connectEarly(play.origin);
  await until(() => play.counts.tunnels_opened === 1);

  early[Symbol.dispose]();

  await until(() => play.counts.tunnels_open === 0);
});

Deno.test("connectEarly() tells the request what became of the connection, and nobody before", async () => {
  await using play = await Play.start(() => {});
  const elsewhere = "https://elsewhere.test";
  using early = play.egress().connectEarly(elsewhere);
  await early.begun;

  await rejects(early.fetch(elsewhere), /no provider definition names this host/);
});

Deno.test("connectEarly() makes nobody wait longer than a request does", async () => {
  await using play = await Play.start(() => {});
  await using silent = silentServer();
  await play.allow(silent.port);
  const url = `https://${HOST}:${silent.port}/`;
  using early = play.egress({ timeoutMs: 30 }).connectEarly(url);

  await rejects(early.fetch(url), /it did not answer in time/);
  using again = play.egress().connectEarly(url);
  const reason = new Error("the caller went away");

  await rejects(again.fetch(url, { signal: AbortSignal.abort(reason) }), reason);
});

/** Takes connections and says nothing, not even a TLS handshake. */
function silentServer(): { readonly port: number } & AsyncDisposable {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const conns: Deno.Conn[] = [];
  const accepted = (async () => {
    for await (const conn of listener) conns.push(conn);
  })();
  return {
    port: listener.addr.port,
    async [Symbol.asyncDispose]() {
      listener.close();
      await accepted;
      for (const conn of conns) conn.close();
    },
  };
}
