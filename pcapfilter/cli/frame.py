"""What the link layer says of a packet: where its network header begins, what it is, who sent it.

Source of the forms: what `tcpdump -e` prints; IEEE 802.3, 802.1Q and 802.2; the registry pages of
the other link types.
"""

from collections.abc import Callable
from typing import NamedTuple

IP, ARP, RARP, IP6 = 0x0800, 0x0806, 0x8035, 0x86DD
LONGEST = 1500
"""What is no larger is no Ethertype but a length, with an LLC header behind it."""

TAGS = frozenset((0x8100, 0x88A8, 0x9100, 0x9200))
SNAP = b"\xaa\xaa\x03"
SNAP_SIZE = 5
"""Octets that follow: who gave the number, and the number; an Ethertype where nobody did."""
WITHOUT_SAPS = b"\xff\xff"
"""Novell's IPX, which has no LLC header."""

ETHERTYPES = {
    0x0600: "NS", 0x0707: "GeoNet (old)", IP: "IPv4", ARP: "ARP", 0x1000: "Trail",
    0x1111: "CALM FAST", 0x6001: "MOP DL", 0x6002: "MOP RC", 0x6003: "DN", 0x6004: "LAT",
    0x6007: "SCA", 0x6558: "TEB", RARP: "Reverse ARP", 0x8038: "Lanbridge", 0x803C: "DEC DNS",
    0x803E: "DEC DTS", 0x805B: "VEXP", 0x805C: "VPROD", 0x809B: "Appletalk",
    0x80F3: "Appletalk ARP", 0x8100: "802.1Q", 0x8137: "IPX", IP6: "IPv6", 0x8808: "MPCP",
    0x8809: "Slow Protocols", 0x880B: "PPP", 0x8847: "MPLS unicast", 0x8848: "MPLS multicast",
    0x8863: "PPPoE D", 0x8864: "PPPoE S", 0x886F: "MS NLB heartbeat", 0x888E: "EAPOL",
    0x8899: "Realtek protocols", 0x88A2: "AoE", 0x88A8: "802.1Q-QinQ", 0x88CA: "TIPC",
    0x88CC: "LLDP", 0x88E5: "802.1AE MACsec", 0x88F7: "PTP", 0x8902: "CFM",
    0x893A: "IEEE1905.1", 0x8947: "GeoNet", 0x894F: "NSH", 0x9000: "Loopback",
    0x9100: "802.1Q-9100", 0x9200: "802.1Q-9200", 0xABCD: "CFM (old)",
    0xD28B: "Arista Vendor Specific Protocol", 0xFEFE: "OSI",
}  # fmt: skip
WAYS = {0: "In", 1: "B", 2: "M", 3: "P", 4: "Out"}
"""The packet types of Linux cooked captures, as tcpdump has them."""

FAMILIES = {2: "IPv4", 10: "IPv6", 24: "IPv6", 28: "IPv6", 30: "IPv6"}
PPP = {0x0021: ("IP", IP), 0x0057: ("IP6", IP6)}


class Frame(NamedTuple):
    """A link-layer header, read.

    `kind` is the Ethertype of what follows (0 where none is known), `start` where that begins;
    `header` is what -e prints, `tags` the VLAN numbers, `llc` the three fields of an LLC header;
    `said` is what there is to say of a frame that carries no packet; `way` is whether it came or
    went, and `interface` the number of where, which are printed without -e, too.
    """

    kind: int
    start: int
    header: str = ""
    tags: tuple[int, ...] = ()
    llc: tuple[int, int, int] | None = None
    said: str = ""
    way: str = ""
    interface: int = 0


def name_of(kind: int) -> str:
    """Name an Ethertype as tcpdump does."""
    return f"ethertype {ETHERTYPES.get(kind, 'Unknown')} (0x{kind:04x})"


def _ethernet(octets: bytes, wirelen: int, quiet: bool) -> Frame:
    addresses = f"{octets[6:12].hex(':')} > {octets[:6].hex(':')}, "
    kind = half(octets, 12)
    if kind <= LONGEST:
        return read_llc(octets, 14, f"{addresses}802.3, length {kind}: ", ())
    header, start = f"{addresses}{told_kind(kind, quiet)}, length {wirelen}: ", 14
    tags: tuple[int, ...] = ()
    while kind in TAGS and len(octets) >= start + 4:
        tag, kind = half(octets, start), half(octets, start + 2)
        start += 4
        tags = (*tags, tag & 0xFFF)
        dropped = "DEI, " if tag & 0x1000 else ""
        header += f"vlan {tag & 0xFFF}, p {tag >> 13}, {dropped}"
        if kind <= LONGEST:
            return read_llc(octets, start, f"{header}802.3, length {kind}: ", tags)
        header += f"{told_kind(kind, quiet)}, "
    return Frame(kind, start, header, tags)


