/**
 * The attack: a person points `AUTHSOME_DAEMON_URL` at a forwarded port of loopback. Whoever answers
 * there says that it does not know the identity, and waits for the registration token of the home,
 * which would make anyone who has it an owner of this machine's vault.
 */
import { deepEqual, ok, rejects } from "node:assert/strict";
import { openOwnerClient } from "../../client/owner_client.ts";
import { readSettings } from "../../core/config.ts";
import { IdentityNotFoundError } from "../../core/errors.ts";
import { homePaths } from "../../core/paths.ts";

Deno.test("whoever answers at AUTHSOME_DAEMON_URL does not get the registration token of this home", async () => {
  const directory = await Deno.makeTempDir({ prefix: "authsome-" });
  const paths = homePaths(`${directory}/home`);
  await Deno.mkdir(paths.server.dir, { recursive: true, mode: 0o700 });
  await Deno.writeTextFile(paths.server.registrationToken, "the-token-of-this-home\n", {
    mode: 0o600,
  });
  const heard: string[] = [];
  const stranger = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    async (request) => {
      heard.push(`${new URL(request.url).pathname} ${await request.text()}`);
      const error = new IdentityNotFoundError("Cannot find the identity: it is not known");
      return Response.json(error.toEnvelope(), { status: 401 });
    },
  );
  const environment: Record<string, string> = {
    AUTHSOME_HOME: paths.home,
    AUTHSOME_DAEMON_URL: `http://127.0.0.1:${stranger.addr.port}`,
  };
  try {
    using client = await openOwnerClient(readSettings((name) => environment[name]));

    await rejects(client.whoami(), IdentityNotFoundError);

    ok(heard.length > 0);
    deepEqual(heard.filter((line) => line.includes("the-token-of-this-home")), []);
  } finally {
    await stranger.shutdown();
    await Deno.remove(directory, { recursive: true });
  }
});
