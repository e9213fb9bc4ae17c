/**
 * Begins a login from the dashboard. What the provider needs is asked on the login's own page.
 *
 * @module
 */
import type { Child } from "@hono/hono/jsx";
import type { ProviderItem } from "../../core/api.ts";
import type { Flow } from "../../core/provider.ts";
import type { DashboardSession } from "../middleware/dashboard_sessions.ts";
import { providerAddress } from "./addresses.ts";
import { Form } from "./form.tsx";

/** What the form shows. */
export interface ConnectFormProps {
  readonly session: DashboardSession;
  readonly provider: ProviderItem;
  readonly isFirst: boolean;
}

const FLOW_NAMES: Readonly<Record<Flow, string>> = {
  pkce: "In the browser",
  device_code: "With a code on another device",
  dcr_pkce: "In the browser, registering by itself",
  client_credentials: "As an app, without a person",
  api_key: "With a key",
};

/** The form. */
export function ConnectForm({ session, provider, isFirst }: ConnectFormProps): Child {
  const { name, display_name, flows, auth_type } = provider;
  return (
    <section class="card" aria-labelledby="connect">
      <h2 id="connect">{isFirst ? `Connect ${display_name}` : "Connect another account"}</h2>
      <Form session={session} action={providerAddress(name, "connect")} class="connect">
        <div class="field">
          <label for="connection">Name of the connection</label>
          <input
            id="connection"
            type="text"
            name="connection"
            value={isFirst ? "default" : ""}
            required
            maxlength={64}
            pattern="[a-z0-9][a-z0-9._\-]*"
            aria-describedby="connection-hint"
            autocapitalize="off"
            spellcheck={false}
          />
          <span id="connection-hint" class="quiet">Such as work: small letters, digits, - _ .</span>
        </div>
        {flows.length < 2 ? null : (
          <div class="field">
            <label for="flow">Way to log in</label>
            <select id="flow" name="flow">
              {flows.map((flow) => <option value={flow}>{FLOW_NAMES[flow]}</option>)}
            </select>
          </div>
        )}
        {auth_type !== "oauth2" ? null : (
          <div class="field">
            <label for="scopes">
              Scopes <span class="optional">(optional)</span>
            </label>
            <input
              id="scopes"
              type="text"
              name="scopes"
              placeholder={provider.oauth?.scopes.join(" ") ?? ""}
              aria-describedby="scopes-hint"
              autocapitalize="off"
              spellcheck={false}
            />
            <span id="scopes-hint" class="quiet">Left empty: those of the definition</span>
          </div>
        )}
        <button type="submit">Connect</button>
      </Form>
    </section>
  );
}
