/**
 * Runs inside a process that is confined like the daemon and asks a provider through the relay.
 * Prints what it answered. Not a test by itself.
 *
 * @module
 */
import { readBootLine } from "../../../daemon/boot_line.ts";
import { tunnelFetch } from "../../../daemon/egress.ts";
import { openEgressControl } from "../../../daemon/egress_control.ts";
import { allowedHost } from "../../../daemon/egress_hosts.ts";

/** What the test says. */
export interface Errand {
  readonly relay: { readonly port: number; readonly secret: string };
  readonly url: string;
  readonly root: string;
}

const { relay, url, root } = await readBootLine<Errand>();
const control = await openEgressControl(relay);
await control.allow("test", [allowedHost(url, true)!]);
const response = await tunnelFetch(relay, { extraRoots: [root] })(url, {
  method: "POST",
  body: new URLSearchParams({ grant_type: "refresh_token", refresh_token: "rt" }),
});
await new Blob([await response.text()]).stream().pipeTo(Deno.stdout.writable);
control.close();
Deno.exit(0);
