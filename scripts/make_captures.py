"""Make corpus/captures: small captures of every kind of link and file, always the same bytes.

Run it from the project's folder: `python -m scripts.make_captures`. It needs scapy.
"""

import random
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from scapy.layers.dot11 import Dot11, Dot11Beacon, Dot11Elt, RadioTap
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import ARP, LLC, SNAP
from scapy.packet import Packet

from pcapfilter.net.linktype import by_name
from scripts import traffic

FOLDER = Path(__file__).parent.parent / "corpus" / "captures"
BEGIN = 1_700_000_000_123_456_789
SNAPLEN = 262144

MAC = bytes.fromhex("020000000001")
PEER = bytes.fromhex("020000000002")
LLC_SNAP = bytes.fromhex("aaaa03000000")


class Kind(NamedTuple):
    """How one packet is announced by a link layer: by Ethernet type, PPP protocol, BSD family."""

    ether: int
    ppp: int
    family: int


IP4, IP6, ARP4 = Kind(0x0800, 0x21, 2), Kind(0x86DD, 0x57, 30), Kind(0x0806, 0, 0)


def two(number: int) -> bytes:
    """Two octets, in network order."""
    return number.to_bytes(2)


# What each link layer puts in front of IPv4, IPv6 and, where it can carry it, ARP.
HEADERS: dict[str, Callable[[Kind], bytes]] = {
    "APPLE_IP_OVER_IEEE1394": lambda kind: MAC + b"\0\1" + PEER + b"\0\2" + two(kind.ether),
    "ARCNET": lambda kind: bytes([1, 2, {2: 0xF0, 30: 0xC4}.get(kind.family, 0xF1)]),
    "ARCNET_LINUX": lambda kind: bytes([1, 2, 0, 0, {2: 212, 30: 0xC4}.get(kind.family, 213)]),
    "ATM_RFC1483": lambda kind: LLC_SNAP + two(kind.ether),
    "C_HDLC": lambda kind: b"\x0f\0" + two(kind.ether),
    "ENC": lambda kind: struct.pack("=III", kind.family, 7, 0x0C00),
    "FDDI": lambda kind: b"\x50" + MAC + PEER + LLC_SNAP + two(kind.ether),
    "FRELAY": lambda kind: b"\x18\x41\x03" + (b"\xcc" if kind is IP4 else b"\x8e"),
    "IEEE802": lambda kind: b"\x10\x40" + PEER + MAC + LLC_SNAP + two(kind.ether),
    "IPNET": lambda kind: struct.pack(
        ">BBBBIIIII", 1, {2: 2, 30: 26}.get(kind.family, 0), 0, 0, 0, 1, 2, 3, 4
    ),
    "IPV4": lambda _: b"",
    "IPV6": lambda _: b"",
    "IP_OVER_FC": lambda kind: b"\x10\0" + MAC + b"\x10\0" + PEER + LLC_SNAP + two(kind.ether),
    "LINUX_SLL": lambda kind: b"\0\4\0\1\0\6" + MAC + b"\0\0" + two(kind.ether),
    "LINUX_SLL2": lambda kind: (
        two(kind.ether) + struct.pack(">HIHBB", 0, 2, 1, 4, 6) + MAC + b"\0\0"
    ),
    "LOOP": lambda kind: kind.family.to_bytes(4),
    "NFLOG": lambda kind: struct.pack("=BBH", kind.family, 0, 0) + struct.pack("=HHI", 8, 5, 1),
    "NULL": lambda kind: kind.family.to_bytes(4, "little"),
    "PFLOG": lambda kind: (
        bytes([61, kind.family, 0, 0])
        + b"em0".ljust(16, b"\0")
        + b"rules".ljust(16, b"\0")
        + struct.pack(">IIIIIIB", 1, 2, 0, 0, 0, 0, 1)
        + bytes(3)
    ),
    "PPP": lambda kind: b"\xff\x03" + two(kind.ppp),
    "PPP_BSDOS": lambda kind: b"\xff\x03" + two(kind.ppp) + bytes(20),
    "PPP_ETHER": lambda kind: b"\x11\0\0\x11\0\x40" + two(kind.ppp),
    "PPP_PPPD": lambda kind: b"\1\x03" + two(kind.ppp),
    "PPP_SERIAL": lambda kind: b"\xff\x03" + two(kind.ppp),
    "RAW": lambda _: b"",
    "SLIP": lambda _: b"\1" + bytes(15),
    "SLIP_BSDOS": lambda _: bytes(24),
    "SUNATM": lambda kind: b"\x02\x64\0\x28" + LLC_SNAP + two(kind.ether),
    "SYMANTEC_FIREWALL": lambda kind: bytes(6) + two(kind.ether) + bytes(36),
}

