/**
 * The claims that wait for the owner's word. They live in memory: a claim is minutes old, costs
 * nothing to make again, and whoever can reach the port can make one, so none may cost disk.
 *
 * @module
 */
import { InvalidInputError, OperationNotAllowedError } from "../../core/errors.ts";
import {
  CODE_LETTERS,
  type CreateClaimRequest,
  type IdentityClaim,
  readClaimCode,
} from "../../core/identity_claim.ts";

/** How long the owner has, in milliseconds. */
const LIFETIME_MS = 10 * 60_000;
/** How long the outcome is told to whoever asked. */
const REMEMBERED_MS = 10 * 60_000;
/** More that wait are somebody playing. */
const MOST_PENDING = 5;
/**
 * Not asked for as long, a claim gives its place to the next one when all are taken: whoever waits
 * asks every second, and whoever only fills the places goes on with something else.
 */
const LEFT_MS = 30_000;
/** Made within an hour; a container that starts over and over is refused, not obeyed. */
const MOST_PER_HOUR = 30;
const HOUR_MS = 3_600_000;

interface KeptClaim extends CreateClaimRequest {
  readonly code: string;
  readonly created: number;
  expires: number;
  /** When whoever made it last asked. */
  asked: number;
  status: "pending" | "accepted" | "refused";
  /** It is being let in: nobody else may decide. */
  isHeld: boolean;
}

/** See the module. */
export class IdentityClaims {
  readonly #now: () => Date;
  readonly #claims = new Map<string, KeptClaim>();
  #made: number[] = [];

  /** None yet. */
  constructor(now: () => Date) {
    this.#now = now;
  }

  /**
   * The claim of this key: the one that waits, or a new one.
   *
   * @throws {OperationNotAllowedError} when too many wait, or too many were made.
   */
  make({ handle, did }: CreateClaimRequest): IdentityClaim {
    const now = this.#tidy();
    const waiting = this.#pending().find((claim) => claim.did === did && claim.handle === handle);
    if (waiting !== undefined) {
      waiting.asked = now;
      return this.#show(waiting);
    }
    this.#makeRoom(now);
    if (this.#pending().length >= MOST_PENDING || this.#made.length >= MOST_PER_HOUR) {
      throw new OperationNotAllowedError("Cannot ask to be let in: too many are asking already", {
        operation: "claim",
        hint: "On the daemon's machine run: authsome profile accept    lists who waits",
      });
    }
    const claim: KeptClaim = {
      handle,
      did,
      code: newCode(),
      created: now,
      expires: now + LIFETIME_MS,
      asked: now,
      status: "pending",
      isHeld: false,
    };
    this.#made.push(now);
    this.#claims.set(claim.code, claim);
    return this.#show(claim);
  }

  /** The claim of this code, also when it waits no longer, for `did` that asks; null: there is none. */
  show(code: string, did: string): IdentityClaim | null {
    const now = this.#tidy();
    const claim = this.#claims.get(readClaimCode(code) ?? "");
    if (claim === undefined) return null;
    if (claim.did === did) claim.asked = now;
    return this.#show(claim);
  }

  /** Those that wait, oldest first. */
  waiting(): readonly IdentityClaim[] {
    this.#tidy();
    return this.#pending().map((claim) => this.#show(claim));
  }

  /** The claim that waits under this code. @throws {InvalidInputError} when none does. */
  find(code: string): IdentityClaim {
    this.#tidy();
    const claim = this.#claims.get(readClaimCode(code) ?? "");
    if (claim === undefined || claim.isHeld || this.#show(claim).status !== "pending") {
      throw noSuchClaim();
    }
    return this.#show(claim);
  }

  /**
   * Accepts it once `letIn` has come to its end; it waits on when that fails. Meanwhile it can be
   * neither refused nor accepted: two answers of the owner's would both be taken for true.
   *
   * @throws {InvalidInputError} when it does not wait any more.
   */
  async accept<T>(code: string, letIn: (claim: IdentityClaim) => Promise<T>): Promise<T> {
    const claim = this.#claims.get(this.find(code).code)!;
    claim.isHeld = true;
    try {
      const result = await letIn(this.#show(claim));
      claim.status = "accepted";
      return result;
    } finally {
      claim.isHeld = false;
    }
  }

  /** Refuses it. @throws {InvalidInputError} when it does not wait any more. */
  refuse(code: string): IdentityClaim {
    const claim = this.#claims.get(this.find(code).code)!;
    claim.status = "refused";
    return this.#show(claim);
  }

  /** Where all places are taken, ends the claim that was left for longest. */
  #makeRoom(now: number): void {
    const pending = this.#pending();
    if (pending.length < MOST_PENDING) return;
    const [left] = pending
      .filter(({ asked, isHeld }) => asked + LEFT_MS <= now && !isHeld)
      .sort((a, b) => a.asked - b.asked);
    if (left !== undefined) left.expires = now;
  }

  #pending(): KeptClaim[] {
    return [...this.#claims.values()].filter((claim) => this.#show(claim).status === "pending");
  }

  #show({ code, handle, did, created, expires, status }: KeptClaim): IdentityClaim {
    const isOver = status === "pending" && expires <= this.#now().getTime();
    return {
      code,
      handle,
      did,
      status: isOver ? "expired" : status,
      created_at: new Date(created).toISOString(),
      expires_at: new Date(expires).toISOString(),
    };
  }

  /** Forgets what nobody asks for any more; gives the time. */
  #tidy(): number {
    const now = this.#now().getTime();
    for (const [code, { expires }] of this.#claims) {
      if (expires + REMEMBERED_MS <= now) this.#claims.delete(code);
    }
    this.#made = this.#made.filter((made) => made + HOUR_MS > now);
    return now;
  }
}

function noSuchClaim(): InvalidInputError {
  return new InvalidInputError("Cannot find the claim: no such code waits; it may have expired", {
    hint: "Run: authsome profile accept    lists who waits",
  });
}

/** Uniform: rejection sampling over the letters. */
function newCode(): string {
  const limit = 256 - (256 % CODE_LETTERS.length);
  let letters = "";
  while (letters.length < 8) {
    const [byte] = crypto.getRandomValues(new Uint8Array(1));
    if (byte! < limit) letters += CODE_LETTERS[byte! % CODE_LETTERS.length];
  }
  return `${letters.slice(0, 4)}-${letters.slice(4)}`;
}