def read_llc(octets: bytes, start: int, header: str, tags: tuple[int, ...]) -> Frame:
    """Read an LLC header: an Ethertype behind SNAP, or its two SAPs and the control field."""
    llc = octets[start : start + 4]
    if llc[:2] == WITHOUT_SAPS or len(llc) < 4:
        return Frame(0, start, header, tags)
    saps = f"LLC, dsap 0x{llc[0]:02x}, ssap 0x{llc[1]:02x}"
    if llc[:3] == SNAP and len(octets) >= start + 8:
        kind = half(octets, start + 6)
        header += f"{saps}, ctrl 0x03: oui 0x{octets[start + 3 : start + 6].hex()}, {name_of(kind)}"
        known = octets[start + 3 : start + 6] == bytes(3)
        return Frame(kind if known else 0, start + 8, f"{header}: ", tags)
    unnumbered = llc[2] & 3 == 3
    control = llc[2] if unnumbered else int.from_bytes(llc[2:4], "little")
    fields = llc[0], llc[1], control
    return Frame(0, start + (3 if unnumbered else 4), header, tags, fields)


def _cooked(octets: bytes, wirelen: int, quiet: bool) -> Frame:
    address = _address(octets[6 : 6 + min(8, half(octets, 4))])
    way = WAYS.get(half(octets, 0), f"type {half(octets, 0)}")
    kind = half(octets, 14)
    named = "" if quiet else f"{name_of(kind)}, length {wirelen}: "
    return Frame(kind, 16, f"{way:>3} {address}{named}")


def _cooked2(octets: bytes, wirelen: int, quiet: bool) -> Frame:
    address = _address(octets[12 : 12 + min(8, octets[11])])
    way = WAYS.get(octets[10], f"type {octets[10]}")
    index, kind = int.from_bytes(octets[4:8]), half(octets, 0)
    named = "" if quiet else f"{name_of(kind)}, length {wirelen}: "
    return Frame(kind, 20, f"ifindex {index} {address}{named}", way=way, interface=index)


def _family(octets: bytes, wirelen: int, quiet: bool) -> Frame:
    """Read a BSD address family, in whichever byte order makes it a small number."""
    family = min(int.from_bytes(octets[:4], "big"), int.from_bytes(octets[:4], "little"))
    name = FAMILIES.get(family, "Unknown")
    kind = {"IPv4": IP, "IPv6": IP6}.get(name, 0)
    told = name if quiet else f"AF {name} ({family})"
    return Frame(kind, 4, f"{told}, length {wirelen}: ")


def _cisco(octets: bytes, wirelen: int, _quiet: bool) -> Frame:
    cast = {0x0F: "unicast", 0x8F: "bcast"}.get(octets[0], f"0x{octets[0]:02x}")
    kind = half(octets, 2)
    return Frame(kind, 4, f"{cast}, {name_of(kind)}, length {wirelen}: ")


def _ppp(octets: bytes, wirelen: int, _quiet: bool) -> Frame:
    start = 2 if octets[:2] == b"\xff\x03" else 0
    number = half(octets, start)
    name, kind = PPP.get(number, ("unknown", 0))
    return Frame(kind, start + 2, f"{name} (0x{number:04x}), length {wirelen}: ")


def read_version(octets: bytes) -> int:
    """Give the Ethertype of a packet of IP, by its version; 0 if it is none."""
    return {4: IP, 6: IP6}.get(octets[0] >> 4, 0) if octets else 0


def _raw(octets: bytes, _wirelen: int, _quiet: bool) -> Frame:
    return Frame(read_version(octets), 0, "ip: ")


def _security(octets: bytes, wirelen: int, _quiet: bool) -> Frame:
    """Read OpenBSD's header of encapsulated IP: a family, an SPI and flags."""
    spi = int.from_bytes(octets[4:8])
    frame = _raw(octets[12:], wirelen, _quiet)
    return Frame(frame.kind, 12, f"SPI 0x{spi:08x}: ")


def _address(octets: bytes) -> str:
    return f"{octets.hex(':')} " if octets else ""


def half(octets: bytes, at: int) -> int:
    """Give the 16-bit number at a place; less, where it is cut off."""
    return int.from_bytes(octets[at : at + 2])


def told_kind(kind: int, quiet: bool) -> str:
    """Name an Ethertype as it is told with -e, more briefly where `quiet`."""
    if not quiet:
        return name_of(kind)
    return ETHERTYPES.get(kind) or f"Unknown Ethertype (0x{kind:04x})"


class Reader(NamedTuple):
    """How many octets a link-layer header has at least, and what reads it."""

    least: int
    read: Callable[[bytes, int, bool], Frame]


COMMON: dict[str, Reader] = {
    "C_HDLC": Reader(4, _cisco),
    "EN10MB": Reader(14, _ethernet),
    "ENC": Reader(13, _security),
    "IPV4": Reader(1, _raw),
    "IPV6": Reader(1, _raw),
    "LINUX_SLL": Reader(16, _cooked),
    "LINUX_SLL2": Reader(20, _cooked2),
    "LOOP": Reader(4, _family),
    "NULL": Reader(4, _family),
    "PPP": Reader(4, _ppp),
    "PPP_SERIAL": Reader(4, _ppp),
    "RAW": Reader(1, _raw),
}