NO_ARP = {
    "ENC", "FRELAY", "IPNET", "IPV4", "IPV6", "LOOP", "NFLOG", "NULL", "PFLOG", "PPP", "PPP_BSDOS",
    "PPP_ETHER", "PPP_PPPD", "PPP_SERIAL", "RAW", "SLIP", "SLIP_BSDOS",
}  # fmt: skip

# Link types whose packets have nothing of IP: a few octets of their own.
OTHERS: dict[str, list[bytes]] = {
    "BLUETOOTH_HCI_H4_WITH_PHDR": [bytes.fromhex("00000001" + "01030c00"), bytes(9)],
    "CAN_SOCKETCAN": [bytes.fromhex("00000123080000001122334455667788")],
    "IEEE802_15_4_NOFCS": [bytes.fromhex("41880134120000ffff0102")],
    "LTALK": [bytes.fromhex("0102010a0000000000000000")],
    "MTP2": [bytes.fromhex("000003850102030405060708"), bytes.fromhex("00000102"), bytes(3)],
    "USB_LINUX": [bytes(64) + b"\x12\x01"],
}


def everyday(rng: random.Random, name: str) -> Iterator[bytes]:
    """IPv4, IPv6 and ARP behind the header of a link type."""
    header = HEADERS[name]
    packets = [*traffic.ipv4(rng), *traffic.ipv6(rng), *traffic.arp(rng)]
    for packet in packets:
        kind = IP6 if isinstance(packet, IPv6) else ARP4 if isinstance(packet, ARP) else IP4
        wanted = {"IPV4": IP4, "IPV6": IP6}.get(name, kind)
        if kind is wanted and not (kind is ARP4 and name in NO_ARP):
            yield header(kind) + bytes(packet)


def wireless(rng: random.Random) -> Iterator[bytes]:
    """802.11: beacons, control frames, data in all four directions."""
    first, second, third, fourth = (f"02:00:00:00:01:{n:02x}" for n in range(1, 5))
    addresses = {"addr1": first, "addr2": second, "addr3": third}
    beacon = Dot11(type=0, subtype=8, addr1="ff:ff:ff:ff:ff:ff", addr2=second, addr3=second)
    yield bytes(beacon / Dot11Beacon() / Dot11Elt(ID="SSID", info=b"net"))
    for subtype in (0, 1, 4, 5, 10, 11, 12):
        yield bytes(Dot11(type=0, subtype=subtype, **addresses)) + rng.randbytes(20)
    for subtype in (8, 9, 10, 11, 12, 13):
        yield bytes(Dot11(type=1, subtype=subtype, **addresses))
    packets: list[Packet] = [*traffic.ipv4(rng), *traffic.ipv6(rng)]
    for number, packet in enumerate(packets):
        frame = Dot11(type=2, subtype=0, FCfield=number % 4, **addresses, addr4=fourth)
        code = 0x86DD if isinstance(packet, IPv6) else 0x0800
        yield bytes(frame / LLC(dsap=0xAA, ssap=0xAA, ctrl=3) / SNAP(OUI=0, code=code) / packet)
    yield bytes(Dot11(type=2, subtype=4, FCfield=1, **addresses))


def monitored(rng: random.Random, name: str) -> Iterator[bytes]:
    """802.11 behind what a monitor puts before it."""
    for number, frame in enumerate(wireless(rng)):
        radio = bytes(RadioTap() if number % 2 else RadioTap(present="TSFT", mac_timestamp=number))
        yield {
            "IEEE802_11_RADIO": radio,
            "IEEE802_11_RADIO_AVS": struct.pack(">II", 0x80211001, 64) + bytes(56),
            "PPI": struct.pack("<BBHI", 0, 0, 8, 105),
            "PRISM_HEADER": struct.pack("<II", 0x41, 144) + b"wlan0".ljust(136, b"\0"),
        }[name] + frame


def lengths(rng: random.Random, packets: list[bytes]) -> list[tuple[bytes, int]]:
    """Give packets with their wire lengths: some cut by a snapshot length, some far too short."""
    cut = [(octets[: rng.randrange(len(octets))], len(octets)) for octets in packets[::5]]
    short = [(packets[n % len(packets)][:n], n) for n in (0, 1, 2, 5, 12, 13, 14, 17, 21, 33)]
    return [*((octets, len(octets)) for octets in packets), *cut, *short]


