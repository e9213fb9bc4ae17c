/**
 * The least that `authsome run -- CMD` can do in this runtime, to see what of its time is the
 * runtime's: the two parts of Node.js that the door needs, a listener, a P-256 key and a certificate,
 * one signed request to the daemon for a grant and one for its end, the child. Of authsome there is
 * only the spelling of a key. No option is read, the daemon is not looked for and proves nothing, no
 * answer is checked, no file is written, no signal is passed on, and the door serves nobody.
 *
 * Where the child lives on, the least that an idle run holds comes behind its start: `node:tls`, and
 * the daemon's change stream, open.
 *
 * `bare_run.ts DAEMON_PORT HANDLE SEED CMD…`, for an identity that the daemon knows.
 *
 * @module
 */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  hash,
  type KeyObject,
  sign,
} from "node:crypto";
import net from "node:net";
import { didKey } from "../core/did_key.ts";

/** A key and the name it signs under. */
interface Signer {
  readonly subject: string;
  readonly did: string;
  readonly key: KeyObject;
}

/** When the child has had time to start. */
const LATER_MS = 20;

if (import.meta.main) {
  const [port, handle = "", seed = "", command = "", ...args] = Deno.args;
  const daemon = await Deno.connect({ hostname: "127.0.0.1", port: Number(port) });
  const { privateKey: runKey } = generateKeyPairSync("ed25519");
  const asked = ask(daemon, signerOf(handle, ownerKey(seed)), "POST", "/api/grants", {
    run_did: signerOf("", runKey).did,
    only: null,
    connections: {},
    label: command,
    expires_in: 3600,
  });
  certify();
  const [server, { id }] = await Promise.all([listen(), asked]);
  const run = signerOf(id!, runKey);
  const child = new Deno.Command(command, { args, stdin: "inherit" }).spawn();
  const later = setTimeout(() => void holdOn(Number(port), run), LATER_MS);
  const { code } = await child.status;
  clearTimeout(later);
  server.close();
  await ask(daemon, run, "DELETE", "/api/grants/self");
  Deno.exit(code);
}

/** What an idle run keeps: the library for its first connection, and word of what changes. */
async function holdOn(port: number, run: Signer): Promise<void> {
  await import("node:tls");
  const events = await Deno.connect({ hostname: "127.0.0.1", port });
  await send(events, run, "GET", "/api/proxy/events", "");
  const buffer = new Uint8Array(4096);
  for (let head = ""; await events.read(buffer) !== null;) {
    head ||= new TextDecoder().decode(buffer);
    if (!head.startsWith("HTTP/1.1 200")) throw new Error(head);
  }
}

/** A self-signed certificate that says nothing: version, serial number, names, times, key. */
function certify(): Uint8Array {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const ecdsa = element(0x30, Uint8Array.fromHex("06082a8648ce3d040302"));
  const nobody = element(0x30);
  const time = element(0x17, new TextEncoder().encode("491231235959Z"));
  const facts = element(
    0x30,
    Uint8Array.fromHex("a003020102020101"),
    ecdsa,
    nobody,
    element(0x30, time, time),
    nobody,
    publicKey.export({ type: "spki", format: "der" }),
  );
  const signature = sign("sha256", facts, privateKey);
  return element(0x30, facts, ecdsa, element(0x03, Uint8Array.of(0), signature));
}

/** DER (ITU-T X.690) of less than 64 KiB. */
function element(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const content = parts.flatMap((part) => [...part]);
  const { length } = content;
  const size = length < 128 ? [length] : [0x82, length >> 8, length & 0xff];
  return Uint8Array.from([tag, ...size, ...content]);
}

function listen(): Promise<net.Server> {
  return new Promise((resolve) => {
    const server = net.createServer().listen(0, "127.0.0.1", 1024, () => resolve(server));
  });
}

function ownerKey(seed: string): KeyObject {
  // RFC 8410 section 7.
  const der = Uint8Array.fromHex(`302e020100300506032b657004220420${seed}`);
  return createPrivateKey({ key: der as never, format: "der", type: "pkcs8" });
}

function signerOf(subject: string, key: KeyObject): Signer {
  const info = createPublicKey(key).export({ type: "spki", format: "der" });
  return { subject, did: didKey(info.subarray(-32)), key };
}

/** One request and its answer, over a connection that stays open. */
async function ask(
  daemon: Deno.TcpConn,
  signer: Signer,
  method: string,
  path: string,
  content?: unknown,
): Promise<{ readonly id?: string }> {
  await send(daemon, signer, method, path, content === undefined ? "" : JSON.stringify(content));
  return await readAnswer(daemon);
}

async function send(
  daemon: Deno.TcpConn,
  { subject, did, key }: Signer,
  method: string,
  path: string,
  body: string,
): Promise<void> {
  const iat = Math.floor(Date.now() / 1000);
  const parts = [{ alg: "EdDSA", typ: "JWT" }, {
    iss: did,
    sub: subject,
    aud: "authsome-daemon",
    iat,
    exp: iat + 60,
    jti: crypto.randomUUID(),
    htm: method,
    htu: path,
    body_sha256: hash("sha256", body),
  }];
  const signed = parts.map((part) => base64Url(new TextEncoder().encode(JSON.stringify(part))))
    .join(".");
  const proof = `${signed}.${base64Url(sign(null, new TextEncoder().encode(signed), key))}`;
  const { hostname, port } = daemon.remoteAddr as Deno.NetAddr;
  const request = `${method} ${path} HTTP/1.1\r\nhost: ${hostname}:${port}\r\n` +
    `authorization: PoP ${proof}\r\ncontent-type: application/json\r\n` +
    `content-length: ${body.length}\r\n\r\n${body}`;
  await daemon.write(new TextEncoder().encode(request));
}

async function readAnswer(daemon: Deno.TcpConn): Promise<{ readonly id?: string }> {
  const buffer = new Uint8Array(256 * 1024);
  for (let length = 0;;) {
    const count = await daemon.read(buffer.subarray(length));
    if (count === null) throw new Error("the daemon did not answer");
    length += count;
    // A character for each byte, as the length counts them.
    const text = new TextDecoder("latin1").decode(buffer.subarray(0, length));
    const [head = "", body = ""] = text.split("\r\n\r\n", 2);
    const expected = /^content-length: (\d+)$/im.exec(head)?.[1];
    if (expected === undefined || body.length < Number(expected)) continue;
    if (!head.startsWith("HTTP/1.1 2")) throw new Error(body);
    return JSON.parse(body);
  }
}

function base64Url(bytes: Uint8Array): string {
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}
