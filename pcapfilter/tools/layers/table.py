"""Headers as tables: a row a field, and by which field one sees what comes next.

Only headers that filters look into. Usual values are what a packet has there if nothing else is
asked of it: addresses are those for documentation (RFC 5737, 3849), stations administered locally.

Sources: IEEE 802.3, 802.1Q, 802.2, 802.5, 802.11; radiotap.org; RFC 791, 793, 768, 792, 826, 1051,
1188, 2516, 2625, 3032, 4443, 8200, 9260; the registry pages of the link types.
"""

from typing import NamedTuple


class Field(NamedTuple):
    """One field: where it begins and how long it is, in bits; how it is written; usual values.

    `form` is number, hex, mac, ip4, ip6, flags or words (of 4 octets), or tells of a number in
    another order of octets: `little`, or `swapped` as in NULL's header, on machines that do so.
    `rule` is `length` or `sum` for fields that the rest of the packet decides, and `next` for the
    one that says what follows.
    """

    name: str
    at: int
    bits: int
    form: str = "number"
    usual: tuple[int, ...] = ()
    rule: str = ""


class Header(NamedTuple):
    """One header: its name, its shortest length in octets, its fields, and what may follow.

    `unit` is how many octets one counts in the field `size_field`, and `extra` how many are there
    beside those counted; without such a field the header has its shortest length.
    """

    name: str
    octets: int
    fields: tuple[Field, ...]
    follows: dict[int, str] = {}  # noqa: RUF012 -- a default that nobody changes
    size_field: str = ""
    unit: int = 1
    extra: int = 0


def _fields(*rows: tuple[str, int, str, tuple[int, ...], str]) -> tuple[Field, ...]:
    """Lay fields side by side: name, bits, form, usual values, rule."""
    made, at = [], 0
    for name, bits, form, usual, rule in rows:
        made.append(Field(name, at, bits, form, usual, rule))
        at += bits
    return tuple(made)


_STATIONS = (0x020000000001, 0x020000000002)
_HOSTS = (0xC0000201, 0xC0000202)
_HOSTS6 = (0x20010DB8 << 96 | 1, 0x20010DB8 << 96 | 2)

ETHERTYPES = {
    0x0800: "IPv4", 0x86DD: "IPv6", 0x0806: "ARP", 0x8100: "VLAN", 0x8864: "PPPoE",
    0x8847: "MPLS", 0x88A8: "VLAN", 0x9100: "VLAN", 0x8848: "MPLS", 0x8863: "PPPoE",
    0x8035: "ARP",
}  # fmt: skip
PROTOCOLS = {
    6: "TCP", 17: "UDP", 1: "ICMP", 58: "ICMPv6", 132: "SCTP", 2: "IGMP", 4: "IPv4", 41: "IPv6",
    0: "hop-by-hop options", 43: "routing header", 60: "destination options", 44: "fragment header",
    51: "AH",
}  # fmt: skip
PROTOCOL_NAMES = {47: "GRE", 50: "ESP", 89: "OSPF", 103: "PIM", 112: "VRRP", 9: "IGRP", 59: "none"}
PPP_PROTOCOLS = {0x21: "IPv4", 0x57: "IPv6"}
FAMILIES = {2: "IPv4", 24: "IPv6", 10: "IPv6", 28: "IPv6", 30: "IPv6"}
_TYPE = (*ETHERTYPES, 0x8137)
_OPTIONS = _fields(
    ("next header", 8, "number", (6, 17, 58), "next"),
    ("length", 8, "number", (0,), ""),
    ("options", 48, "hex", (0x010400000000,), ""),
)
_PORTS = (
    ("source port", 16, "number", (40000,), ""),
    ("destination port", 16, "number", (50000,), ""),
)

