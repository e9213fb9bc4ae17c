/**
 * The least that asking somebody for every request costs in this runtime: a question of the proxy's
 * size, signed with a key that cannot be exported, over a connection that is kept, and an answer of
 * the daemon's size by a `Deno.serve` that verifies the signature and does nothing else. What is asked
 * for the first time it writes down, and has on disk before it answers: no daemon as promised (ADR 8)
 * can do without.
 *
 * `bare_asking.ts PUBLIC_KEY` answers until its input ends; it prints its port.
 *
 * @module
 */
const TARGETS = { known: "/api/credentials/resolve", first: "/api/credentials/resolve?first" };
const QUESTION = new TextEncoder().encode(JSON.stringify({
  provider: "bench",
  connection: "default",
  host: "api.bench.test",
  path: "/small",
  method: "GET",
}));
/** What the daemon's answer weighs. */
const ANSWER_BYTES = 300;
/** And a line of its audit log. */
const LINE_BYTES = 265;
const END_OF_HEAD = "\r\n\r\n";
const [encoder, decoder] = [new TextEncoder(), new TextDecoder()];
const url = { alphabet: "base64url", omitPadding: true } as const;

if (import.meta.main) await answerQuestions(Uint8Array.fromBase64(Deno.args[0]!, url));

async function answerQuestions(publicKey: Uint8Array<ArrayBuffer>): Promise<void> {
  const key = await crypto.subtle.importKey("raw", publicKey, "Ed25519", false, ["verify"]);
  const answer = "x".repeat(ANSWER_BYTES);
  const line = encoder.encode(`${"x".repeat(LINE_BYTES - 1)}\n`);
  const path = await Deno.makeTempFile();
  const log = await Deno.open(path, { append: true });
  const onListen = ({ port }: Deno.NetAddr) =>
    Deno.stdout.writeSync(encoder.encode(`${port}\n`)) && undefined;
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen }, async (request) => {
    const proof = request.headers.get("authorization")!.slice("PoP ".length);
    const dot = proof.lastIndexOf(".");
    const signature = Uint8Array.fromBase64(proof.slice(dot + 1), url);
    const text = encoder.encode(proof.slice(0, dot));
    await request.arrayBuffer();
    const isGood = await crypto.subtle.verify("Ed25519", key, signature, text);
    if (request.url.endsWith(TARGETS.first)) {
      log.writeSync(line);
      log.syncDataSync();
    }
    return new Response(answer, { status: isGood ? 200 : 401 });
  });
  for await (const _ of Deno.stdin.readable);
  await server.shutdown();
  log.close();
  await Deno.remove(path);
}

/** Who asks; the one that answers is a process of its own, as the daemon is. */
export class BareAsking {
  readonly #key: CryptoKey;
  readonly #connection: Deno.TcpConn;
  readonly #buffer = new Uint8Array(16 * 1024);

  private constructor(key: CryptoKey, connection: Deno.TcpConn) {
    this.#key = key;
    this.#connection = connection;
  }

  /** Starts both; the other one ends with this process. */
  static async start(): Promise<BareAsking> {
    const pair = await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"]);
    const { publicKey, privateKey } = pair as CryptoKeyPair;
    const raw = new Uint8Array(await crypto.subtle.exportKey("raw", publicKey));
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--no-lock", "-A", import.meta.url, raw.toBase64(url)],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const { value } = await child.stdout.getReader().read();
    const port = Number(decoder.decode(value));
    const connection = await Deno.connect({ hostname: "127.0.0.1", port });
    connection.setNoDelay(true);
    return new BareAsking(privateKey, connection);
  }

  /** Asks, and waits for the answer; one question at a time. */
  async ask(what: keyof typeof TARGETS): Promise<void> {
    const target = TARGETS[what];
    const now = Math.floor(Date.now() / 1000);
    const claims = {
      iss: "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK",
      sub: "grant_0123456789abcdef0123456789abcdef",
      aud: "authsome-daemon",
      ...{ iat: now, exp: now + 60, jti: crypto.randomUUID(), htm: "POST", htu: target },
      body_sha256: "0".repeat(64),
    };
    const text = `eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCJ9.${
      encoder.encode(JSON.stringify(claims)).toBase64(url)
    }`;
    const signature = await crypto.subtle.sign("Ed25519", this.#key, encoder.encode(text));
    const proof = `${text}.${new Uint8Array(signature).toBase64(url)}`;
    await this.#connection.write(encoder.encode(
      `POST ${target} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n` +
        `authorization: PoP ${proof}\r\ncontent-length: ${QUESTION.length}${END_OF_HEAD}` +
        decoder.decode(QUESTION),
    ));
    for (let end = 0, text = ""; text.length - end !== ANSWER_BYTES;) {
      const count = await this.#connection.read(this.#buffer);
      if (count === null) throw new Error("the one that answers is gone");
      text += decoder.decode(this.#buffer.subarray(0, count));
      if (!text.startsWith("HTTP/1.1 200")) throw new Error(`it answered ${text}`);
      end = text.indexOf(END_OF_HEAD) + END_OF_HEAD.length;
    }
  }
}
