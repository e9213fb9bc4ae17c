/**
 * A token endpoint that rotates refresh tokens and detects reuse, as an answer for the rude server:
 * `refresh-0` gives `access-1` and `refresh-1`, and so on.
 *
 * @module
 */
import { json, type RudeAnswer } from "../../support/rude_server.ts";

/** The endpoint and what it saw. */
export interface RotatingEndpoint {
  readonly answer: RudeAnswer;
  /** The refresh tokens that were redeemed, in order, refused ones too. */
  readonly redeemed: string[];
  /** Tokens that were redeemed a second time: each of them ends the login in real life. */
  readonly reused: string[];
}

/** Starts with `refresh-0`; `before` runs before each answer; `expires_in` is told unless null. */
export function rotatingEndpoint(
  { expires_in = 3600, before = () => Promise.resolve() }: {
    readonly expires_in?: number | null;
    readonly before?: (redeemed: string) => Promise<void>;
  } = {},
): RotatingEndpoint {
  const redeemed: string[] = [];
  const reused: string[] = [];
  let generation = 0;
  const answer: RudeAnswer = async ({ form }) => {
    const token = form.get("refresh_token") ?? "";
    const good = token === `refresh-${generation}`;
    if (redeemed.includes(token)) reused.push(token);
    redeemed.push(token);
    if (good) generation++;
    const reply = {
      access_token: `access-${generation}`,
      refresh_token: `refresh-${generation}`,
      token_type: "Bearer",
      ...(expires_in === null ? {} : { expires_in }),
    };
    await before(token);
    return good ? json(reply) : json({ error: "invalid_grant" }, 400);
  };
  return { answer, redeemed, reused };
}