HEADERS: dict[str, Header] = {
    header.name: header
    for header in (
        Header("Ethernet", 14, _fields(
            ("destination", 48, "mac", _STATIONS[1:], ""),
            ("source", 48, "mac", _STATIONS[:1], ""),
            ("type", 16, "hex", _TYPE, "next"),
        ), ETHERTYPES),
        Header("VLAN", 4, _fields(
            ("priority", 3, "number", (0,), ""),
            ("drop eligible", 1, "number", (0,), ""),
            ("number", 12, "number", (1,), ""),
            ("type", 16, "hex", _TYPE, "next"),
        ), ETHERTYPES),
        Header("MPLS", 4, _fields(
            ("label", 20, "number", (16,), ""),
            ("class", 3, "number", (0,), ""),
            ("bottom of stack", 1, "number", (1, 0), "next"),
            ("time to live", 8, "number", (64,), ""),
        ), {0: "MPLS", 1: "IP"}),
        Header("PPPoE", 8, _fields(
            ("version", 4, "number", (1,), ""),
            ("type", 4, "number", (1,), ""),
            ("code", 8, "number", (0,), ""),
            ("session", 16, "number", (1,), ""),
            ("length", 16, "number", (), "length"),
            ("protocol", 16, "hex", (0x21, 0x57), "next"),
        ), PPP_PROTOCOLS, extra=6),
        Header("PPP", 4, _fields(
            ("address", 8, "hex", (0xFF,), ""),
            ("control", 8, "hex", (0x03,), ""),
            ("protocol", 16, "hex", (0x21, 0x57), "next"),
        ), PPP_PROTOCOLS),
        Header("BSD loopback", 4, _fields(
            ("family", 32, "swapped", (2, 30), "next"),
        ), FAMILIES),
        Header("OpenBSD loopback", 4, _fields(
            ("family", 32, "number", (2, 24), "next"),
        ), FAMILIES),
        Header("Linux cooked", 16, _fields(
            ("packet type", 16, "number", (0,), ""),
            ("hardware type", 16, "number", (1,), ""),
            ("address length", 16, "number", (6,), ""),
            ("source", 48, "mac", _STATIONS[:1], ""),
            ("unused", 16, "number", (0,), ""),
            ("protocol", 16, "hex", _TYPE, "next"),
        ), ETHERTYPES),
        Header("Linux cooked v2", 20, _fields(
            ("protocol", 16, "hex", _TYPE, "next"),
            ("reserved", 16, "number", (0,), ""),
            ("interface", 32, "number", (1,), ""),
            ("hardware type", 16, "number", (1,), ""),
            ("packet type", 8, "number", (0,), ""),
            ("address length", 8, "number", (6,), ""),
            ("source", 48, "mac", _STATIONS[:1], ""),
            ("unused", 16, "number", (0,), ""),
        ), ETHERTYPES),
        Header("radiotap", 8, _fields(
            ("version", 8, "number", (0,), "next"),
            ("padding", 8, "number", (0,), ""),
            ("length", 16, "little", (8,), ""),
            ("present", 32, "hex", (0,), ""),
        ), {0: "802.11"}, "length"),
        Header("802.11", 24, _fields(
            ("subtype", 4, "number", (0,), ""),
            ("type", 2, "number", (2, 0, 1), "next"),
            ("version", 2, "number", (0,), ""),
            ("flags", 8, "hex", (0,), ""),
            ("duration", 16, "little", (0,), ""),
            ("receiver", 48, "mac", _STATIONS[1:], ""),
            ("transmitter", 48, "mac", _STATIONS[:1], ""),
            ("third address", 48, "mac", (0x020000000003,), ""),
            ("sequence", 16, "little", (16,), ""),
        ), {2: "LLC"}),
        Header("Cisco HDLC", 4, _fields(
            ("address", 8, "hex", (0x0F,), ""),
            ("control", 8, "number", (0,), ""),
            ("protocol", 16, "hex", _TYPE, "next"),
        ), ETHERTYPES),
        Header("FDDI", 13, _fields(
            ("frame control", 8, "hex", (0x50,), "next"),
            ("destination", 48, "mac", _STATIONS[1:], ""),
            ("source", 48, "mac", _STATIONS[:1], ""),
        ), {0x50: "LLC"}),
        Header("Token ring", 14, _fields(
            ("access control", 8, "hex", (0x10,), ""),
            ("frame control", 8, "hex", (0x40,), "next"),
            ("destination", 48, "mac", _STATIONS[1:], ""),
            ("source", 48, "mac", _STATIONS[:1], ""),
        ), {0x40: "LLC"}),
        Header("Fibre Channel", 16, _fields(
            ("destination authority", 16, "hex", (0x1000,), "next"),
            ("destination", 48, "mac", _STATIONS[1:], ""),
            ("source authority", 16, "hex", (0x1000,), ""),
            ("source", 48, "mac", _STATIONS[:1], ""),
        ), {0x1000: "LLC"}),
        Header("SunATM", 4, _fields(
            ("direction", 4, "number", (0,), ""),
            ("kind of packet", 4, "number", (2,), "next"),
            ("virtual path", 8, "number", (0,), ""),
            ("virtual channel", 16, "number", (100,), ""),
        ), {2: "LLC"}),
        Header("ARCnet", 6, _fields(
            ("source", 8, "hex", (1,), ""),
            ("destination", 8, "hex", (2,), ""),
            ("protocol", 8, "hex", (0xD4, 0xD5, 0xC4), "next"),
            ("split", 8, "number", (0,), ""),
            ("sequence", 16, "number", (1,), ""),
        ), {0xD4: "IPv4", 0xF0: "IPv4", 0xD5: "ARP", 0xF1: "ARP", 0xD6: "ARP", 0xC4: "IPv6"}),
        Header("OpenBSD encapsulation", 12, _fields(
            ("family", 32, "swapped", (2, 24), "next"),
            ("SPI", 32, "hex", (256,), ""),
            ("flags", 32, "hex", (0,), ""),
        ), FAMILIES),
        Header("LLC", 8, _fields(
            ("destination access point", 8, "hex", (0xAA,), ""),
            ("source access point", 8, "hex", (0xAA,), ""),
            ("control", 8, "hex", (0x03,), ""),
            ("organization", 24, "hex", (0,), ""),
            ("type", 16, "hex", _TYPE, "next"),
        ), ETHERTYPES),
        Header("IP", 1, _fields(("version", 4, "number", (4, 6), "next")), {4: "IPv4", 6: "IPv6"}),
        Header("IPv4", 20, _fields(
            ("version", 4, "number", (4,), ""),
            ("header length", 4, "words", (5,), ""),
            ("type of service", 8, "hex", (0,), ""),
            ("total length", 16, "number", (), "length"),
            ("identification", 16, "number", (1,), ""),
            ("flags", 3, "flags", (2, 0, 1), ""),
            ("fragment offset", 13, "number", (0,), ""),
            ("time to live", 8, "number", (64,), ""),
            ("protocol", 8, "number", (*PROTOCOLS,)[:6], "next"),
            ("header checksum", 16, "hex", (), "sum"),
            ("source", 32, "ip4", _HOSTS[:1], ""),
            ("destination", 32, "ip4", _HOSTS[1:], ""),
        ), PROTOCOLS, "header length", 4),
        Header("IPv6", 40, _fields(
            ("version", 4, "number", (6,), ""),
            ("traffic class", 8, "hex", (0,), ""),
            ("flow label", 20, "hex", (0,), ""),
            ("payload length", 16, "number", (), "length"),
            ("next header", 8, "number", (6, 17, 58, 132, 0, 44, 43, 60, 51), "next"),
            ("hop limit", 8, "number", (64,), ""),
            ("source", 128, "ip6", _HOSTS6[:1], ""),
            ("destination", 128, "ip6", _HOSTS6[1:], ""),
        ), PROTOCOLS, extra=40),
        *(
            Header(name, 8, _OPTIONS, PROTOCOLS, "length", 8, 8)
            for name in ("hop-by-hop options", "routing header", "destination options")
        ),
        Header("fragment header", 8, _fields(
            ("next header", 8, "number", (6, 17, 58), "next"),
            ("reserved", 8, "number", (0,), ""),
            ("fragment offset", 13, "number", (0,), ""),
            ("flags", 3, "number", (0, 1), ""),
            ("identification", 32, "number", (1,), ""),
        ), PROTOCOLS),
        Header("AH", 12, _fields(
            ("next header", 8, "number", (6, 17, 58), "next"),
            ("length", 8, "number", (1, 4), ""),
            ("reserved", 16, "number", (0,), ""),
            ("index", 32, "number", (256,), ""),
            ("sequence", 32, "number", (1,), ""),
        ), PROTOCOLS, "length", 4, 8),
        Header("ARP", 28, _fields(
            ("hardware type", 16, "number", (1,), ""),
            ("protocol type", 16, "hex", (0x0800,), ""),
            ("hardware size", 8, "number", (6,), ""),
            ("protocol size", 8, "number", (4,), ""),
            ("operation", 16, "number", (1, 2), ""),
            ("sender station", 48, "mac", _STATIONS[:1], ""),
            ("sender address", 32, "ip4", _HOSTS[:1], ""),
            ("target station", 48, "mac", (0,), ""),
            ("target address", 32, "ip4", _HOSTS[1:], ""),
        )),
        Header("TCP", 20, _fields(
            *_PORTS,
            ("sequence", 32, "number", (1,), ""),
            ("acknowledgement", 32, "number", (1,), ""),
            ("header length", 4, "words", (5,), ""),
            ("reserved", 4, "number", (0,), ""),
            ("flags", 8, "tcpflags", (0x10, 0x02, 0x12, 0x18), ""),
            ("window", 16, "number", (65535,), ""),
            ("checksum", 16, "hex", (), "sum"),
            ("urgent", 16, "number", (0,), ""),
        ), {}, "header length", 4),
        Header("UDP", 8, _fields(
            *_PORTS,
            ("length", 16, "number", (), "length"),
            ("checksum", 16, "hex", (), "sum"),
        )),
        Header("SCTP", 12, _fields(
            *_PORTS,
            ("verification tag", 32, "hex", (1,), ""),
            ("checksum", 32, "hex", (), "sum"),
        )),
        Header("ICMP", 8, _fields(
            ("type", 8, "number", (8, 0, 3), ""),
            ("code", 8, "number", (0,), ""),
            ("checksum", 16, "hex", (), "sum"),
            ("identifier", 16, "number", (1,), ""),
            ("sequence", 16, "number", (1,), ""),
        )),
        Header("ICMPv6", 8, _fields(
            ("type", 8, "number", (128, 129, 1), ""),
            ("code", 8, "number", (0,), ""),
            ("checksum", 16, "hex", (), "sum"),
            ("identifier", 16, "number", (1,), ""),
            ("sequence", 16, "number", (1,), ""),
        )),
        Header("IGMP", 8, _fields(
            ("type", 8, "hex", (0x16,), ""),
            ("maximum response", 8, "number", (0,), ""),
            ("checksum", 16, "hex", (), "sum"),
            ("group", 32, "ip4", (0xE0000001,), ""),
        )),
    )
}  # fmt: skip
"""By name."""

FIRST: dict[str, str] = {
    "EN10MB": "Ethernet", "RAW": "IP", "IPV4": "IPv4", "IPV6": "IPv6", "NULL": "BSD loopback",
    "LOOP": "OpenBSD loopback", "LINUX_SLL": "Linux cooked", "LINUX_SLL2": "Linux cooked v2",
    "PPP": "PPP", "PPP_SERIAL": "PPP", "IEEE802_11_RADIO": "radiotap", "IEEE802_11": "802.11",
    "C_HDLC": "Cisco HDLC", "FDDI": "FDDI", "IEEE802": "Token ring", "ENC": "OpenBSD encapsulation",
    "IP_OVER_FC": "Fibre Channel", "SUNATM": "SunATM", "ARCNET": "ARCnet",
    "PPP_ETHER": "PPPoE", "ATM_RFC1483": "LLC",
}  # fmt: skip
"""The header that packets of a link type begin with."""

SHORTEST = {"EN10MB": 60}
"""The shortest packet of a link type, without its checksum (IEEE 802.3)."""
