/** HTTP/1.1 as it goes through: what must reach the other side unchanged, and what must not. */
import assert from "node:assert/strict";
import type { RawConnection } from "../support/raw_connection.ts";
import { signal, withScript } from "../support/scripted_run.ts";

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/** Answers every request with `answer` and calls back with its head. */
function answering(answer: string, seen: string[] = []) {
  return async (connection: RawConnection) => {
    for (;;) {
      const head = await connection.readHead();
      seen.push(head);
      const length = /content-length: *(\d+)/i.exec(head)?.[1];
      if (length !== undefined) seen.push(await connection.readBytes(Number(length)));
      await connection.write(answer);
    }
  };
}

Deno.test("header order, case and spacing reach the server unchanged, the credential in place", async () => {
  const seen: string[] = [];
  await withScript(answering(OK, seen), async ({ client }) => {
    await client.write(
      "GET /a%20b?x=%41&y HTTP/1.1\r\nx-LOWER:1\r\nHost: api.acme.test\r\nAUTHORIZATION: Bearer placeholder\r\nX-Last:   spaced  \r\nAuthorization: again\r\n\r\n",
    );
    await client.readAnswer();
  });
  assert.deepEqual(seen, [
    "GET /a%20b?x=%41&y HTTP/1.1\r\nx-LOWER:1\r\nHost: api.acme.test\r\nAuthorization: Bearer the-real-key\r\nX-Last:   spaced  \r\n\r\n",
  ]);
});

Deno.test("hop-by-hop headers end at the proxy, those that Connection names too", async () => {
  const seen: string[] = [];
  await withScript(answering(OK, seen), async ({ client }) => {
    await client.write(
      "GET / HTTP/1.1\r\nHost: api.acme.test\r\nConnection: keep-alive, X-Mine, Authorization\r\nX-Mine: 1\r\n" +
        "Keep-Alive: 5\r\nProxy-Connection: keep-alive\r\nProxy-Authorization: Basic eA==\r\nTE: trailers\r\nX-Kept: 1\r\n\r\n",
    );
    await client.readAnswer();
  });
  assert.equal(
    seen[0],
    "GET / HTTP/1.1\r\nHost: api.acme.test\r\nTE: trailers\r\nX-Kept: 1\r\nAuthorization: Bearer the-real-key\r\n\r\n",
  );
});

Deno.test("an answer comes back as it was: duplicate cookies, order, case", async () => {
  const answer =
    "HTTP/1.1 200 Very Fine\r\nset-cookie: a=1\r\nSet-Cookie: b=2\r\nSET-COOKIE: c=3\r\nX-y:z\r\nContent-Length: 2\r\n\r\n";
  await withScript(answering(answer + "ok"), async ({ client }) => {
    await client.write("GET / HTTP/1.1\r\nHost: api.acme.test\r\n\r\n");
    assert.deepEqual(await client.readAnswer(), { head: answer, body: "ok" });
  });
});

