/** The hosts below a wildcard share a certificate and its TLS context, and nothing else. */
import assert from "node:assert/strict";
import net from "node:net";
import tls from "node:tls";
import { createAuthority } from "../../proxy/certificate_authority.ts";
import { LeafCertificates } from "../../proxy/leaf_certificates.ts";
import { findProgram } from "../support/deno_on_path.ts";

const hasOpenSsl = findProgram("openssl", Deno.env.get("PATH") ?? "") !== null;

/** The proxy's way to speak TLS, for one.shops.test and two.shops.test alike. */
async function startServer() {
  const leaves = new LeafCertificates(createAuthority({ hosts: ["*.shops.test"] }));
  leaves.signAhead("*.shops.test");
  const contexts = ["one", "two"].map((name) => leaves.contextFor(`${name}.shops.test`));
  assert.equal(contexts[0], contexts[1]);
  const server = net.createServer((socket) => {
    const secured = new tls.TLSSocket(socket, { isServer: true, secureContext: contexts[0]! });
    secured.on("error", () => {});
    secured.once("data", () => secured.end("bye\n"));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { server, port: (server.address() as net.AddressInfo).port };
}

for (const version of ["tls1_2", "tls1_3"]) {
  // Attack: a program takes the session it has with one host along to another. The credential is the
  // other host's either way (CONNECT decides), and the other host's name stands in the hello; still,
  // nothing that was agreed with one host shall count for another.
  Deno.test(`${version}: a session of one host is not resumed at another one`, {
    ignore: !hasOpenSsl,
  }, async () => {
    const { server, port } = await startServer();
    const session = await Deno.makeTempFile();
    const connect = async (host: string, ...more: string[]) => {
      const client = new Deno.Command("openssl", {
        args: [
          ...["s_client", `-${version}`, "-connect", `127.0.0.1:${port}`],
          ...["-servername", `${host}.shops.test`, "-ign_eof", ...more],
        ],
        stdin: "piped",
        stdout: "piped",
        stderr: "null",
      }).spawn();
      const writer = client.stdin.getWriter();
      await writer.write(new TextEncoder().encode("hello\n"));
      const { stdout } = await client.output();
      await writer.close().catch(() => {});
      return /^(New|Reused), /m.exec(new TextDecoder().decode(stdout))?.[1];
    };

    assert.equal(await connect("one", "-sess_out", session), "New");
    assert.equal(await connect("one", "-sess_in", session), "Reused");
    assert.equal(await connect("two", "-sess_in", session), "New");

    await new Promise((resolve) => server.close(resolve));
    await Deno.remove(session);
  });
}
