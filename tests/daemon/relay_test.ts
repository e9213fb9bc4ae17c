import { deepEqual, equal, match, ok } from "node:assert/strict";
import type { RelayBoot } from "../../core/boot.ts";
import { type EgressControl, openEgressControl } from "../../daemon/egress_control.ts";
import { type RelayLimits, startRelay } from "../../daemon/relay.ts";
import type { Resolve } from "../../daemon/relay/dial.ts";
import type { AllowedHost } from "../../daemon/relay_protocol.ts";

const SECRET = "a".repeat(64);
const BOOT: RelayBoot = {
  port: 0,
  secret: SECRET,
  allow_private: false,
  https_proxy: null,
  no_proxy: [],
};

interface Answer {
  readonly status: number;
  readonly reason: string | null;
  /** What came along behind the head. */
  readonly rest: string;
  readonly conn: Deno.TcpConn;
}

/** A relay with its control connection, and names that resolve to what the test says. */
class Play {
  readonly port: number;
  readonly finished: Promise<void>;
  readonly #relay: ReturnType<typeof startRelay>;
  #control: EgressControl | null = null;
  readonly asked: string[] = [];

  constructor(
    names: Readonly<Record<string, readonly string[]>> = {},
    boot: Partial<RelayBoot> = {},
    limits: Partial<RelayLimits> = {},
  ) {
    const resolve: Resolve = (host) => {
      this.asked.push(host);
      return Promise.resolve(names[host] ?? []);
    };
    this.#relay = startRelay({ ...BOOT, ...boot }, { limits, resolve });
    this.port = this.#relay.port;
    this.finished = this.#relay.finished;
  }

  async allow(...hosts: AllowedHost[]): Promise<EgressControl> {
    this.#control ??= await openEgressControl({ port: this.port, secret: SECRET });
    await this.#control.allow("test", hosts);
    return this.#control;
  }

  /** Sends a head and returns status, reason and the connection. */
  async ask(head: string): Promise<Answer> {
    const conn = await Deno.connect({ port: this.port });
    await conn.write(new TextEncoder().encode(head)).catch(() => {});
    const text = await readUntil(conn, "\r\n\r\n");
    return {
      status: Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0),
      reason: /x-relay-reason: (\w+)/.exec(text)?.[1] ?? null,
      rest: text.slice(text.indexOf("\r\n\r\n") + 4),
      conn,
    };
  }

  async connect(authority: string, secret = SECRET) {
    return await this.ask(
      `CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n` +
        `Proxy-Authorization: Bearer ${secret}\r\n\r\n`,
    );
  }

  get counts() {
    return this.#relay.counts();
  }

  [Symbol.dispose](): void {
    this.#control?.close();
    this.#relay.close();
  }
}

async function readUntil(conn: Deno.TcpConn, end: string): Promise<string> {
  let text = "";
  const buffer = new Uint8Array(1024);
  while (!text.includes(end)) {
    const count = await conn.read(buffer).catch(() => null);
    if (count === null) break;
    text += new TextDecoder().decode(buffer.subarray(0, count));
  }
  return text;
}

async function readAll(conn: Deno.TcpConn): Promise<string> {
  return await readUntil(conn, "\0never\0");
}

/** A server on loopback that reads to the end of the request, then answers with its length. */
function lengthServer() {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const served = (async () => {
    for await (const conn of listener) {
      const text = await readAll(conn);
      await conn.write(new TextEncoder().encode(`got ${text.length}`)).catch(() => {});
      conn.close();
    }
  })();
  return {
    port: listener.addr.port,
    async [Symbol.asyncDispose]() {
      listener.close();
      await served;
    },
  };
}

const PUBLIC: AllowedHost = { host: "provider.test", port: 443, private: false };

