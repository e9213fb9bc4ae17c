/**
 * Which hosts the relay is told, and which of them may be private.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { EgressControl } from "../../daemon/egress_control.ts";
import { egressHosts } from "../../daemon/egress_hosts.ts";
import { egressPolicy } from "../../daemon/egress_policy.ts";
import type { AllowedHost } from "../../daemon/relay_protocol.ts";
import { oauthProvider } from "../support/oauth_provider.ts";

/** Remembers what it was told. */
class ToldControl implements EgressControl {
  readonly isUp = true;
  readonly down: Promise<void> = new Promise(() => {});
  readonly groups = new Map<string, readonly AllowedHost[]>();
  allow(group: string, hosts: readonly AllowedHost[]): Promise<void> {
    this.groups.set(group, hosts);
    return Promise.resolve();
  }
  close(): void {}
}

Deno.test("a host that discovery found is private where its provider may be, and stays so", async () => {
  const control = new ToldControl();
  const policy = egressPolicy(control);

  await policy.allowHosts(["idp.corp.example:8443"], true);
  await policy.allowHosts(["login.acme.example"], false);
  await policy.allowHosts(["idp.corp.example:8443"], false);

  assert.deepEqual(control.groups.get("discovered"), [
    { host: "idp.corp.example", port: 8443, private: true },
    { host: "login.acme.example", port: 443, private: false },
  ]);
});

Deno.test("egressHosts() follows a private base URL only where the owner allowed it", () => {
  const settings = { token_url: "{base_url}/token" };
  const base_url = { template: "{base_url}" };

  for (const allow_private of [true, false]) {
    const provider = oauthProvider(settings, { base_url, allow_private });
    const expected = allow_private ? [{ host: "10.1.2.3", port: 8443, private: true }] : [];
    assert.deepEqual(egressHosts(provider, "https://10.1.2.3:8443"), expected);
  }
});
