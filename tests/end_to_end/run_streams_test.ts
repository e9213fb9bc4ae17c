/**
 * What lasts, through a real program behind `authsome run`: a WebSocket, events one by one, and an
 * answer that begins while the request is still being sent. Each against a host that a login covers, a
 * host that none covers, and a host over plain HTTP.
 */
import assert from "node:assert/strict";
import {
  ACME_HOST,
  ACME_KEY,
  type AcmeHome,
  openAcmeHome,
  OTHER_HOST,
} from "../support/acme_home.ts";
import { findPython } from "../support/client_programs.ts";
import { makeTestCertificate } from "../support/tls_upstream.ts";

const PYTHON = await findPython("aiohttp");
const PROGRAM = new URL("../support/clients/aiohttp_stream.py", import.meta.url).pathname;
const PLAIN_HOST = "plain.acme.test";
const EVENTS = 3;

const TARGETS = {
  "a routed host, with the key it does not have": { origin: `https://${ACME_HOST}`, key: ACME_KEY },
  "a tunnelled host, untouched": { origin: `https://${OTHER_HOST}`, key: null },
  "a plain-HTTP host, untouched": { origin: `http://${PLAIN_HOST}`, key: null },
};

let acme: AcmeHome;

Deno.test.beforeAll(async () => {
  acme = await openAcmeHome();
});
Deno.test.afterAll(async () => {
  await acme.close();
});

/** What the program speaks with; tells the path and the key of each request. */
function startStreams(certificate: { cert: string; key: string } | null) {
  const seen: [path: string, key: string | null][] = [];
  let taken = Promise.withResolvers<void>();
  const events = async function* () {
    for (let event = 0; event < EVENTS; event++) {
      taken = Promise.withResolvers<void>();
      yield `data: ${event}\n\n`;
      await taken.promise;
    }
  };
  const handle = (request: Request): Response => {
    const { pathname } = new URL(request.url);
    seen.push([pathname, request.headers.get("x-api-key")]);
    switch (pathname) {
      case "/socket": {
        const { socket, response } = Deno.upgradeWebSocket(request);
        socket.binaryType = "arraybuffer";
        socket.onmessage = ({ data }) => socket.send(data);
        return response;
      }
      case "/events": {
        const headers = { "content-type": "text/event-stream" };
        const stream = ReadableStream.from(events()).pipeThrough(new TextEncoderStream());
        return new Response(stream, { headers });
      }
      case "/taken":
        taken.resolve();
        return new Response(null, { status: 204 });
      default:
        return new Response(request.body);
    }
  };
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {}, ...certificate },
    handle,
  );
  return { port: server.addr.port, seen, close: () => server.shutdown() };
}

for (const [what, { origin, key }] of Object.entries(TARGETS)) {
  const title = `a WebSocket, events and a duplex body reach ${what}`;
  const isHere = PYTHON !== null;
  Deno.test(isHere ? title : `${title} (not here)`, { ignore: !isHere }, async () => {
    const isSecure = origin.startsWith("https:");
    const { certificatePem, keyPem, authorityPem } = makeTestCertificate([ACME_HOST, OTHER_HOST]);
    const server = startStreams(isSecure ? { cert: certificatePem, key: keyPem } : null);
    const roots = await Deno.makeTempFile({ dir: acme.directory });
    await Deno.writeTextFile(roots, authorityPem);
    const place = `${new URL(origin).host}:${isSecure ? 443 : 80}`;

    const { code, stdout, stderr } = await acme.run([PYTHON!, PROGRAM, origin], {
      args: ["--connect-to", `${place}:127.0.0.1:${server.port}`],
      env: { SSL_CERT_FILE: roots },
    });

    assert.equal(code, 0, stdout + stderr);
    assert.equal(
      stdout,
      "text: hello\nbinary: True\nevents: 0|1|2\necho: first second\n",
    );
    const paths = ["/socket", "/events", ...Array(EVENTS).fill("/taken"), "/echo"];
    assert.deepEqual(server.seen, paths.map((path) => [path, key]));
    await server.close();
  });
}