Deno.test("the relay answers 407 to whoever does not know its secret, with any head", async () => {
  using play = new Play();
  const control = await play.allow(PUBLIC);
  for (
    const head of [
      "CONNECT provider.test:443 HTTP/1.1\r\n\r\n",
      `CONNECT provider.test:443 HTTP/1.1\r\nProxy-Authorization: Bearer ${"b".repeat(64)}\r\n\r\n`,
      `CONNECT provider.test:443 HTTP/1.1\r\nProxy-Authorization: Bearer ${SECRET}x\r\n\r\n`,
      `CONNECT provider.test:443 HTTP/1.1\r\nProxy-Authorization: Basic ${SECRET}\r\n\r\n`,
      "CONTROL authsome HTTP/1.1\r\nProxy-Authorization: Bearer \r\n\r\n",
      "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    ]
  ) {
    const { status, reason, conn } = await play.ask(head);
    conn.close();
    deepEqual([status, reason], [407, "wrong_secret"], head);
  }
  ok(control.isUp, "a stranger ended the relay");
});

const AUTHORITIES: readonly (readonly [string, number, string])[] = [
  ["provider.test:443", 502, "name_not_resolved"],
  ["provider.test:80", 403, "port_not_allowed"],
  ["provider.test:22", 403, "port_not_allowed"],
  ["evilprovider.test:443", 403, "host_not_allowed"],
  ["provider.test.evil.test:443", 403, "host_not_allowed"],
  ["sub.provider.test:443", 403, "host_not_allowed"],
  ["a.wild.test:443", 502, "name_not_resolved"],
  ["a.b.wild.test:443", 502, "name_not_resolved"],
  ["wild.test:443", 403, "host_not_allowed"],
  ["evilwild.test:443", 403, "host_not_allowed"],
  ["PROVIDER.test:443", 400, "bad_request"],
  ["provider.test.:443", 400, "bad_request"],
  ["provider.test", 400, "bad_request"],
  ["provider.test:0", 400, "bad_request"],
  ["provider.test:99999", 400, "bad_request"],
  ["provider.test:+443", 400, "bad_request"],
  ["user@provider.test:443", 400, "bad_request"],
  ["https://provider.test:443", 400, "bad_request"],
  ["2130706433:443", 400, "bad_request"],
  ["127.1:443", 400, "bad_request"],
  ["127.0.0.1:443", 403, "host_not_allowed"],
  ["[::1]:443", 403, "host_not_allowed"],
];

Deno.test("the relay opens tunnels to the hosts and the port that definitions name", async (t) => {
  using play = new Play();
  await play.allow(PUBLIC, { host: "*.wild.test", port: 443, private: false });
  for (const [authority, status, reason] of AUTHORITIES) {
    await t.step(`${authority} → ${reason}`, async () => {
      const answer = await play.connect(authority);
      answer.conn.close();
      deepEqual([answer.status, answer.reason], [status, reason]);
    });
  }
});

Deno.test("the relay refuses a port that is not 443 even where the message names it", async () => {
  using play = new Play({ "provider.test": ["127.0.0.1"] });
  await play.allow({ ...PUBLIC, port: 8443 });
  const { reason, conn } = await play.connect("provider.test:8443");
  conn.close();
  equal(reason, "port_not_allowed");
});

const PRIVATE_ANSWERS = [
  "127.0.0.1",
  "10.0.0.5",
  "192.168.1.1",
  "172.16.3.4",
  "100.64.0.1",
  "169.254.169.254",
  "0.0.0.0",
  "::1",
  "fe80::1",
  "fd00:ec2::254",
  "::ffff:127.0.0.1",
  "::ffff:a9fe:a9fe",
  "64:ff9b::7f00:1",
  "not an address",
];

Deno.test("the relay refuses a public name that resolves to a private address", async (t) => {
  for (const address of PRIVATE_ANSWERS) {
    await t.step(address, async () => {
      using play = new Play({ "provider.test": [address] });
      await play.allow(PUBLIC);
      const { reason, conn } = await play.connect("provider.test:443");
      conn.close();
      equal(reason, "address_not_allowed");
    });
  }
});

Deno.test("the relay refuses metadata addresses even for a host that may be private", async () => {
  using play = new Play({ "provider.test": ["169.254.169.254", "fd00:ec2::254"] }, {
    allow_private: true,
  });
  await play.allow({ ...PUBLIC, private: true });
  const { reason, conn } = await play.connect("provider.test:443");
  conn.close();
  equal(reason, "address_not_allowed");
});

Deno.test("the relay dials a private host on its port when its definition allows that", async () => {
  await using server = lengthServer();
  using play = new Play({ "internal.test": ["127.0.0.1"] });
  await play.allow({ host: "internal.test", port: server.port, private: true });
  const { status, conn } = await play.connect(`internal.test:${server.port}`);
  equal(status, 200);
  await conn.write(new TextEncoder().encode("x".repeat(100_000)));
  await conn.closeWrite();
  // Half-closed: the answer comes although the request has ended.
  equal(await readAll(conn), "got 100000");
  conn.close();
});

Deno.test("the relay resolves a name once, so a second answer cannot change the address", async () => {
  await using server = lengthServer();
  using play = new Play({ "internal.test": ["127.0.0.1"] });
  await play.allow({ host: "internal.test", port: server.port, private: true });
  const { conn } = await play.connect(`internal.test:${server.port}`);
  await conn.closeWrite();
  await readAll(conn);
  conn.close();
  deepEqual(play.asked, ["internal.test"]);
});

Deno.test("the relay tries the next address when the first does not answer", async () => {
  await using server = lengthServer();
  using play = new Play({ "internal.test": ["::1", "127.0.0.1"] });
  await play.allow({ host: "internal.test", port: server.port, private: true });
  const { status, conn } = await play.connect(`internal.test:${server.port}`);
  equal(status, 200);
  await conn.closeWrite();
  await readAll(conn);
  conn.close();
});

Deno.test("the relay passes on what came along with the head", async () => {
  await using server = lengthServer();
  using play = new Play({ "internal.test": ["127.0.0.1"] });
  await play.allow({ host: "internal.test", port: server.port, private: true });
  const { conn } = await play.ask(
    `CONNECT internal.test:${server.port} HTTP/1.1\r\n` +
      `Proxy-Authorization: Bearer ${SECRET}\r\n\r\nearly`,
  );
  await conn.closeWrite();
  equal(await readAll(conn), "got 5");
  conn.close();
});

const BAD_HEADS: readonly (readonly [string, string])[] = [
  ["an endless head", `CONNECT provider.test:443 HTTP/1.1\r\nx: ${"y".repeat(9000)}`],
  ["a bare line feed", "CONNECT provider.test:443 HTTP/1.1\nProxy-Authorization: x\r\n\r\n"],
  ["a NUL", "CONNECT provider.test\0:443 HTTP/1.1\r\n\r\n"],
  ["a high byte", "CONNECT prövider.test:443 HTTP/1.1\r\n\r\n"],
  ["a header twice", "CONNECT provider.test:443 HTTP/1.1\r\na: 1\r\na: 2\r\n\r\n"],
  ["a folded header", "CONNECT provider.test:443 HTTP/1.1\r\na: 1\r\n b\r\n\r\n"],
  ["a space before the colon", "CONNECT provider.test:443 HTTP/1.1\r\na : 1\r\n\r\n"],
];

Deno.test("the relay refuses a head that could be read in two ways", async (t) => {
  using play = new Play();
  await play.allow(PUBLIC);
  for (const [name, head] of BAD_HEADS) {
    await t.step(name, async () => {
      const { status, conn } = await play.ask(head);
      conn.close();
      ok(status === 400 || status === 0, `answered ${status}`);
    });
  }
});

Deno.test("the relay closes a connection whose head does not come", async () => {
  using play = new Play({}, {}, { headMs: 20 });
  const { status, conn } = await play.ask("CONNECT provider.test:443");
  conn.close();
  equal(status, 0);
});

Deno.test("the relay closes a tunnel in which nothing happens", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  using play = new Play({ "internal.test": ["127.0.0.1"] }, {}, { idleMs: 30 });
  await play.allow({ host: "internal.test", port: listener.addr.port, private: true });
  const { status, conn } = await play.connect(`internal.test:${listener.addr.port}`);
  const far = await listener.accept();
  equal(status, 200);
  equal(await readAll(conn), "");
  conn.close();
  far.close();
  listener.close();
});

