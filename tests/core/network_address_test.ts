import { equal } from "node:assert/strict";
import { type AddressKind, classifyAddress, mayDial } from "../../core/network_address.ts";

const ADDRESSES: readonly (readonly [string, AddressKind | null])[] = [
  ["1.1.1.1", "public"],
  ["140.82.121.6", "public"],
  ["0.0.0.0", "unspecified"],
  ["0.1.2.3", "reserved"],
  ["10.0.0.1", "private"],
  ["172.15.255.255", "public"],
  ["172.16.0.1", "private"],
  ["172.31.255.255", "private"],
  ["172.32.0.0", "public"],
  ["192.168.1.1", "private"],
  ["100.63.255.255", "public"],
  ["100.64.0.1", "carrier_nat"],
  ["100.100.100.200", "metadata"],
  ["127.0.0.1", "loopback"],
  ["127.255.255.254", "loopback"],
  ["169.254.0.1", "link_local"],
  ["169.254.169.254", "metadata"],
  ["168.63.129.16", "metadata"],
  ["192.0.2.1", "reserved"],
  ["198.18.0.1", "reserved"],
  ["224.0.0.251", "multicast"],
  ["239.255.255.255", "multicast"],
  ["255.255.255.255", "reserved"],
  ["::", "unspecified"],
  ["::1", "loopback"],
  ["[::1]", "loopback"],
  ["2606:4700:4700::1111", "public"],
  ["fc00::1", "private"],
  ["fd12:3456::1", "private"],
  ["fd00:ec2::254", "metadata"],
  ["fe80::1", "link_local"],
  ["fec0::1", "private"],
  ["ff02::fb", "multicast"],
  ["2001:db8::1", "reserved"],
  ["2001:0:53aa:64c::1", "reserved"],
  ["::ffff:127.0.0.1", "loopback"],
  ["::ffff:7f00:1", "loopback"],
  ["::FFFF:A9FE:A9FE", "metadata"],
  ["::ffff:8.8.8.8", "public"],
  ["::127.0.0.1", "loopback"],
  ["::ffff:0:10.0.0.1", "private"],
  ["2002:7f00:1::", "loopback"],
  ["2002:a00:1::1", "private"],
  ["64:ff9b::169.254.169.254", "metadata"],
  ["64:ff9b::808:808", "public"],
  ["64:ff9b:1::7f00:1", "reserved"],
  ["4000::1", "reserved"],
  // What some parsers read as an address and others do not is none here.
  ["127.1", null],
  ["2130706433", null],
  ["0x7f.0.0.1", null],
  ["0177.0.0.1", null],
  ["127.0.0.01", null],
  ["256.1.1.1", null],
  ["1.2.3.4.", null],
  ["::1%eth0", null],
  ["1::2::3", null],
  ["1:2:3:4:5:6:7", null],
  ["1:2:3:4:5:6:7:8:9", null],
  ["::1:2:3:4:5:6:7:8", null],
  ["::ffff:1.2.3", null],
  ["localhost", null],
  ["", null],
];

for (const [address, kind] of ADDRESSES) {
  Deno.test(`classifyAddress() says that ${address || "nothing"} is ${kind}`, () => {
    equal(classifyAddress(address), kind);
  });
}

Deno.test("mayDial() opens private networks on the owner's word and metadata services never", () => {
  const kinds: readonly AddressKind[] = ["public", "loopback", "private", "carrier_nat"];
  for (const kind of kinds) {
    equal(mayDial(kind, true), true, kind);
    equal(mayDial(kind, false), kind === "public", kind);
  }
  for (const kind of ["metadata", "link_local", "multicast", "unspecified", "reserved"] as const) {
    equal(mayDial(kind, true), false, kind);
  }
});
