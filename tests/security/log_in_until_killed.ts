/**
 * Run by a test: logs in again and again until it is killed. Tells the URL that a browser would open,
 * one line for each login, and reads the query that the browser would come back with.
 *
 * @module
 */
import { beginLogin } from "../../daemon/broker/begin_login.ts";
import { completeCallback } from "../../daemon/broker/complete_login.ts";
import { type BrokerPlace, DISK_OWNER, openBrokerOnDisk } from "../support/broker_on_disk.ts";

const place = JSON.parse(Deno.args[0]!) as BrokerPlace;
const { broker } = await openBrokerOnDisk(place);
const queries = Deno.stdin.readable.pipeThrough(new TextDecoderStream())[Symbol.asyncIterator]();
for (;;) {
  const connection = `login-${crypto.randomUUID()}`;
  const session = await beginLogin(broker, DISK_OWNER, { provider: "acme", connection });
  if (session.next_action.type !== "open_url") throw new Error(`no URL: ${session.error}`);
  Deno.stdout.writeSync(new TextEncoder().encode(`${session.next_action.url}\n`));
  const { value, done } = await queries.next();
  if (done) break;
  await completeCallback(broker, new URLSearchParams(value.trim()));
}
