/**
 * The attack: another user of the same machine, who reaches the daemon's port like everybody else,
 * registers a key of their own and reads this person's credentials with it. What is in the way is the
 * registration token, a file that only the owner of the home can read.
 */
import { deepEqual, equal, notEqual } from "node:assert/strict";
import type { DaemonState } from "../../core/boot.ts";
import { homePaths } from "../../core/paths.ts";
import { createProof } from "../../core/proof.ts";
import { newSigner } from "../daemon/support/test_daemon.ts";
import { isAvailable, OPTIONAL_PROGRAMS } from "../support/optional_programs.ts";
import { TemporaryHome } from "../support/temporary_home.ts";

const HANDLE = "calm-quietly-softly-0001";
const NOBODY = ["--reuid=65534", "--regid=65534", "--clear-groups"];

const needed = OPTIONAL_PROGRAMS.filter(({ name }) => name === "setpriv" || name === "curl");
// Only root can become somebody else.
const canTry = Deno.build.os === "linux" && Deno.uid() === 0 &&
  (await Promise.all(needed.map(isAvailable))).every(Boolean);

/** Runs a command as another user; gives its exit code and what it printed. */
async function asNobody(...command: string[]): Promise<{ code: number; text: string }> {
  const { code, stdout } = await new Deno.Command("setpriv", {
    args: [...NOBODY, ...command],
    stderr: "null",
  }).output();
  return { code, text: new TextDecoder().decode(stdout) };
}

Deno.test({
  name: "another user's process reads no token, registers nothing and is told nothing",
  ignore: !canTry,
  async fn() {
    const home = await TemporaryHome.create();
    try {
      equal((await home.authsome(["init"])).code, 0);
      const { server } = homePaths(home.path);
      const { port }: DaemonState = JSON.parse(await Deno.readTextFile(server.state));
      const signer = await newSigner(HANDLE);
      /** The status of a request that is signed as it should be, and sent by the other user. */
      const ask = async (method: string, path: string, content?: unknown) => {
        const body = content === undefined ? "" : JSON.stringify(content);
        const proof = await createProof(signer, {
          method,
          target: path,
          body: new TextEncoder().encode(body),
        }, new Date());
        const { text } = await asNobody(
          ...["curl", "-sS", "--noproxy", "*", "-o", "/dev/null", "-w", "%{http_code}"],
          ...["-X", method, "-H", `Authorization: ${proof}`],
          ...(body === "" ? [] : ["-H", "Content-Type: application/json", "-d", body]),
          `http://127.0.0.1:${port}${path}`,
        );
        return Number(text);
      };
      const register = (more: object) =>
        ask("POST", "/api/identities/register", { handle: HANDLE, did: signer.did, ...more });

      notEqual((await asNobody("cat", server.registrationToken)).code, 0);
      // The home's own modes must hold, not those of the directory above it.
      await Deno.chmod(home.directory, 0o755);
      notEqual((await asNobody("cat", server.registrationToken)).code, 0);
      deepEqual(await asNobody("find", home.path, "-readable", "-type", "f"), {
        code: 1,
        text: "",
      });
      equal(await ask("GET", "/health"), 200, "the daemon is reached");
      equal(await register({}), 422);
      equal(await register({ registration_token: "guess" }), 403);
      equal(await ask("GET", "/api/whoami"), 401);
      equal(await ask("POST", "/api/credentials/resolve", { provider: "openai" }), 401);
    } finally {
      await home.remove();
    }
  },
});
