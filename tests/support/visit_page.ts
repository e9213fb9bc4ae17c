/**
 * Stands in for a person's browser where there is no screen: `visit_page.ts URL` logs in and consents
 * at the test's authorization server, and follows the way back to the daemon.
 *
 * @module
 */
import { trustingFetch } from "./trusting_fetch.ts";
import { Visitor } from "./visitor.ts";

if (import.meta.main) {
  const url = new URL(Deno.args[0]!);
  using trusting = trustingFetch(await Deno.readTextFile(Deno.env.get("SSL_CERT_FILE")!));
  const visitor = new Visitor(trusting.fetch);
  if (url.pathname.startsWith("/device")) await visitor.confirmDevice(url.href);
  else {
    const back = await visitor.authorize(url.href, Deno.env.get("VISITOR_DENIES") === undefined);
    await (await fetch(back)).body?.cancel();
  }
}
