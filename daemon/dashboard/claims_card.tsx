/**
 * Which other machines ask to be let in. It stands first on the page: whoever asked is waiting.
 *
 * @module
 */
import type { Child } from "@hono/hono/jsx";
import type { IdentityClaim } from "../../core/identity_claim.ts";
import { claimAddress } from "./addresses.ts";
import { Time } from "./time.tsx";

/** The card; nothing where nobody asks. */
export function ClaimsCard(
  { claims, now }: { readonly claims: readonly IdentityClaim[]; readonly now: Date },
): Child {
  if (claims.length === 0) return null;
  return (
    <section class="card attention" aria-labelledby="claims">
      <h2 id="claims">Asks to be let in</h2>
      <ul class="rows">
        {claims.map(({ code, handle, expires_at }) => (
          <li class="entry">
            <span class="subject">
              <b>{handle}</b>
              <span class="quiet">
                shows the code <code>{code}</code>, which ends <Time at={expires_at} now={now} />
              </span>
            </span>
            <a class="button small" href={claimAddress(code)}>
              Decide<span class="hidden">{` about ${handle}`}</span> …
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}