Deno.test("the relay bounds the number of tunnels", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  using play = new Play({ "internal.test": ["127.0.0.1"] }, {}, { maxTunnels: 1 });
  await play.allow({ host: "internal.test", port: listener.addr.port, private: true });
  const first = await play.connect(`internal.test:${listener.addr.port}`);
  const second = await play.connect(`internal.test:${listener.addr.port}`);
  deepEqual([first.status, second.reason], [200, "too_many_tunnels"]);
  first.conn.close();
  second.conn.close();
  listener.close();
});

Deno.test("the relay lets a slow reader hold the writer back", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  using play = new Play({ "internal.test": ["127.0.0.1"] });
  await play.allow({ host: "internal.test", port: listener.addr.port, private: true });
  const { conn } = await play.connect(`internal.test:${listener.addr.port}`);
  const far = await listener.accept();
  // Nobody reads at the far end: what the relay holds is one buffer, the rest waits in the kernels.
  const chunk = new Uint8Array(1 << 20);
  let written = 0;
  let stalled = false;
  const writing = (async () => {
    while (!stalled) written += await conn.write(chunk);
  })().catch(() => {});
  let before = -1;
  for (let still = 0; still < 20;) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    still = written === before ? still + 1 : 0;
    before = written;
    if (written > 1 << 28) break;
  }
  stalled = true;
  ok(written < 1 << 28, "the relay swallowed everything");
  far.close();
  conn.close();
  await writing;
  listener.close();
});

Deno.test("the relay ends when its control connection closes", async () => {
  using play = new Play();
  const control = await play.allow(PUBLIC);
  control.close();
  await play.finished;
  const answer = await play.connect("provider.test:443").catch(() => null);
  answer?.conn.close();
  equal(answer?.status ?? 0, 0);
});

Deno.test("the relay ends when no control connection ever comes", async () => {
  using play = new Play({}, {}, { orphanMs: 20 });
  await play.finished;
});

