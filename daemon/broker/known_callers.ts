/**
 * Who may sign: registered identities and grants, kept in memory for a moment because every request
 * asks for one.
 *
 * @module
 */
import { GrantDeniedError, IdentityNotFoundError, InvalidProofError } from "../../core/errors.ts";
import { type Grant, isInForce } from "../../core/grant.ts";
import type { Proof } from "../../core/proof.ts";
import { readGrant } from "../records/grants.ts";
import { readIdentity, type RegisteredIdentityRecord } from "../records/identities.ts";
import type { Broker } from "./broker.ts";
import type { Caller } from "./caller.ts";
import { TimedCache } from "./timed_cache.ts";

/** A subject that begins so is a grant; no handle may hold an underscore. */
const GRANT_SUBJECT = "grant_";

/** Identities and grants, as last read. */
export class KnownCallers {
  readonly #identities: TimedCache<RegisteredIdentityRecord | null>;
  readonly #grants: TimedCache<Grant | null>;
  readonly #usage: Broker["usage"];
  readonly #vault: Broker["vault"];
  readonly #now: () => Date;

  /** Reads from the vault and listens to the change hub. */
  constructor(
    { vault, changes, now, usage }: Pick<Broker, "vault" | "changes" | "now" | "usage">,
  ) {
    this.#usage = usage;
    this.#vault = vault;
    this.#now = now;
    this.#identities = new TimedCache(now);
    this.#grants = new TimedCache(now);
    changes.subscribe((change) => {
      if (change.type === "grant") this.#grants.drop(change.grant_id);
      if (change.type === "identity") this.#identities.drop(change.handle);
    });
  }

  /**
   * The caller behind a proof that verified.
   *
   * @throws {IdentityNotFoundError} @throws {GrantDeniedError} when the grant is unknown or over.
   * @throws {InvalidProofError} when the key is not the identity's.
   */
  async identify(proof: Proof): Promise<Caller> {
    return proof.subject.startsWith(GRANT_SUBJECT)
      ? await this.#run(proof)
      : await this.#owner(proof);
  }

  async #owner({ subject, did }: Proof): Promise<Caller> {
    const identity = /^[a-z0-9-]+$/.test(subject)
      ? await this.#identities.get(subject, () => readIdentity(this.#vault, subject))
      : null;
    if (identity === null) {
      throw new IdentityNotFoundError("Cannot accept the proof: the identity is not registered", {
        hint: "Run: authsome init",
      });
    }
    if (identity.did !== did) throw foreignKey();
    const { handle, principal_id, vault_id, runner } = identity;
    const owner = { type: "owner", identity: handle, did, principal_id, vault_id } as const;
    return runner === undefined ? owner : { ...owner, runner };
  }

  async #run({ subject, did }: Proof): Promise<Caller> {
    const grant = await this.#grants.get(subject, () => readGrant(this.#vault, subject));
    if (grant !== null && grant.run_did !== did) throw foreignKey();
    if (grant === null || !isInForce(grant, this.#now())) {
      // Of a grant that was never given nothing is written: a stranger could fill the log.
      if (grant !== null) {
        this.#usage.denied({ type: "run", grant }, "proxy_deny", {}, { reason: "GrantEnded" });
      }
      throw new GrantDeniedError("Cannot accept the proof: the run's grant has ended", {
        hint: "Start the command again with: authsome run -- …",
      });
    }
    return { type: "run", grant };
  }
}

function foreignKey(): InvalidProofError {
  return new InvalidProofError("Cannot accept the proof: iss is not the key of sub");
}
