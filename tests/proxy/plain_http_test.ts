/** `http:` URLs: absolute-form requests, and clear text inside CONNECT. */
import assert from "node:assert/strict";
import type { Admission } from "../../proxy/admission.ts";
import { Refusal } from "../../proxy/fail_closed.ts";
import { parseRequestHead } from "../../proxy/http1/message_head.ts";
import { planPlain } from "../../proxy/plan_plain.ts";
import type { RunContext } from "../../proxy/run_context.ts";
import { bearer, FakeDaemon, makeCredential, makeRoute } from "../support/fake_daemon.ts";
import { startTestProxy } from "../support/proxy_bench.ts";
import { startRawUpstream } from "../support/raw_upstream.ts";
import type { RawConnection } from "../support/raw_connection.ts";

function recorder(seen: string[]) {
  return async (connection: RawConnection) => {
    for (;;) {
      seen.push(await connection.readHead());
      await connection.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    }
  };
}

Deno.test("an absolute-form request is forwarded in origin-form, without the run's secret", async () => {
  const seen: string[] = [];
  const server = startRawUpstream(null, recorder(seen));
  const test = await startTestProxy({ servers: { "plain.test:80": server.port } });

  const raw = await test.dial();
  await raw.write(
    `GET http://Plain.test/a?b HTTP/1.1\r\nHost: plain.test\r\n${test.authorization}X-Kept: 1\r\n\r\n`,
  );
  assert.equal((await raw.readAnswer()).body, "ok");

  assert.deepEqual(seen, ["GET /a?b HTTP/1.1\r\nHost: plain.test\r\nX-Kept: 1\r\n\r\n"]);
  await test.close();
  await server.close();
});

Deno.test("a WebSocket without TLS may be named by its own scheme, as aiohttp does", async () => {
  const seen: string[] = [];
  const server = startRawUpstream(null, recorder(seen));
  const test = await startTestProxy({ servers: { "plain.test:80": server.port } });

  const raw = await test.dial();
  await raw.write(
    `GET ws://plain.test/a HTTP/1.1\r\nHost: plain.test\r\n${test.authorization}\r\n`,
  );
  assert.equal((await raw.readAnswer()).body, "ok");

  assert.deepEqual(seen, ["GET /a HTTP/1.1\r\nHost: plain.test\r\n\r\n"]);
  await test.close();
  await server.close();
});

Deno.test("one connection to the proxy serves several hosts, and each request needs the secret", async () => {
  const first: string[] = [];
  const second: string[] = [];
  const servers = [
    startRawUpstream(null, recorder(first)),
    startRawUpstream(null, recorder(second)),
  ];
  const test = await startTestProxy({
    servers: { "one.test:80": servers[0]!.port, "two.test:8080": servers[1]!.port },
  });

  const raw = await test.dial();
  await raw.write(`GET http://one.test HTTP/1.1\r\nHost: one.test\r\n${test.authorization}\r\n`);
  await raw.readAnswer();
  await raw.write(
    `GET http://two.test:8080?q HTTP/1.1\r\nHost: two.test:8080\r\n${test.authorization}\r\n`,
  );
  await raw.readAnswer();
  await raw.write("GET http://one.test/ HTTP/1.1\r\nHost: one.test\r\n\r\n");
  assert.match((await raw.readAnswer()).head, /^HTTP\/1.1 407 /);

  assert.match(first[0]!, /^GET \/ HTTP/);
  assert.match(second[0]!, /^GET \/\?q HTTP/);
  assert.equal(first.length, 1);
  await test.close();
  await Promise.all(servers.map((server) => server.close()));
});

const REFUSED: Readonly<Record<string, { line: string; host?: string; status: number }>> = {
  "an origin-form request: this is a proxy, not a server": { line: "GET / HTTP/1.1", status: 400 },
  "https in absolute-form": { line: "GET https://plain.test/ HTTP/1.1", status: 400 },
  "wss in absolute-form": { line: "GET wss://plain.test/ HTTP/1.1", status: 400 },
  "user information": { line: "GET http://plain.test@evil.test/ HTTP/1.1", status: 400 },
  "an odd IP address": { line: "GET http://0x7f000001/ HTTP/1.1", status: 400 },
  "another Host": {
    line: "GET http://plain.test/ HTTP/1.1",
    host: "other.test",
    status: 421,
  },
  "TRACE": { line: "TRACE http://plain.test/ HTTP/1.1", status: 405 },
  "loopback": { line: "GET http://127.0.0.1/ HTTP/1.1", host: "127.0.0.1", status: 403 },
};

for (const [name, { line, host = "plain.test", status }] of Object.entries(REFUSED)) {
  Deno.test(`a plain request is refused: ${name}`, async () => {
    const local = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = local.addr as Deno.NetAddr;
    const test = await startTestProxy();
    const raw = await test.dial();

    const there = line.replace("127.0.0.1", `127.0.0.1:${port}`);
    const named = host.replace("127.0.0.1", `127.0.0.1:${port}`);
    await raw.write(`${there}\r\nHost: ${named}\r\n${test.authorization}\r\n`);

    assert.match((await raw.readAnswer()).head, new RegExp(`^HTTP/1.1 ${status} `));
    await test.close();
    local.close();
  });
}

