/**
 * A run whose child takes the network interface down and up again, in a network namespace where it may:
 * `unshare -rn`. Prints what each request of the child came to, and what the server saw, as JSON.
 *
 * @module
 */
import { ACME_HOST, openAcmeHome } from "./acme_home.ts";
import { say } from "./narrator.ts";
import { makeTestCertificate } from "./tls_upstream.ts";

/** Of the interface `outside`. */
const ADDRESS = "10.9.9.1";

if (import.meta.main) {
  const acme = await openAcmeHome();
  const { certificatePem: cert, keyPem: key, authorityPem } = makeTestCertificate([ACME_HOST]);
  const seen: [path: string, key: string | null][] = [];
  const server = Deno.serve(
    { hostname: ADDRESS, port: 0, cert, key, onListen() {} },
    ({ url, headers }) => {
      seen.push([new URL(url).pathname, headers.get("x-api-key")]);
      // Kept open, a connection would wait for the network to come back, as it does without a proxy.
      return new Response("ok", { headers: { connection: "close" } });
    },
  );
  const roots = `${acme.directory}/outside.pem`;
  await Deno.writeTextFile(roots, authorityPem);
  const { stdout } = await acme.home.authsome([
    ...["run", "--connect-to", `${ACME_HOST}:443:${ADDRESS}:${server.addr.port}`, "--", "sh", "-c"],
    `get() { curl -s -w ' %{http_code}\\n' --max-time 20 https://${ACME_HOST}/$1; }
     get before
     ip link set outside down; ip addr flush dev outside
     get meanwhile
     ip addr add ${ADDRESS}/24 dev outside; ip link set outside up
     get after`,
  ], { env: { SSL_CERT_FILE: roots, CURL_CA_BUNDLE: "" } });
  await server.shutdown();
  await acme.close();
  say(JSON.stringify({ told: stdout, seen }));
}
