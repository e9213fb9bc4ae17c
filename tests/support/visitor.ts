/**
 * A browser without a screen for `oidc-provider`'s own pages: cookies, redirects, login, consent.
 *
 * @module
 */

/** Where every login of ours is sent back to. */
const CALLBACK_PATH = "/auth/callback/oauth";

/** One person with one cookie jar. */
export class Visitor {
  readonly #cookies = new Map<string, string>();
  readonly #fetch: typeof fetch;

  constructor(fetch: typeof globalThis.fetch) {
    this.#fetch = fetch;
  }

  /** Logs in and consents, or presses "cancel"; the URL that the browser is sent back to. */
  async authorize(url: string, consents: boolean): Promise<URL> {
    let next: URL | null = new URL(url);
    for (let step = 0; step < 20 && next !== null; step++) {
      if (next.protocol === "http:" && next.pathname === CALLBACK_PATH) return next;
      const page = await this.#request(next);
      next = page.location ?? await this.#answer(page, consents);
    }
    throw new Error("the authorization server never redirected back");
  }

  /** Opens the device page with the code in it and confirms. */
  async confirmDevice(url: string): Promise<void> {
    let page = await this.#request(new URL(url));
    for (let step = 0; step < 20; step++) {
      if (page.location !== null) page = await this.#request(page.location);
      else if (page.text.includes("op.deviceConfirmForm")) {
        const xsrf = /name="xsrf" value="([^"]+)"/.exec(page.text)![1]!;
        const user_code = /name="user_code" value="([^"]+)"/.exec(page.text)![1]!;
        page = await this.#request(new URL("/device", url), { xsrf, user_code, confirm: "yes" });
      } else if (/name="prompt"/.test(page.text)) {
        page = await this.#request((await this.#answer(page, true))!);
      } else if (page.text.includes("submit") && page.text.includes("user_code")) {
        const fields = Object.fromEntries(
          [...page.text.matchAll(/name="(xsrf|user_code)" value="([^"]+)"/g)]
            .map(([, name, value]) => [name!, value!]),
        );
        page = await this.#request(new URL("/device", url), { ...fields, confirm: "yes" });
      } else return;
    }
    throw new Error("the device page never ended");
  }

  /** Fills in the form of a login or consent page. */
  async #answer(page: Page, consents: boolean): Promise<URL | null> {
    const prompt = /name="prompt" value="(\w+)"/.exec(page.text)?.[1];
    if (prompt === undefined) throw new Error(`not a page with a form: ${page.text.slice(0, 500)}`);
    if (!consents) {
      return (await this.#request(new URL(`${page.url.pathname}/abort`, page.url))).location;
    }
    const fields: Record<string, string> = prompt === "login"
      ? { prompt, login: "alice", password: "x" }
      : { prompt };
    return (await this.#request(page.url, fields)).location;
  }

  async #request(url: URL, form?: Record<string, string>): Promise<Page> {
    const response = await this.#fetch(url, {
      redirect: "manual",
      headers: { cookie: [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; ") },
      ...(form === undefined ? {} : { method: "POST", body: new URLSearchParams(form) }),
    });
    for (const cookie of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie)!;
      if (value === "") this.#cookies.delete(name!);
      else this.#cookies.set(name!, value!);
    }
    const location = response.headers.get("location");
    return {
      url,
      text: await response.text(),
      location: location === null ? null : new URL(location, url),
    };
  }
}

interface Page {
  readonly url: URL;
  readonly text: string;
  readonly location: URL | null;
}
