/**
 * HPACK with a real peer: Node's HTTP/2 client, which is nghttp2. What it writes our decoder must
 * read, and what we write it must read, over one connection.
 */
import type http2 from "node:http2";
import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { encodeFields, NO_TABLE } from "../../../../proxy/http2/hpack/encode_fields.ts";
import type { FieldLine } from "../../../../proxy/http2/hpack/field_line.ts";
import { HpackDecoder } from "../../../../proxy/http2/hpack/hpack_decoder.ts";
import { STATIC_TABLE } from "../../../../proxy/http2/hpack/static_table.ts";
import { type NodeTools, startNode, withNode } from "../../../support/node_process.ts";
import { RawHttp2Peer } from "../../../support/raw_http2_server.ts";
import { type Random, randomOf } from "../../../support/seeded_random.ts";

interface ClientTools extends NodeTools {
  session: http2.ClientHttp2Session;
}

const STATIC_LINES = new Set(STATIC_TABLE.map((line) => line.join(": ")));

/** What Node heard: the fields, and the names that it may not index. */
interface Heard {
  readonly fields: readonly (readonly string[])[];
  readonly sensitive: readonly string[];
}

withNode.test(
  "HPACK: what Node writes is read as it was meant, whatever table it may use",
  async () => {
    await using stage = await connectNode();
    const random = randomOf(31);
    const decoder = new HpackDecoder({ maxListBytes: 1e6 });
    const blocks: Uint8Array[] = [];

    // Smaller, none, none for a moment (two changes in one block), and all of it again.
    for (const tables of [[], [300], [0], [4096, 0, 4096], [1000]]) {
      const heads = Array.from({ length: 80 }, () => chanceHead(random));
      for (const bytes of tables) await stage.peer.limitTable(bytes);
      const calling = stage.call(heads, tables.at(-1) ?? null);
      for (const head of heads) {
        const { streamId, block } = await stage.peer.nextBlock();
        const { fields, isTooLarge } = decoder.decode(block);
        equal(isTooLarge, false);
        deepEqual(sortedFront(fields), sortedFront(head));
        blocks.push(block);
        await stage.peer.answer({ streamId, block: encodeFields([[":status", "200"]]) });
      }
      await calling;
    }

    // It did what a good encoder does: later blocks build on earlier ones, and sizes were changed.
    ok(blocks.filter((block) => block[0]! >> 5 === 1).length >= 4);
    const alone = new HpackDecoder({ maxListBytes: 1e6 });
    throws(() => blocks.slice(40).forEach((block) => alone.decode(block)), /there is no field/);
  },
);

for (const tableBytes of [4096, 0, 65_536]) {
  const title =
    `HPACK: Node, with ${tableBytes} bytes of table at first and 100 later, reads what ` +
    "we write and indexes none of it";
  withNode.test(title, async () => {
    await using stage = await connectNode(tableBytes);
    const random = randomOf(32);
    let isFirst = true;

    for (const lowerTo of [null, 100, 0]) {
      const lists = Array.from({ length: 60 }, () => [[":status", "200"], ...chanceLines(random)]);
      if (lowerTo !== null) stage.lowerTable(lowerTo);
      const calling = stage.call(lists.map(() => chanceHead(random)), null);
      for (const fields of lists as FieldLine[][]) {
        const { streamId } = await stage.peer.nextBlock();
        const block = encodeFields(fields);
        await stage.peer.answer({
          streamId,
          block: isFirst ? Uint8Array.from([...NO_TABLE, ...block]) : block,
        });
        isFirst = false;
      }
      const heard = await calling;
      deepEqual(heard.map(({ fields }) => fields), lists);
      for (const { fields, sensitive } of heard) {
        // All but the lines of the static table, which nobody has to hide.
        const literal = fields.filter((field) => !STATIC_LINES.has(field.join(": ")));
        deepEqual(sensitive, literal.map(([name]) => name));
      }
    }
  });
}

/** Node connected to a server of ours. */
async function connectNode(headerTableSize = 4096) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const node = startNode<ClientTools>();
  const accepted = RawHttp2Peer.accept(listener);
  const [peer] = await Promise.all([
    accepted,
    node.run(connectInNode, { port: listener.addr.port, headerTableSize }),
  ]);
  return {
    peer,
    call: (heads: readonly FieldLine[][], table: number | null): Promise<Heard[]> =>
      node.run(callInNode, { heads, table }),
    lowerTable: (bytes: number) => void node.run(lowerInNode, bytes),
    [Symbol.asyncDispose]: async () => {
      await node.close();
      peer[Symbol.dispose]();
      listener.close();
    },
  };
}

