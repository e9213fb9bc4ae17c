/**
 * A `fetch` that trusts one more authority, to be closed at the end of the test.
 *
 * @module
 */

/** The function and what ends its connections. */
export interface TrustingFetch extends Disposable {
  readonly fetch: typeof fetch;
}

/** Makes one for the authority `root` (PEM). */
export function trustingFetch(root: string): TrustingFetch {
  const client = Deno.createHttpClient({ caCerts: [root], poolMaxIdlePerHost: 0 });
  return {
    fetch: (input, init) => fetch(input, { ...init, client }),
    [Symbol.dispose]: () => client.close(),
  };
}
