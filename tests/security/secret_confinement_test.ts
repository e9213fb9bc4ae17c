/**
 * Secret confinement: plain text of a stored key is in nothing that a child can reach, while the child
 * uses it. The child is the attacker: it reads its environment, the arguments and environments of
 * every process, every file of the home and of the temporary directory.
 *
 * Not tried: the memory of other processes. A debugger of the same user reads it (see the threat model).
 *
 * @module
 */
import { deepEqual, equal, match } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { API_HOST, startLocalApi } from "../../examples/local_api.ts";
import { withHome } from "../support/temp_home.ts";

const CHILD = fileURLToPath(new URL("./snooping_child.ts", import.meta.url));

Deno.test("secret confinement: a child that looks everywhere finds the key nowhere", async () => {
  await withHome(async (home) => {
    const key = `acme_${crypto.getRandomValues(new Uint8Array(16)).toHex()}`;
    const api = startLocalApi(key);
    const temporary = `${home.directory}/tmp`;
    const env = { SSL_CERT_FILE: `${home.directory}/root.pem`, TMPDIR: temporary };
    await Deno.mkdir(temporary);
    await Deno.writeTextFile(env.SSL_CERT_FILE, api.rootCertificate);
    const said: string[] = [];
    const authsome = async (args: readonly string[], input = "") => {
      const result = await home.authsome([...args, "--verbose"], { input, env });
      equal(result.code, 0, result.stderr);
      said.push(result.stdout, result.stderr);
      return result.stdout;
    };
    try {
      await authsome(["register", "examples/agent/acme.json", "--yes"]);
      await authsome(["login", "acme", "--stdin"], `${key}\n`);

      const { code, stdout, stderr } = await home.authsome([
        ...["run", "--connect-to", `${API_HOST}:443:127.0.0.1:${api.port}`, "--"],
        ...["deno", "run", "--quiet", "--allow-all", CHILD, btoa(key), home.path, temporary],
      ], { env });
      said.push(stdout, stderr);

      equal(code, 0, stderr);
      deepEqual(api.received, [`Bearer ${key}`]);
      match(stdout, /^used 200$/m);
      match(stdout, /^looked into \d\d+ files$/m);
      deepEqual(stdout.match(/^found .*$/gm), null);
      for (const command of [["list"], ["inspect", "acme"], ["get", "acme"], ["doctor"]]) {
        await authsome(command);
      }
      equal(said.join("\n").includes(key), false);
    } finally {
      await api.stop();
    }
  });
});
