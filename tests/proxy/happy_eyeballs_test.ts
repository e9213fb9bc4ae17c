/** Racing a server's addresses (RFC 8305). */
import assert from "node:assert/strict";
import { connectFirst } from "../../proxy/happy_eyeballs.ts";

/** A connection of the tests; says whether it was closed. */
class Line {
  isClosed = false;
  constructor(readonly address: string) {}
  close() {
    this.isClosed = true;
  }
}

const never = new AbortController().signal;
/** Never comes about, and fails when it is told to stop: a host that drops packets. */
function silent(signal: AbortSignal): Promise<Line> {
  return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
}

Deno.test("an address that does not answer is overtaken by the next", async () => {
  const tried: string[] = [];
  const line = await connectFirst(["2001:db8::1", "192.0.2.1"], (address, signal) => {
    tried.push(address);
    return address.includes(":") ? silent(signal) : Promise.resolve(new Line(address));
  }, { signal: never, delayMs: 1 });
  assert.equal(line.address, "192.0.2.1");
  assert.deepEqual(tried, ["2001:db8::1", "192.0.2.1"]);
});

Deno.test("the first address has its head start, and is the only one that is dialled when it answers", async () => {
  const tried: string[] = [];
  await connectFirst(["2001:db8::1", "192.0.2.1"], (address) => {
    tried.push(address);
    return Promise.resolve(new Line(address));
  }, { signal: never });
  assert.deepEqual(tried, ["2001:db8::1"]);
});

Deno.test("families take turns, in the resolver's order", async () => {
  const tried: string[] = [];
  const addresses = ["::a", "::b", "::c", "192.0.2.1", "192.0.2.2", "::a"];
  await assert.rejects(
    connectFirst(addresses, (address) => {
      tried.push(address);
      return Promise.reject(new Error(`no ${address}`));
    }, { signal: never }),
    // What the resolver thought best says most.
    /no ::a/,
  );
  assert.deepEqual(tried, ["::a", "192.0.2.1", "::b", "192.0.2.2", "::c"]);
});

Deno.test("a connection that comes second is closed", async () => {
  const slow = Promise.withResolvers<Line>();
  const late = new Line("::a");
  const won = await connectFirst(["::a", "192.0.2.1"], (address) => {
    return address === "::a" ? slow.promise : Promise.resolve(new Line(address));
  }, { signal: never, delayMs: 1 });
  slow.resolve(late);
  await slow.promise;
  await Promise.resolve();
  assert.deepEqual([won.isClosed, late.isClosed], [false, true]);
});

Deno.test("a stop ends every attempt", async () => {
  const stop = new AbortController();
  let tried = 0;
  const racing = connectFirst(["::a", "192.0.2.1"], (_, signal) => {
    if (++tried === 2) stop.abort(new Error("enough"));
    return silent(AbortSignal.any([signal]));
  }, { signal: stop.signal, delayMs: 1 });
  await assert.rejects(racing, /enough/);
});
