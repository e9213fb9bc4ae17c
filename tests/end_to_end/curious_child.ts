/**
 * A child that reads everything it can reach and writes it to a file: its environment, every
 * process's environment and command line, the files of the home and of the run, the proxy without
 * the secret, the daemon without a proof and with invented ones.
 *
 * Arguments: the file to write. Not a test: `secret_confinement_test.ts` starts it.
 */
const [output = ""] = Deno.args;
const found: string[] = [];

const note = (where: string, what: string) => found.push(`== ${where}\n${what}\n`);
const latin1 = new TextDecoder("latin1");

async function readTree(directory: string, depth = 0): Promise<void> {
  if (depth > 6) return;
  try {
    for await (const entry of Deno.readDir(directory)) {
      const path = `${directory}/${entry.name}`;
      if (path === output) continue;
      if (entry.isDirectory) await readTree(path, depth + 1);
      else if (entry.isFile) {
        await Deno.readFile(path).then((bytes) => note(path, latin1.decode(bytes)), () => {});
      }
    }
  } catch { /* not ours to read */ }
}

note("environment", JSON.stringify(Deno.env.toObject()));
for (const entry of Deno.readDirSync("/proc")) {
  if (!/^\d+$/.test(entry.name)) continue;
  for (const file of ["environ", "cmdline"]) {
    await Deno.readTextFile(`/proc/${entry.name}/${file}`).then(
      (text) => note(`/proc/${entry.name}/${file}`, text),
      () => {},
    );
  }
}
await readTree(Deno.env.get("AUTHSOME_HOME")!);
await readTree(Deno.env.get("SSL_CERT_FILE")!.replace(/\/[^/]*$/, ""));

/** A request over plain TCP, as bytes. */
async function ask(port: number, request: string): Promise<string> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port });
  try {
    await conn.write(new TextEncoder().encode(request));
    const buffer = new Uint8Array(65536);
    const count = await conn.read(buffer);
    return latin1.decode(buffer.subarray(0, count ?? 0));
  } finally {
    conn.close();
  }
}

const proxy = new URL(Deno.env.get("HTTPS_PROXY")!);
note(
  "proxy without the secret",
  await ask(Number(proxy.port), "CONNECT api.acme.test:443 HTTP/1.1\r\n\r\n"),
);
const state = JSON.parse(
  await Deno.readTextFile(`${Deno.env.get("AUTHSOME_HOME")}/server/daemon/daemon.json`),
);
const key = await crypto.subtle.generateKey("Ed25519", false, ["sign"]) as CryptoKeyPair;
const encode = (data: Uint8Array | string) =>
  (typeof data === "string" ? new TextEncoder().encode(data) : data).toBase64({
    alphabet: "base64url",
    omitPadding: true,
  });
for (
  const [method, path, body] of [
    ["GET", "/api/connections/acme/default?show_secrets=true", ""],
    ["POST", "/api/credentials/export", '{"provider":"acme"}'],
    ["POST", "/api/credentials/resolve", '{"provider":"acme","host":"api.acme.test","path":"/"}'],
  ] as const
) {
  const signed = `${encode('{"alg":"EdDSA","typ":"JWT"}')}.${
    encode(JSON.stringify({ iss: "did:key:z6Mk", sub: "grant_0", aud: "authsome-daemon" }))
  }`;
  const signature = await crypto.subtle.sign(
    "Ed25519",
    key.privateKey,
    new TextEncoder().encode(signed),
  );
  for (
    const authorization of [
      "",
      `Authorization: PoP ${signed}.${encode(new Uint8Array(signature))}\r\n`,
    ]
  ) {
    const head = `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1:${state.port}\r\n` +
      `Content-Length: ${body.length}\r\nContent-Type: application/json\r\n${authorization}\r\n`;
    note(`daemon ${method} ${path}`, await ask(state.port, head + body));
  }
}
const throughProxy = `GET http://127.0.0.1:${state.port}/api/whoami HTTP/1.1\r\n` +
  `Host: 127.0.0.1:${state.port}\r\nProxy-Authorization: Basic ` +
  `${btoa(`${proxy.username}:${proxy.password}`)}\r\n\r\n`;
note("daemon through the proxy", await ask(Number(proxy.port), throughProxy));

// And it does its work, so that the key is in use while it looks.
const answer = await fetch("https://api.acme.test/work");
note("the API's status", String(answer.status));
await Deno.writeTextFile(output, found.join("\n"));
