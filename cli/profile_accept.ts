/**
 * `authsome profile accept`: let an identity of another machine in.
 *
 * @module
 */
import type { DaemonClient } from "../client/daemon_client.ts";
import type { IdentityList } from "../core/api.ts";
import { UsageError } from "../core/errors.ts";
import { type GrantScope, showLetInFor } from "../core/grant.ts";
import { fingerprintOf, type IdentityClaim } from "../core/identity_claim.ts";
import { paintPlain } from "./color.ts";
import { readTypedCode } from "./claim_code.ts";
import type { Command, CommandContext } from "./command.ts";
import { canAsk, confirm } from "./prompt.ts";
import { readScopes } from "./read_scopes.ts";
import { formatFacts, formatTable } from "./table.ts";
import type { Voice } from "./voice.ts";

const options = {
  only: { summary: "Nothing but these logins: P or P/C, with commas between", value: "P[/C],…" },
  yes: { summary: "Do not ask" },
} as const;

/** The command. */
export const profileAccept: Command<typeof options> = {
  name: "profile accept",
  description:
    "Let another machine, such as a container, run programs with your logins. It shows a code and " +
    "a fingerprint; compare the fingerprint before you say yes. It can run programs and nothing " +
    "else: not read, export, log in or change. Without a code: who waits, and who was let in.",
  positionals: [{ name: "CODE", optional: true }],
  options,
  examples: [
    { line: "authsome profile accept BCDF-GHJK", says: "the code that the container shows" },
    {
      line: "authsome profile accept BCDF-GHJK --only github",
      says: "for this login and no other",
    },
    { line: "authsome profile accept", says: "who waits, and who was let in" },
  ],

  async run({ options, positionals }, context) {
    const [typed] = positionals;
    const only = readScopes("--only", options.only);
    if (typed === undefined) {
      if (only !== null || options.yes) {
        throw new UsageError("Cannot accept: --only and --yes go with a code", {
          hint: "Run: authsome profile accept    lists who waits",
        });
      }
      return await tellAll(await context.openClient(), context.voice);
    }
    const code = readTypedCode(typed);
    const client = await context.openClient();
    const claim = (await client.listClaims()).claims.find((waiting) => waiting.code === code);
    if (claim !== undefined && !options.yes && !await agrees(claim, only, context)) {
      context.voice.result(
        { status: "declined", profile: claim.handle, did: claim.did, only },
        () => "Nothing was changed",
      );
      return 2;
    }
    // Where none waits under the code, the daemon says so.
    const { identity, did } = await client.acceptClaim(code, { only });
    context.voice.result(
      { status: "accepted", profile: identity, did, only },
      () => `${identity} may run programs with ${showLetInFor(only)}`,
    );
  },
};

async function agrees(
  { handle, did }: IdentityClaim,
  only: readonly GrantScope[] | null,
  { voice }: CommandContext,
): Promise<boolean> {
  voice.instruct(formatFacts([
    ["profile", handle],
    ["fingerprint", await fingerprintOf(did)],
    ["may use", showLetInFor(only)],
  ], paintPlain));
  if (!canAsk()) {
    throw new UsageError("Cannot ask whether to let it in: there is no terminal", {
      hint: "Compare the fingerprint above, then run it again with --yes",
    });
  }
  return await confirm(voice, "Is it the fingerprint that the other machine shows?", false);
}

async function tellAll(client: DaemonClient, voice: Voice): Promise<void> {
  const [{ claims }, { identities }] = await Promise.all([
    client.listClaims(),
    client.listIdentities(),
  ]);
  const letIn = identities.filter(({ access }) => access === "run");
  const waiting = await Promise.all(
    claims.map(async (claim) => ({ ...claim, fingerprint: await fingerprintOf(claim.did) })),
  );
  voice.result({ waiting, let_in: letIn }, () => describeAll(waiting, letIn, voice));
}

function describeAll(
  waiting: readonly (IdentityClaim & { readonly fingerprint: string })[],
  letIn: IdentityList["identities"],
  { columns, paint }: Voice,
): string {
  const asked = waiting.length === 0 ? "Nobody waits to be let in" : formatTable(
    {
      head: ["Code", "Profile", "Fingerprint"],
      whole: [0, 2],
      rows: waiting.map(({ code, handle, fingerprint }) => [
        { text: code, tone: "cyan" },
        { text: handle },
        { text: fingerprint },
      ]),
    },
    columns,
    paint,
  );
  const known = letIn.length === 0 ? [] : [
    "",
    formatTable(
      {
        head: ["Let in", "May use"],
        rows: letIn.map(({ handle, only }) => [{ text: handle }, { text: showLetInFor(only) }]),
      },
      columns,
      paint,
    ),
  ];
  return [asked, ...known].join("\n");
}
