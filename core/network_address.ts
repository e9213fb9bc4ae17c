/**
 * What kind of place an IP address is, so that a request made with somebody's credential cannot be
 * led to this machine, its neighbours, or a cloud's metadata service.
 *
 * Follows RFC 6890 (special-purpose registries), RFC 6598 (carrier NAT), RFC 4291 section 2.5.5
 * (IPv4 inside IPv6), RFC 3056 (6to4) and RFC 6052 (NAT64): an IPv4 address wrapped in IPv6 is what
 * the wrapped address is. Teredo (RFC 4380) counts as reserved.
 *
 * @module
 */

/** What an address is. Only `public` is reachable for everyone. */
export type AddressKind =
  | "public"
  | "loopback"
  | "private"
  | "carrier_nat"
  | "link_local"
  | "metadata"
  | "multicast"
  | "unspecified"
  | "reserved";

/**
 * Instance metadata services of the clouds: they hand credentials to whoever asks, and no provider
 * lives there. Azure's wire server and Alibaba's service lie outside the link-local range.
 */
const METADATA: readonly string[] = ["100.100.100.200", "168.63.129.16", "fd00:ec2::254"];

/** IPv4 blocks, the first that fits decides. */
const IPV4_BLOCKS: readonly (readonly [string, number, AddressKind])[] = [
  ["0.0.0.0", 32, "unspecified"],
  ["0.0.0.0", 8, "reserved"],
  ["10.0.0.0", 8, "private"],
  ["100.64.0.0", 10, "carrier_nat"],
  ["127.0.0.0", 8, "loopback"],
  ["169.254.169.254", 32, "metadata"],
  ["169.254.0.0", 16, "link_local"],
  ["172.16.0.0", 12, "private"],
  ["192.0.0.0", 24, "reserved"],
  ["192.0.2.0", 24, "reserved"],
  ["192.88.99.0", 24, "reserved"],
  ["192.168.0.0", 16, "private"],
  ["198.18.0.0", 15, "reserved"],
  ["198.51.100.0", 24, "reserved"],
  ["203.0.113.0", 24, "reserved"],
  ["224.0.0.0", 4, "multicast"],
  ["240.0.0.0", 4, "reserved"],
];

/** IPv6 blocks, the first that fits decides; wrapped IPv4 addresses were unwrapped before. */
const IPV6_BLOCKS: readonly (readonly [string, number, AddressKind])[] = [
  ["::", 128, "unspecified"],
  ["::1", 128, "loopback"],
  ["fc00::", 7, "private"],
  ["fe80::", 10, "link_local"],
  ["fec0::", 10, "private"],
  ["ff00::", 8, "multicast"],
  ["2001::", 23, "reserved"],
  ["2001:db8::", 32, "reserved"],
  ["3fff::", 20, "reserved"],
  ["2000::", 3, "public"],
];

/** Where an IPv4 address hides in an IPv6 one: prefix, its length in bits, first byte of the address. */
const IPV4_WRAPPERS: readonly (readonly [string, number, number])[] = [
  ["::ffff:0:0", 96, 12],
  ["::ffff:0:0:0", 96, 12],
  ["64:ff9b::", 96, 12],
  ["2002::", 16, 2],
];

/** What kind of place `text` is; null when it is not an IP address in its plain notation. */
export function classifyAddress(text: string): AddressKind | null {
  const bytes = parseIpAddress(text);
  if (bytes === null) return null;
  if (METADATA.some((address) => isSame(parseIpAddress(address)!, bytes))) return "metadata";
  return bytes.length === 4 ? classifyIpv4(bytes) : classifyIpv6(bytes);
}

/**
 * Whether a connection may be opened to an address of this kind. `allowPrivate` is the owner's word
 * for internal services; it never opens metadata services, link-local or multicast addresses.
 */
export function mayDial(kind: AddressKind, allowPrivate: boolean): boolean {
  if (kind === "public") return true;
  return allowPrivate && (kind === "loopback" || kind === "private" || kind === "carrier_nat");
}

/**
 * The bytes of an IPv4 (4) or IPv6 (16) address, brackets allowed. Null for anything else:
 * `127.1`, `0x7f000001`, `2130706433`, leading zeros and zone ids are not plain notation.
 */
export function parseIpAddress(text: string): Uint8Array | null {
  const bare = text.startsWith("[") && text.endsWith("]") ? text.slice(1, -1) : text;
  return bare.includes(":") ? parseIpv6(bare) : parseIpv4(bare);
}

function classifyIpv4(bytes: Uint8Array): AddressKind {
  return firstBlock(IPV4_BLOCKS, bytes) ?? "public";
}

function classifyIpv6(bytes: Uint8Array): AddressKind {
  for (const [prefix, bits, offset] of IPV4_WRAPPERS) {
    if (isInside(parseIpAddress(prefix)!, bits, bytes)) {
      return classifyAddress([...bytes.subarray(offset, offset + 4)].join("."))!;
    }
  }
  // RFC 4291 section 2.5.5.1: IPv4-compatible (deprecated), ::a.b.c.d except :: and ::1.
  if (bytes.subarray(0, 12).every((byte) => byte === 0) && (bytes[12] !== 0 || bytes[13] !== 0)) {
    return classifyAddress([...bytes.subarray(12)].join("."))!;
  }
  // Outside 2000::/3 nothing is assigned to the public.
  return firstBlock(IPV6_BLOCKS, bytes) ?? "reserved";
}

function firstBlock(
  blocks: readonly (readonly [string, number, AddressKind])[],
  bytes: Uint8Array,
): AddressKind | undefined {
  return blocks.find(([prefix, bits]) => isInside(parseIpAddress(prefix)!, bits, bytes))?.[2];
}

/** Whether the first `bits` bits are the prefix's. */
export function isInside(prefix: Uint8Array, bits: number, bytes: Uint8Array): boolean {
  if (prefix.length !== bytes.length) return false;
  for (let i = 0; i * 8 < bits; i++) {
    const mask = bits - i * 8 >= 8 ? 0xff : (0xff << (8 - (bits - i * 8))) & 0xff;
    if ((prefix[i]! & mask) !== (bytes[i]! & mask)) return false;
  }
  return true;
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return isInside(a, a.length * 8, b);
}

function parseIpv4(text: string): Uint8Array | null {
  const parts = text.split(".");
  if (parts.length !== 4) return null;
  // A leading zero means octal to some parsers and decimal to others: refused.
  if (!parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255)) return null;
  return Uint8Array.from(parts, Number);
}

function parseIpv6(text: string): Uint8Array | null {
  const lastColon = text.lastIndexOf(":");
  const tail = text.slice(lastColon + 1);
  let source = text;
  if (tail.includes(".")) {
    const ipv4 = parseIpv4(tail);
    if (ipv4 === null) return null;
    const high = (ipv4[0]! << 8 | ipv4[1]!).toString(16);
    const low = (ipv4[2]! << 8 | ipv4[3]!).toString(16);
    source = `${text.slice(0, lastColon + 1)}${high}:${low}`;
  }
  const halves = source.split("::");
  if (halves.length > 2) return null;
  const [head, rest] = halves.map((half) => half === "" ? [] : half.split(":"));
  const groups = rest === undefined
    ? head!
    : [...head!, ...Array(Math.max(0, 8 - head!.length - rest.length)).fill("0"), ...rest];
  if (groups.length !== 8 || (rest !== undefined && head!.length + rest.length > 7)) return null;
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return null;
  return Uint8Array.from(groups.flatMap((group) => {
    const value = parseInt(group, 16);
    return [value >> 8, value & 0xff];
  }));
}
