/** A real network interface that goes down under a run, and comes back. */
import assert from "node:assert/strict";
import { ACME_KEY } from "../support/acme_home.ts";
import { works } from "../support/client_programs.ts";

const PROGRAM = new URL("../support/network_gone_program.ts", import.meta.url).pathname;
const CONFIG = new URL("../../deno.json", import.meta.url).pathname;
/** A network of its own with an interface that can be taken down. */
const NETWORK = "ip link set lo up && ip link add outside type bridge && " +
  'ip addr add 10.9.9.1/24 dev outside && ip link set outside up && exec "$@"';
const isAllowed = await works("curl", "--version") &&
  await works("unshare", "-rn", "sh", "-c", NETWORK, "sh", "true");

Deno.test("the network goes down under a run: it says so at once, and goes on when it is back", {
  ignore: !isAllowed,
}, async () => {
  const { success, stdout, stderr } = await new Deno.Command("unshare", {
    args: [
      ...["-rn", "sh", "-c", NETWORK, "sh", Deno.execPath()],
      ...["run", "--quiet", "-A", `--config=${CONFIG}`, PROGRAM],
    ],
  }).output();

  assert.ok(success, new TextDecoder().decode(stderr));
  const { told, seen } = JSON.parse(new TextDecoder().decode(stdout));
  const [before, meanwhile, status, after] = told.split("\n");
  assert.deepEqual([before, status, after], ["ok 200", " 502", "ok 200"]);
  const { error, message } = JSON.parse(meanwhile);
  assert.equal(error, "EndpointUnreachableError");
  assert.match(message, /^Cannot reach api\.acme\.test:443: Network is unreachable/);
  assert.deepEqual(seen, [["/before", ACME_KEY], ["/after", ACME_KEY]]);
});