Deno.test("a credential never goes out in clear text: 403 says to use https", async () => {
  const seen: string[] = [];
  const server = startRawUpstream(null, recorder(seen));
  const test = await startTestProxy({ servers: { "api.acme.test:80": server.port } });

  const raw = await test.dial();
  await raw.write(
    `GET http://api.acme.test/ HTTP/1.1\r\nHost: api.acme.test\r\n${test.authorization}\r\n`,
  );
  const { head, body } = await raw.readAnswer();
  // Some clients send http: URLs through CONNECT.
  const { raw: tunnelled } = await test.connect("api.acme.test:80");
  await tunnelled.write("GET / HTTP/1.1\r\nHost: api.acme.test\r\n\r\n");
  const inside = await tunnelled.readAnswer();

  for (const answer of [{ head, body }, inside]) {
    assert.match(answer.head, /^HTTP\/1.1 403 /);
    assert.equal(JSON.parse(answer.body).hint, "Use https://api.acme.test");
  }
  assert.deepEqual(seen, []);
  assert.deepEqual(test.daemon.asked, []);
  await test.close();
  await server.close();
});

Deno.test("a definition registered with --allow-private gets its credential over http", async () => {
  const seen: string[] = [];
  const server = startRawUpstream(null, recorder(seen));
  const test = await startTestProxy({
    daemon: new FakeDaemon([makeRoute({ host: "tool.internal", allow_private: true })]),
    servers: { "tool.internal:80": server.port },
  });

  const raw = await test.dial();
  await raw.write(
    `GET http://tool.internal/ HTTP/1.1\r\nHost: tool.internal\r\n${test.authorization}\r\n`,
  );
  await raw.readAnswer();

  assert.match(seen[0]!, /\r\nAuthorization: Bearer the-real-key\r\n/);
  await test.close();
  await server.close();
});

Deno.test("over http, too, a token that is refused is renewed once, and the request sent again", async () => {
  const seen: string[] = [];
  const server = startRawUpstream(null, async (connection) => {
    for (;;) {
      const head = await connection.readHead();
      seen.push(/Authorization: (.*)\r\n/.exec(head)![1]! + await connection.readBytes(4));
      const status = head.includes("Bearer new") ? "200 OK" : "401 Unauthorized";
      await connection.write(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\n\r\n`);
    }
  });
  const daemon = new FakeDaemon([makeRoute({ host: "tool.internal", allow_private: true })]);
  daemon.resolve = (request) =>
    request.rejected_at === undefined
      ? makeCredential(request, [bearer("old")], "2100-01-01T00:00:00Z")
      : makeCredential(request, [bearer("new")], "2100-01-01T01:00:00Z");
  const test = await startTestProxy({ daemon, servers: { "tool.internal:80": server.port } });

  const raw = await test.dial();
  await raw.write(
    `POST http://tool.internal/ HTTP/1.1\r\nHost: tool.internal\r\n${test.authorization}` +
      "Content-Length: 4\r\n\r\nbody",
  );

  assert.match((await raw.readAnswer()).head, /^HTTP\/1\.1 200 /);
  assert.deepEqual(seen, ["Bearer oldbody", "Bearer newbody"]);
  await test.close();
  await server.close();
});

Deno.test("a corporate proxy is asked about a server itself without a path", async () => {
  const seen: string[] = [];
  const corporate = startRawUpstream(null, recorder(seen));
  const test = await startTestProxy({
    variables: { HTTP_PROXY: `http://127.0.0.1:${corporate.port}` },
  });

  const raw = await test.dial();
  await raw.write(
    `OPTIONS http://plain.test HTTP/1.1\r\nHost: plain.test\r\n${test.authorization}\r\n`,
  );
  await raw.readAnswer();

  assert.match(seen[0]!, /^OPTIONS http:\/\/plain\.test:80 HTTP\/1\.1\r\n/);
  await test.close();
  await corporate.close();
});

Deno.test("a plain request is a use: a run that has no others gives its memory back as well", async () => {
  let uses = 0;
  const run = { memory: { used: () => void uses++ } } as unknown as RunContext;
  const admission = { check: () => null } as unknown as Admission;
  const request = parseRequestHead("TRACE http://plain.test/ HTTP/1.1\r\nHost: plain.test");

  await assert.rejects(planPlain(request, run, admission), Refusal);

  assert.equal(uses, 1);
});

for (const url of ["http://other.test/", "ws://other.test/", "HTTP://Other.Test:80"]) {
  Deno.test(`what goes nowhere is told with its host: ${url}`, async () => {
    const test = await startTestProxy({ denyUnmatched: true });
    const client = await test.dial();
    await client.write(`GET ${url} HTTP/1.1\r\nHost: other.test\r\n${test.authorization}\r\n`);

    assert.match(await client.readHead(), /^HTTP\/1\.1 403 /);

    await test.close();
    const denials = test.daemon.reported.flatMap((report) => report.denials);
    assert.deepEqual(denials.map(({ host }) => host), ["other.test"]);
  });
}
