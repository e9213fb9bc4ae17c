/**
 * How the daemon is set up and whether all of it works: what `authsome doctor` and `whoami` say.
 *
 * @module
 */
import type { Child } from "@hono/hono/jsx";
import type { IdentityList, WhoAmI } from "../../core/api.ts";
import { showLetInFor } from "../../core/grant.ts";
import { removeProfileAddress } from "./addresses.ts";
import { Badge } from "./badge.tsx";
import { Shell, type ShellProps } from "./shell.tsx";
import { Time } from "./time.tsx";

/** What the page shows. */
export interface SettingsProps extends Pick<ShellProps, "session" | "notice"> {
  /** What the checks found, or what stands in for it until they are done. */
  readonly doctor: Child;
  readonly who: WhoAmI;
  readonly identities: IdentityList["identities"];
  readonly now: Date;
}

/** The page. */
export function SettingsPage(props: SettingsProps): Child {
  const { session, notice, who, identities, now } = props;
  return (
    <Shell title="Settings" place="Settings" session={session} notice={notice ?? null}>
      <h1>Settings</h1>
      {props.doctor}
      <section class="card" aria-labelledby="place">
        <h2 id="place">This daemon</h2>
        <dl class="facts">
          <Fact name="Version" value={who.version} />
          <Fact name="Home" value={who.home} />
          <Fact name="Address" value={who.daemon_url} />
          <Fact
            name="Vault sealed with"
            value={ENCRYPTION[who.encryption.source] ?? who.encryption.source}
          />
          <Fact name="Vault" value={who.vault_id} />
          <Fact name="API" value={<a href="/docs">Documentation</a>} />
        </dl>
      </section>
      <section class="card" aria-labelledby="identities">
        <h2 id="identities">Identities</h2>
        <ul class="rows">
          {identities.map(({ handle, did, created_at, access, only }) => (
            <li class="identity">
              <span>
                <b>{handle}</b> {handle === who.identity ? <Badge tone="accent">you</Badge> : null}
              </span>
              <code class="quiet">{did}</code>
              <span class="quiet">
                since <Time at={created_at} now={now} />
              </span>
              {access === "owner" ? null : (
                <>
                  <span class="chips let-in">
                    <Badge tone="warning">another machine</Badge>
                    may run programs with {showLetInFor(only)}
                  </span>
                  <a class="button danger small" href={removeProfileAddress(handle)}>
                    Remove<span class="hidden">{` ${handle}`}</span> …
                  </a>
                </>
              )}
            </li>
          ))}
        </ul>
      </section>
    </Shell>
  );
}

const ENCRYPTION: Readonly<Record<string, string>> = {
  key_file: "a key file in the home",
  keyring: "a key in the system's keyring",
  passphrase: "a passphrase",
  environment: "a key from the environment",
};

function Fact({ name, value }: { name: string; value: Child }): Child {
  return (
    <>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </>
  );
}