async function connectInNode(
  tools: ClientTools,
  { port, headerTableSize }: { port: number; headerTableSize: number },
): Promise<void> {
  tools.session = tools.http2.connect(`http://127.0.0.1:${port}`, {
    settings: { headerTableSize },
  });
  tools.leave = () => tools.session.destroy();
  await new Promise((resolve) => tools.session.once("remoteSettings", resolve));
}

/** The next request comes behind it. */
function lowerInNode({ session }: ClientTools, headerTableSize: number): void {
  session.settings({ headerTableSize });
}

/** Sends one request after the other, when our SETTINGS have come, and gives the answers. */
async function callInNode(
  { session, http2 }: ClientTools,
  { heads, table }: { heads: readonly FieldLine[][]; table: number | null },
): Promise<Heard[]> {
  while (table !== null && session.remoteSettings.headerTableSize !== table) {
    await new Promise((resolve) => session.once("remoteSettings", resolve));
  }
  const heard: Heard[] = [];
  for (const head of heads) {
    const headers: Record<string | symbol, string | string[]> = {};
    for (const [name, value] of head) {
      const before = headers[name];
      headers[name] = before === undefined ? value : [before, value].flat();
    }
    headers[http2.sensitiveHeaders] = ["authorization"];
    const stream = session.request(headers as http2.OutgoingHttpHeaders, { endStream: true });
    stream.resume();
    heard.push(
      await new Promise<Heard>((resolve, reject) => {
        stream.once("error", reject);
        stream.once("close", () => reject(new Error("closed without an answer")));
        stream.once("response", (answer, _flags, ...[raw]: unknown[]) => {
          const flat = raw as string[];
          const { [http2.sensitiveHeaders]: sensitive = [] } = answer as Record<symbol, string[]>;
          resolve({
            fields: flat.flatMap((name, at) => at % 2 === 0 ? [[name, flat[at + 1]!]] : []),
            sensitive,
          });
        });
      }),
    );
  }
  return heard;
}

/** Names of which Node allows several lines, and names that come again and again. */
const NAMES = ["x-a", "x-b", "cookie", "set-cookie", "accept", "x-request-id", "grpc-timeout"];

function chanceHead(random: Random): FieldLine[] {
  const names = random(3) === 0 ? ["authorization", ...NAMES] : NAMES;
  const lines = chanceLines(random).filter(([name]) => name !== "authorization");
  return [
    [":authority", "127.0.0.1"],
    [":method", ["GET", "POST", "PATCH"][random(3)]!],
    [":path", `/${chanceText(random, random(60)).replaceAll(" ", "+")}`],
    [":scheme", ["http", "https"][random(2)]!],
    ...(names === NAMES ? [] : [["authorization", `Bearer ${chanceText(random, 40)}`] as const]),
    ...lines,
  ];
}

/** Fields, with those of one name together: an object of them keeps no other order. */
function chanceLines(random: Random): FieldLine[] {
  return NAMES.flatMap((name) =>
    Array.from({ length: random(3) }, (): FieldLine => {
      const longest = [8, 60, 60, 300, 5000, 20_000][random(40)] ?? 30;
      return [name, random(3) === 0 ? `same-${random(3)}` : chanceText(random, random(longest))];
    })
  );
}

/** Whatever a value may have (RFC 9110 section 5.5), Latin-1 too. */
function chanceText(random: Random, size: number): string {
  const [from, below] = random(3) === 0 ? [0x80, 0x80] : [0x21, 0x5e];
  return Array.from({ length: size }, (_, at) => {
    const isInside = at > 0 && at < size - 1;
    return isInside && random(9) === 0 ? " " : String.fromCharCode(from + random(below));
  }).join("");
}

/** Node chooses the order of the pseudo fields. */
function sortedFront(fields: readonly FieldLine[]): FieldLine[] {
  const isPseudo = ([name]: FieldLine) => name.startsWith(":");
  return [...fields.filter(isPseudo).toSorted(), ...fields.filter((field) => !isPseudo(field))];
}
