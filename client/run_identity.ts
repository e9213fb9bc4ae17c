/**
 * The identity of one `authsome run`: a key in memory, and a grant that the owner gave it. It can use
 * the granted connections and can neither read them out nor change anything (docs/adr/0003).
 *
 * The proxy speaks to the daemon through it. When the daemon is restarted, also at another address,
 * {@linkcode RunIdentity.revive} finds it again.
 *
 * @module
 */
import type { CreatedGrant, ProxyRoutes } from "../core/api.ts";
import { GrantDeniedError } from "../core/errors.ts";
import type { GrantScope } from "../core/grant.ts";
import type { Signer } from "../core/proof.ts";
import type { DaemonClient } from "./daemon_client.ts";
import { isLoopbackUrl } from "./loopback_url.ts";
import { makeRunKey, type RunKey } from "./run_key.ts";

/** What a run asks for. */
export interface RunIdentityOptions {
  /** A client that signs as the owner, of a daemon that runs: opened now, and again to revive it. */
  readonly openOwner: () => Promise<DaemonClient>;
  /** null: every provider's default connection. */
  readonly only: readonly GrantScope[] | null;
  /** Provider → connection used instead of the default. */
  readonly connections: Readonly<Record<string, string>>;
  /** Program name of the child, for people. */
  readonly label: string;
  /** Called when the daemon has been asked for the grant. */
  readonly onAsked?: (() => void) | undefined;
}

/** How long the grant lasts without being renewed: what is left of a run that was killed. */
const GRANT_SECONDS = 3600;
const RENEW_MS = GRANT_SECONDS * 1000 / 4;
/** A daemon that takes longer to answer is treated as gone. */
const ANSWER_TIMEOUT_MS = 30_000;

/** A run's key and grant, in force until {@linkcode RunIdentity.end}. */
export class RunIdentity {
  /** The routes when the grant was made. */
  readonly firstRoutes: ProxyRoutes;
  readonly #options: RunIdentityOptions;
  readonly #key: RunKey;
  #owner: DaemonClient;
  #grantId: string;
  #client: DaemonClient;
  #timer: ReturnType<typeof setInterval>;

  private constructor(
    options: RunIdentityOptions,
    owner: DaemonClient,
    key: RunKey,
    grant: CreatedGrant,
  ) {
    this.firstRoutes = grant.proxy;
    this.#options = options;
    this.#owner = owner;
    this.#key = key;
    this.#grantId = grant.id;
    this.#client = this.#openClient();
    // A failure is mended by revive(), which the broken change stream calls for.
    this.#timer = setInterval(() => this.#renew().catch(() => {}), RENEW_MS);
    Deno.unrefTimer(this.#timer as unknown as number);
  }

  /**
   * Makes a key and has it granted.
   *
   * @throws whatever stands against it, such as {@linkcode ConnectionNotFoundError}.
   */
  static async start(options: RunIdentityOptions): Promise<RunIdentity> {
    const [owner, key] = await Promise.all([options.openOwner(), makeRunKey()]);
    return new RunIdentity(options, owner, key, await askForGrant(owner, key.did, options));
  }

  /** A client that signs with the run's key. */
  get current(): DaemonClient {
    return this.#client;
  }

  /** Port of the daemon on this machine; null when it is elsewhere. */
  get port(): number | null {
    const { baseUrl } = this.#client;
    return isLoopbackUrl(baseUrl) ? Number(new URL(baseUrl).port || 80) : null;
  }

  /** Brings the daemon back and the grant into force. */
  async revive(): Promise<void> {
    const owner = await this.#options.openOwner();
    if (owner !== this.#owner) this.#owner.close();
    this.#owner = owner;
    await this.#renew();
    if (this.#client.baseUrl !== owner.baseUrl) this.#replaceClient();
  }

  /** Ends the grant; what the run knew is worth nothing from here on. Never rejects. */
  async end(): Promise<void> {
    clearInterval(this.#timer);
    try {
      await this.#client.endGrant("self", { signal: AbortSignal.timeout(2_000) });
    } catch {
      // The daemon is gone: the grant runs out by itself.
    }
    this.#client.close();
    this.#owner.close();
  }

  async #renew(): Promise<void> {
    try {
      await this.#owner.renewGrant(this.#grantId, GRANT_SECONDS);
    } catch (error) {
      if (!(error instanceof GrantDeniedError)) throw error;
      // Run out while the machine slept: asked for again. Ended by somebody: that stands.
      const grant = await this.#owner.getGrant(this.#grantId);
      if (grant.ended_at !== null) throw error;
      this.#grantId = (await askForGrant(this.#owner, this.#key.did, this.#options)).id;
      this.#replaceClient();
    }
  }

  #replaceClient(): void {
    this.#client.close();
    this.#client = this.#openClient();
  }

  #openClient(): DaemonClient {
    const signer: Signer = {
      subject: this.#grantId,
      did: this.#key.did,
      privateKey: this.#key.sign,
    };
    return this.#owner.as(signer, { timeoutMs: ANSWER_TIMEOUT_MS });
  }
}

async function askForGrant(
  owner: DaemonClient,
  run_did: string,
  { only, connections, label, onAsked }: RunIdentityOptions,
): Promise<CreatedGrant> {
  return await owner.createGrant({
    run_did,
    only,
    connections,
    label,
    expires_in: GRANT_SECONDS,
  }, { onSent: onAsked });
}
