/**
 * Placeholders as canaries. A placeholder means something at its own provider only, where the real
 * credential takes its place; one that is on its way to another host is a program that was talked
 * into sending its keys away, or set up wrong. It goes no further.
 *
 * What is looked at is what the proxy can read: target, headers and body of decrypted and of plain
 * requests, `Basic` user information decoded, and trailers. Bodies are looked through for the usual
 * spellings of a text: in a compressed one nothing is seen, nor in frames of a WebSocket, nor in
 * tunnels that are not decrypted.
 *
 * @module
 */
import type { ConnectionRef } from "../core/connection.ts";
import { Refusal } from "./fail_closed.ts";
import { headerValue, type RequestHead } from "./http1/message_head.ts";
import { NeedleSearch } from "./needle_search.ts";
import { spellingsOf } from "./placeholder_spellings.ts";
import type { Placeholder } from "./placeholders.ts";
import { tellOnce } from "./tell_once.ts";

/** The placeholders of one run. */
export class PlaceholderCanaries {
  readonly #owners: ReadonlyMap<string, Placeholder>;
  readonly #pattern: RegExp | null;
  readonly #note: (line: string) => void;
  /** Of bodies, by the placeholders that are looked for. */
  readonly #searches = new Map<string, BodySearch>();

  /** `note` tells the owner, once for each provider and host. */
  constructor(placeholders: readonly Placeholder[], note: (line: string) => void) {
    this.#owners = new Map(placeholders.map((placeholder) => [placeholder.text, placeholder]));
    const texts = [...this.#owners.keys()].map((text) => RegExp.escape(text));
    this.#pattern = texts.length === 0 ? null : new RegExp(texts.join("|"), "g");
    this.#note = tellOnce(note);
  }

  /** What the child was given for one connection. */
  of({ provider, connection }: ConnectionRef): readonly Placeholder[] {
    return [...this.#owners.values()].filter((one) =>
      one.provider === provider && one.connection === connection
    );
  }

  /**
   * Lets the request to `host` pass; `isOwnHost` says whether the host is one of a provider's.
   *
   * @throws {Refusal} 403 when a placeholder of another provider is in its head.
   */
  check(request: RequestHead, host: string, isOwnHost: (provider: string) => boolean): void {
    if (this.#pattern === null) return;
    this.#checkEncoded(request.target, host, isOwnHost);
    for (const line of request.lines) this.#checkEncoded(line, host, isOwnHost);
    this.#checkText(basicPair(request), host, isOwnHost);
  }

  /** As it is, and with its percent signs decoded. */
  #checkEncoded(text: string, host: string, isOwnHost: (provider: string) => boolean): void {
    this.#checkText(text, host, isOwnHost);
    if (text.includes("%")) this.#checkText(decodePercent(text), host, isOwnHost);
  }

  #checkText(text: string, host: string, isOwnHost: (provider: string) => boolean): void {
    // `search` starts anew each time; matchAll makes a copy of the pattern, and most find nothing.
    if (this.#pattern === null || text.search(this.#pattern) < 0) return;
    for (const [found] of text.matchAll(this.#pattern)) {
      const owner = this.#owners.get(found)!;
      if (!isOwnHost(owner.provider)) throw this.#blocked(owner, host);
    }
  }

  /**
   * The same for a body, piece by piece: a function that is given each piece before it is sent, and
   * throws at the one in which a placeholder ends; `isBeside` says that the piece is an extension of a
   * chunk or a trailer. Null where there is nothing to look for.
   *
   * What came before that piece has been sent, but a request that was cut off is not carried out.
   */
  bodyWatch(
    host: string,
    isOwnHost: (provider: string) => boolean,
  ): ((piece: Uint8Array, isBeside?: boolean) => void) | null {
    const foreign = [...this.#owners.values()].filter(({ provider }) => !isOwnHost(provider));
    if (foreign.length === 0) return null;
    const key = foreign.map(({ text }) => text).join("\n");
    let search = this.#searches.get(key);
    if (search === undefined) this.#searches.set(key, search = bodySearch(foreign));
    const { needles, owners } = search;
    const find = needles.stream();
    // What lies between two chunks must not hide what lies across them.
    let findBeside: typeof find | null = null;
    return (piece, isBeside = false) => {
      const found = isBeside ? (findBeside ??= needles.stream())(piece) : find(piece);
      if (found >= 0) throw this.#blocked(owners[found]!, host);
    };
  }

  #blocked({ provider, connection }: Placeholder, host: string): Refusal {
    this.#note(
      `blocked a request to ${host}: it carried the placeholder of ${provider}, which was worth ` +
        "nothing there; see what sent it",
    );
    return new Refusal(
      403,
      "PlaceholderLeakError",
      `Cannot send the request to ${host}: it carries the placeholder of ${provider}/${connection}`,
      { hint: `Send it to the hosts of ${provider}: authsome inspect ${provider}` },
    );
  }
}

interface BodySearch {
  readonly needles: NeedleSearch;
  /** Whose each needle is. */
  readonly owners: readonly Placeholder[];
}

function bodySearch(placeholders: readonly Placeholder[]): BodySearch {
  const spelled = new Map(
    placeholders.flatMap((one) => spellingsOf(one.text).map((spelling) => [spelling, one])),
  );
  return { needles: new NeedleSearch([...spelled.keys()]), owners: [...spelled.values()] };
}

/** Byte by byte: `decodeURIComponent` gives up at the first odd sequence. */
function decodePercent(text: string): string {
  return text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
}

function basicPair(request: RequestHead): string {
  const value = headerValue(request, "authorization") ?? "";
  const encoded = /^basic +([A-Za-z0-9+/=]+)$/i.exec(value)?.[1];
  if (encoded === undefined) return "";
  try {
    return atob(encoded);
  } catch {
    return "";
  }
}