Deno.test("Alt-Svc is taken out of an answer: it leads round the proxy", async () => {
  const answer = 'HTTP/1.1 200 OK\r\nAlt-Svc: h3=":443"\r\nContent-Length: 0\r\n\r\n';
  await withScript(answering(answer), async ({ client }) => {
    await client.write("GET / HTTP/1.1\r\nHost: api.acme.test\r\n\r\n");
    assert.equal((await client.readAnswer()).head, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  });
});

Deno.test("an answer that says its length twice says it once to the client", async () => {
  const lines = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n";
  await withScript(answering(`${lines}Content-Length: 2\r\n\r\nok`), async ({ client }) => {
    await client.write("GET / HTTP/1.1\r\nHost: api.acme.test\r\n\r\n");
    assert.deepEqual(await client.readAnswer(), { head: `${lines}\r\n`, body: "ok" });
  });
});

Deno.test("an answer behind an empty line, in pieces and with early hints, comes back as it was", async () => {
  const hints = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
  const answer = "HTTP/1.1 200 OK\r\nX-Text: \xe9\xa0\r\nContent-Length: 5\r\n\r\n";
  await withScript(async (connection) => {
    for (;;) {
      await connection.readHead();
      for (const piece of [hints + "\r\n", answer.slice(0, 20), answer.slice(20) + "he", "llo"]) {
        await connection.write(piece);
      }
    }
  }, async ({ client }) => {
    for (let request = 0; request < 3; request++) {
      await client.write("GET / HTTP/1.1\r\nHost: api.acme.test\r\n\r\n");
      assert.equal(await client.readHead(), hints);
      assert.deepEqual(await client.readAnswer(), { head: answer, body: "hello" });
    }
  });
});

/** Bytes that are no text and no valid gzip: nothing may look inside. */
const BINARY = Array.from({ length: 256 }, (_, i) => String.fromCharCode(i)).join("");

Deno.test("a compressed body goes through byte for byte, valid or not", async () => {
  const head = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 256\r\n\r\n";
  await withScript(answering(head + BINARY), async ({ client }) => {
    await client.write("GET / HTTP/1.1\r\nHost: api.acme.test\r\n\r\n");
    assert.deepEqual(await client.readAnswer(), { head, body: BINARY });
  });
});

const BODILESS: Readonly<Record<string, { method?: string; answer: string }>> = {
  "HEAD": { method: "HEAD", answer: "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" },
  "HEAD with chunks": {
    method: "HEAD",
    answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
  },
  "204": { answer: "HTTP/1.1 204 No Content\r\n\r\n" },
  "304 with a length": { answer: "HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\n\r\n" },
};

for (const [name, { method = "GET", answer }] of Object.entries(BODILESS)) {
  Deno.test(`an answer without a body leaves the connection usable: ${name}`, async () => {
    await withScript(answering(answer), async ({ client, server }) => {
      for (let i = 0; i < 2; i++) {
        await client.write(`${method} / HTTP/1.1\r\nHost: api.acme.test\r\n\r\n`);
        assert.equal(await client.readHead(), answer);
      }
      assert.equal(server.accepted(), 1);
    });
  });
}

const NO_CONTENT = "HTTP/1.1 204 No Content\r\n";
for (const framing of ["Transfer-Encoding: chunked", "Content-Length: 5", "Trailer: X-End"]) {
  // Node.js 18 waits for the body of such an answer, and would take it from the next one's bytes.
  Deno.test(`an answer that has no body does not say that it has one: ${framing}`, async () => {
    const hints = (more: string) => `HTTP/1.1 103 Early Hints\r\n${more}Link: </a.css>\r\n\r\n`;
    const sent = `${hints(`${framing}\r\n`)}${NO_CONTENT}${framing}\r\nX-Mark: 1\r\n\r\n`;
    await withScript(answering(sent), async ({ client, server }) => {
      for (let i = 0; i < 2; i++) {
        await client.write("GET / HTTP/1.1\r\nHost: api.acme.test\r\n\r\n");
        assert.equal(await client.readHead(), hints(""));
        assert.equal(await client.readHead(), `${NO_CONTENT}X-Mark: 1\r\n\r\n`);
      }
      assert.equal(server.accepted(), 1);
    });
  });
}

Deno.test("keep-alive: many requests use one connection to the server", async () => {
  await withScript(answering(OK), async ({ client, server }) => {
    for (let i = 0; i < 20; i++) {
      await client.write(`GET /${i} HTTP/1.1\r\nHost: api.acme.test\r\n\r\n`);
      assert.equal((await client.readAnswer()).body, "ok");
    }
    assert.equal(server.accepted(), 1);
  });
});

Deno.test("pipelined requests are answered one after the other, each with the credential", async () => {
  const seen: string[] = [];
  await withScript(answering(OK, seen), async ({ client }) => {
    await client.write(
      [1, 2, 3].map((i) => `GET /${i} HTTP/1.1\r\nHost: api.acme.test\r\n\r\n`).join(""),
    );
    for (let i = 0; i < 3; i++) assert.equal((await client.readAnswer()).body, "ok");
  });
  assert.deepEqual(seen.map((head) => /^GET (\S+)/.exec(head)![1]), ["/1", "/2", "/3"]);
  assert.ok(seen.every((head) => head.includes("Bearer the-real-key")));
});

Deno.test("a head that comes byte by byte is a head", async () => {
  await withScript(answering(OK), async ({ client }) => {
    for (const letter of "GET / HTTP/1.1\r\nHost: api.acme.test\r\n\r\n") {
      await client.write(letter);
    }
    assert.equal((await client.readAnswer()).body, "ok");
  });
});

Deno.test("a head of 100 KiB goes through in both directions", async () => {
  const large = "a".repeat(100 * 1024);
  const answer = `HTTP/1.1 200 OK\r\nX-Large: ${large}\r\nContent-Length: 0\r\n\r\n`;
  const seen: string[] = [];
  await withScript(answering(answer, seen), async ({ client }) => {
    await client.write(`GET / HTTP/1.1\r\nHost: api.acme.test\r\nX-Large: ${large}\r\n\r\n`);
    assert.equal(await client.readHead(), answer);
  });
  assert.ok(seen[0]!.includes(large));
});

Deno.test("HTTP/1.0: answered and closed, and Host is added for the server", async () => {
  const seen: string[] = [];
  await withScript(answering(OK, seen), async ({ client }) => {
    await client.write("GET / HTTP/1.0\r\n\r\n");
    assert.equal(
      await client.readAll(),
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok",
    );
  });
  assert.equal(
    seen[0],
    "GET / HTTP/1.0\r\nHost: api.acme.test:443\r\nAuthorization: Bearer the-real-key\r\nConnection: close\r\n\r\n",
  );
});

for (const method of ["PROPFIND", "PURGE", "M-SEARCH", "get"]) {
  Deno.test(`any method goes through: ${method}`, async () => {
    const seen: string[] = [];
    await withScript(answering(OK, seen), async ({ client }) => {
      await client.write(`${method} / HTTP/1.1\r\nHost: api.acme.test\r\n\r\n`);
      await client.readAnswer();
    });
    assert.ok(seen[0]!.startsWith(`${method} / HTTP/1.1\r\n`));
  });
}

for (const method of ["TRACE", "TRACK", "CONNECT", "trace", "Track", "connect"]) {
  Deno.test(`${method} is refused: it would show the credential or leave the tunnel`, async () => {
    await withScript(answering(OK), async ({ client, server }) => {
      await client.write(`${method} / HTTP/1.1\r\nHost: api.acme.test\r\n\r\n`);
      assert.match((await client.readAnswer()).head, /^HTTP\/1.1 405 /);
      assert.equal(server.accepted(), 0);
    });
  });
}

Deno.test("an answer that ends with its connection ends the client's too", async () => {
  await withScript(async (connection) => {
    await connection.readHead();
    await connection.write("HTTP/1.1 200 OK\r\n\r\nall of it");
  }, async ({ client }) => {
    await client.write("GET / HTTP/1.1\r\nHost: api.acme.test\r\n\r\n");
    assert.equal(
      await client.readAll(),
      "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nall of it",
    );
  });
});

Deno.test("a body with a length is forwarded and the next request follows it", async () => {
  const seen: string[] = [];
  await withScript(answering(OK, seen), async ({ client }) => {
    await client.write("POST /1 HTTP/1.1\r\nHost: api.acme.test\r\nContent-Length: 5\r\n\r\nhello");
    await client.readAnswer();
    await client.write("GET /2 HTTP/1.1\r\nHost: api.acme.test\r\n\r\n");
    await client.readAnswer();
  });
  assert.equal(seen[1], "hello");
  assert.ok(seen[2]!.startsWith("GET /2"));
});

Deno.test("a chunked body keeps its chunks, extensions and trailers, in both directions", async () => {
  const body = "5;a=b\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n";
  let seen = "";
  await withScript(async (connection) => {
    await connection.readHead();
    seen = await connection.readBytes(body.length);
    await connection.write(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n" + body,
    );
    await connection.readAll();
  }, async ({ client }) => {
    await client.write(
      "POST / HTTP/1.1\r\nHost: api.acme.test\r\nTransfer-Encoding: chunked\r\n\r\n" + body,
    );
    const head = await client.readHead();
    assert.match(head, /Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n/);
    assert.equal(await client.readBytes(body.length), body);
  });
  assert.equal(seen, body);
});

Deno.test("Expect: 100-continue is the server's to answer: accepted", async () => {
  await withScript(async (connection) => {
    assert.match(await connection.readHead(), /Expect: 100-continue/);
    await connection.write("HTTP/1.1 100 Continue\r\n\r\n");
    assert.equal(await connection.readBytes(4), "body");
    await connection.write(OK);
    await connection.readAll();
  }, async ({ client }) => {
    await client.write(
      "POST / HTTP/1.1\r\nHost: api.acme.test\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n",
    );
    assert.equal(await client.readHead(), "HTTP/1.1 100 Continue\r\n\r\n");
    await client.write("body");
    assert.equal((await client.readAnswer()).body, "ok");
  });
});

Deno.test("Expect: 100-continue is the server's to answer: refused", async () => {
  await withScript(async (connection) => {
    await connection.readHead();
    await connection.write("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n");
    await connection.readAll();
  }, async ({ client }) => {
    await client.write(
      "POST / HTTP/1.1\r\nHost: api.acme.test\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n",
    );
    // Whether the body follows is not known, so the connection cannot be used again.
    assert.equal(
      await client.readHead(),
      "HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    );
  });
});

Deno.test("103 Early Hints reach the client before the answer", async () => {
  const hints = "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n";
  const go = signal();
  await withScript(async (connection) => {
    await connection.readHead();
    await connection.write(hints);
    await go.promise;
    await connection.write(OK);
    await connection.readAll();
  }, async ({ client }) => {
    await client.write("GET / HTTP/1.1\r\nHost: api.acme.test\r\n\r\n");
    assert.equal(await client.readHead(), hints);
    go.resolve();
    assert.equal((await client.readAnswer()).body, "ok");
  });
});

Deno.test("an answer before the end of the upload reaches the client", async () => {
  await withScript(async (connection) => {
    await connection.readHead();
    await connection.write("HTTP/1.1 413 Too Large\r\nContent-Length: 9\r\n\r\ntoo large");
    // Says its word and leaves, as nginx does.
  }, async ({ client }) => {
    await client.write(
      "POST / HTTP/1.1\r\nHost: api.acme.test\r\nContent-Length: 100000000\r\n\r\n",
    );
    await client.write("x".repeat(100_000));
    const answer = await client.readAnswer();
    assert.match(answer.head, /^HTTP\/1.1 413 /);
    assert.equal(answer.body, "too large");
  });
});

Deno.test("an answer before the end of the upload is the last on its connection, and says so", async () => {
  await withScript(async (connection) => {
    await connection.readHead();
    await connection.write("HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig");
    await connection.readAll().catch(() => {});
  }, async ({ client }) => {
    const head = "POST / HTTP/1.1\r\nHost: api.acme.test\r\nContent-Length: 100000\r\n\r\n";
    await client.write(head + "x".repeat(50_000));
    // A client that believed otherwise would send its next request into a closing connection.
    assert.match((await client.readAnswer()).head, /\r\nConnection: close\r\n/);
    await client.write("x".repeat(50_000));
    assert.equal(await client.readAll(), "");
  });
});

Deno.test("an answer to a whole upload leaves the connection open, however soon it comes", async () => {
  const post = "POST / HTTP/1.1\r\nHost: api.acme.test\r\nContent-Length: 5\r\n\r\nhello";
  await withScript(async (connection) => {
    for (;;) {
      await connection.readHead();
      await connection.readBytes(5);
      await connection.write(OK);
    }
  }, async ({ client, server }) => {
    for (let i = 0; i < 50; i++) {
      await client.write(post);
      assert.doesNotMatch((await client.readAnswer()).head, /Connection/);
    }
    assert.equal(server.accepted(), 1);
  });
});

Deno.test("a pooled connection that the server closed is replaced: GET is sent again", async () => {
  const closed = signal();
  await withScript(async (connection, index) => {
    await connection.readHead();
    await connection.write(OK);
    if (index > 0) return void await connection.readAll();
    connection.close();
    closed.resolve();
  }, async ({ client, server }) => {
    for (let i = 0; i < 2; i++) {
      await client.write("GET / HTTP/1.1\r\nHost: api.acme.test\r\n\r\n");
      assert.equal((await client.readAnswer()).body, "ok");
      await closed.promise;
    }
    assert.equal(server.accepted(), 2);
  });
});

/** The server takes the second request of a connection and dies without a word. */
async function diesOnReuse(connection: RawConnection, index: number): Promise<void> {
  await connection.readHead();
  await connection.write(OK);
  await connection.readHead();
  if (index === 0) return;
  await connection.write(OK);
  await connection.readAll();
}

Deno.test("a reused connection that dies before a byte of answer: GET is sent once more", async () => {
  let requests = 0;
  await withScript(async (connection, index) => {
    if (index > 0) {
      requests++;
      return await answering(OK)(connection);
    }
    await diesOnReuse(connection, index);
  }, async ({ client }) => {
    for (let i = 0; i < 2; i++) {
      await client.write("GET / HTTP/1.1\r\nHost: api.acme.test\r\n\r\n");
      assert.equal((await client.readAnswer()).body, "ok");
    }
  });
  assert.equal(requests, 1);
});

Deno.test("a reused connection that dies behind the first byte of an answer: 502, nothing is sent again", async () => {
  await withScript(async (connection) => {
    await connection.readHead();
    await connection.write(OK);
    await connection.readHead();
    await connection.write("H");
  }, async ({ client, server }) => {
    await client.write("GET / HTTP/1.1\r\nHost: api.acme.test\r\n\r\n");
    await client.readAnswer();
    await client.write("GET / HTTP/1.1\r\nHost: api.acme.test\r\n\r\n");
    assert.match((await client.readAnswer()).head, /^HTTP\/1.1 502 /);
    assert.equal(server.accepted(), 1);
  });
});

Deno.test("a reused connection that dies under a POST: 502, it is never sent twice", async () => {
  await withScript(diesOnReuse, async ({ client, server }) => {
    await client.write("GET / HTTP/1.1\r\nHost: api.acme.test\r\n\r\n");
    await client.readAnswer();
    await client.write("POST / HTTP/1.1\r\nHost: api.acme.test\r\nContent-Length: 2\r\n\r\nhi");
    assert.match((await client.readAnswer()).head, /^HTTP\/1.1 502 /);
    assert.equal(server.accepted(), 1);
  });
});

const BAD_ANSWERS: Readonly<Record<string, string>> = {
  "nothing": "",
  "half a head": "HTTP/1.1 200 OK\r\nContent-",
  "no HTTP": "SSH-2.0-OpenSSH\r\n\r\n",
  "bare line feeds": "HTTP/1.1 200 OK\n\n",
  "a folded header": "HTTP/1.1 200 OK\r\nX: 1\r\n 2\r\n\r\n",
  "two lengths": "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
  "length and chunks":
    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  "101 without being asked": "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
};

for (const [name, answer] of Object.entries(BAD_ANSWERS)) {
  Deno.test(`a server that answers ${name}: 502 with a reason`, async () => {
    await withScript(async (connection) => {
      await connection.readHead();
      await connection.write(answer);
    }, async ({ client }) => {
      await client.write("GET / HTTP/1.1\r\nHost: api.acme.test\r\n\r\n");
      const { head, body } = await client.readAnswer();
      assert.match(head, /^HTTP\/1.1 502 Bad Gateway\r\n/);
      assert.match(JSON.parse(body).error, /^(?:BadGateway|EndpointUnreachable)Error$/);
    });
  });
}

Deno.test("a truncated body is an error for the client, not a clean end", async () => {
  await withScript(async (connection) => {
    await connection.readHead();
    await connection.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
  }, async ({ client }) => {
    await client.write("GET / HTTP/1.1\r\nHost: api.acme.test\r\n\r\n");
    await client.readHead();
    await assert.rejects(client.readAll());
  });
});

Deno.test("bytes behind an answer are never the answer to the next request", async () => {
  await withScript(async (connection, index) => {
    await connection.readHead();
    await connection.write(
      index === 0 ? OK + "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil" : OK,
    );
    await connection.readAll();
  }, async ({ client }) => {
    for (let i = 0; i < 2; i++) {
      await client.write("GET / HTTP/1.1\r\nHost: api.acme.test\r\n\r\n");
      assert.equal((await client.readAnswer()).body, "ok");
    }
  });
});

Deno.test("redirects are the client's to follow", async () => {
  const answer =
    "HTTP/1.1 302 Found\r\nLocation: https://elsewhere.test/\r\nContent-Length: 0\r\n\r\n";
  await withScript(answering(answer), async ({ client, server }) => {
    await client.write("GET / HTTP/1.1\r\nHost: api.acme.test\r\n\r\n");
    assert.equal(await client.readHead(), answer);
    assert.equal(server.accepted(), 1);
  });
});