Deno.test("the relay ends when its control connection speaks nonsense", async () => {
  using play = new Play();
  const { status, conn } = await play.ask(
    `CONTROL authsome HTTP/1.1\r\nProxy-Authorization: Bearer ${SECRET}\r\n\r\n`,
  );
  equal(status, 200);
  await conn.write(new TextEncoder().encode('{"allow":[{"host":"a.test"}]}\n'));
  await play.finished;
  conn.close();
});

Deno.test("the relay takes orders from one control connection at a time", async () => {
  using play = new Play();
  const first = await play.allow(PUBLIC);
  const second = await openEgressControl({ port: play.port, secret: SECRET });
  deepEqual([first.isUp, second.isUp], [true, false]);
});

Deno.test("a daemon learns that its relay has died", async () => {
  const play = new Play();
  const control = await play.allow(PUBLIC);
  play[Symbol.dispose]();
  await control.down;
  equal(control.isUp, false);
});

Deno.test("allow() replaces one group and keeps the others", async () => {
  using play = new Play();
  const control = await play.allow(PUBLIC);
  await control.allow("login", [{ host: "issuer.test", port: 443, private: false }]);
  const reasons = async () => {
    const answers = [
      await play.connect("provider.test:443"),
      await play.connect("issuer.test:443"),
    ];
    answers.forEach(({ conn }) => conn.close());
    return answers.map(({ reason }) => reason);
  };
  deepEqual(await reasons(), ["name_not_resolved", "name_not_resolved"]);
  await control.allow("login", []);
  deepEqual(await reasons(), ["name_not_resolved", "host_not_allowed"]);
});

Deno.test("the relay counts tunnels, refusals and bytes, and nothing else", async () => {
  await using server = lengthServer();
  using play = new Play({ "internal.test": ["127.0.0.1"] });
  await play.allow({ host: "internal.test", port: server.port, private: true });
  (await play.connect("elsewhere.test:443")).conn.close();
  const { conn } = await play.connect(`internal.test:${server.port}`);
  await conn.write(new TextEncoder().encode("12345"));
  await conn.closeWrite();
  await readAll(conn);
  conn.close();
  const { tunnels_open: _, ...counts } = play.counts;
  deepEqual(counts, { tunnels_opened: 1, refused: 1, bytes_up: 5, bytes_down: 5 });
});

/** A proxy that takes one head, answers with `answer`, then echoes. */
function corporateProxy(answer: string) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const heads: string[] = [];
  const served = (async () => {
    for await (const conn of listener) {
      heads.push(await readUntil(conn, "\r\n\r\n"));
      await conn.write(new TextEncoder().encode(answer)).catch(() => {});
      await conn.readable.pipeTo(conn.writable).catch(() => {});
    }
  })();
  return {
    url: `http://me:hunter2@127.0.0.1:${listener.addr.port}`,
    heads,
    async [Symbol.asyncDispose]() {
      listener.close();
      await served;
    },
  };
}

Deno.test("the relay chains through a corporate proxy with Basic credentials", async () => {
  await using proxy = corporateProxy("HTTP/1.1 200 Fine\r\nVia: corp\r\n\r\nhello ");
  using play = new Play({}, { https_proxy: proxy.url });
  await play.allow(PUBLIC);
  const { status, rest, conn } = await play.connect("provider.test:443");
  await conn.write(new TextEncoder().encode("world"));
  await conn.closeWrite();
  equal(status, 200);
  equal(rest + await readAll(conn), "hello world");
  conn.close();
  match(proxy.heads[0]!, /^CONNECT provider\.test:443 HTTP\/1\.1\r\n/);
  match(proxy.heads[0]!, new RegExp(`Proxy-Authorization: Basic ${btoa("me:hunter2")}\r\n`));
  ok(!proxy.heads[0]!.includes(SECRET), "the relay's secret left the machine");
  deepEqual(play.asked, [], "the proxy resolves names");
});

Deno.test("the relay says so when the corporate proxy refuses", async () => {
  await using proxy = corporateProxy("HTTP/1.1 407 No\r\n\r\n");
  using play = new Play({}, { https_proxy: proxy.url });
  await play.allow(PUBLIC);
  const { reason, conn } = await play.connect("provider.test:443");
  conn.close();
  equal(reason, "proxy_refused");
});

Deno.test("the relay goes past the corporate proxy for NO_PROXY, still judging addresses", async () => {
  await using proxy = corporateProxy("HTTP/1.1 200 Fine\r\n\r\n");
  using play = new Play({ "provider.test": ["10.0.0.1"] }, {
    https_proxy: proxy.url,
    no_proxy: [".test"],
  });
  await play.allow(PUBLIC);
  const { reason, conn } = await play.connect("provider.test:443");
  conn.close();
  equal(reason, "address_not_allowed");
  deepEqual(proxy.heads, []);
});