def write(  # every field of a capture that a test may want otherwise
    name: str,
    link: str,
    packets: list[tuple[bytes, int]],
    *,
    order: str = "<",
    nanoseconds: bool = False,
    snaplen: int = SNAPLEN,
    missing: int = 0,
) -> None:
    """Write a capture; `missing` octets are cut from its end."""
    magic, unit = (0xA1B23C4D, 1) if nanoseconds else (0xA1B2C3D4, 1000)
    number = by_name(link).linktype
    out = bytearray(struct.pack(order + "IHHIIII", magic, 2, 4, 0, 0, snaplen, number))
    time = BEGIN
    for octets, wirelen in packets:
        data = octets[:snaplen]
        time += 1_234_567 + 1_000_000_000 * (wirelen % 7 == 0)
        seconds, rest = divmod(time, 1_000_000_000)
        out += struct.pack(order + "IIII", seconds, rest // unit, len(data), wirelen) + data
    (FOLDER / name).write_bytes(out[: len(out) - missing])


def block(order: str, kind: int, body: bytes) -> bytes:
    """A block of a pcapng file."""
    body += bytes(-len(body) % 4)
    length = struct.pack(order + "I", len(body) + 12)
    return struct.pack(order + "I", kind) + length + body + length


def write_mixed(name: str, captures: dict[str, list[tuple[bytes, int]]]) -> None:
    """Write a pcapng file of two sections, of either byte order, with an interface a link type.

    Packets of the interfaces alternate. Their clocks count in 10**-6, 10**-9, 2**-20 seconds.
    """
    out = bytearray()
    for order, first in (("<", 0), (">", 1)):
        out += block(order, 0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1))
        clocks = []
        for number, link in enumerate(captures):
            resolution, ticks = ((6, 10**6), (9, 10**9), (128 + 20, 2**20))[number % 3]
            clocks.append(ticks)
            options = struct.pack(order + "HHB3xHH", 9, 1, resolution, 0, 0)
            description = struct.pack(order + "HHI", by_name(link).linktype, 0, SNAPLEN)
            out += block(order, 1, description + options)
        for number, row in enumerate(zip(*captures.values(), strict=False)):
            out += block(order, 0xBAD, b"unknown" * (number % 3))
            for interface, (octets, wirelen) in enumerate(row):
                time = (BEGIN + 1_234_567 * number) * clocks[interface] // 10**9
                if number % 2 == first:
                    words = (interface, time >> 32, time & 0xFFFFFFFF, len(octets), wirelen)
                    out += block(order, 6, struct.pack(order + "IIIII", *words) + octets)
    (FOLDER / name).write_bytes(out)


def main() -> None:
    """Write all captures, anew."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    rng = random.Random("ethernet")
    ethernet = lengths(rng, [bytes(packet) for packet in traffic.ethernet(rng)])
    write("ethernet.pcap", "EN10MB", ethernet)
    write("ethernet-nanoseconds.pcap", "EN10MB", ethernet[::3], nanoseconds=True)
    write("ethernet-big-endian.pcap", "EN10MB", ethernet[::3], order=">")
    write("ethernet-snaplen.pcap", "EN10MB", ethernet[::2], snaplen=60)
    write("ethernet-empty.pcap", "EN10MB", [])
    write("ethernet-cut.pcap", "EN10MB", ethernet[:20], missing=7)
    mixed = {"EN10MB": ethernet}
    for name in HEADERS:
        rng = random.Random(name)
        packets = lengths(rng, list(everyday(rng, name)))
        write(f"{name.lower()}.pcap", name, packets)
        if name in {"RAW", "LINUX_SLL"}:
            mixed[name] = packets
        if name == "NULL":
            # The family is in the order of the machine that captured.
            swapped = [(octets[3::-1] + octets[4:], wirelen) for octets, wirelen in packets]
            write("null-big-endian.pcap", name, swapped, order=">")
    rng = random.Random("IEEE802_11")
    write("ieee802_11.pcap", "IEEE802_11", lengths(rng, list(wireless(rng))))
    for name in ("IEEE802_11_RADIO", "IEEE802_11_RADIO_AVS", "PPI", "PRISM_HEADER"):
        rng = random.Random(name)
        write(f"{name.lower()}.pcap", name, lengths(rng, list(monitored(rng, name))))
    for name, frames in OTHERS.items():
        write(f"{name.lower()}.pcap", name, lengths(random.Random(name), frames))
    write_mixed("mixed.pcapng", mixed)


if __name__ == "__main__":
    main()
