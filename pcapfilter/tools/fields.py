"""What stands at a place in a header: the names of fields, for people who read programs.

The headers that packets are made of are those of layers/table.py; here are those that only filters
look into, and which header each link type begins with.

Sources: IEEE 802.2, 802.5, 802.11; RFC 8926, RFC 2427; pflog(4), ipnet(7D); ISO/IEC 9577, 10589;
ITU-T Q.703, Q.704; the registry pages of the link types.
"""

from collections.abc import Collection
from typing import NamedTuple

from pcapfilter.codegen import layout
from pcapfilter.net import address, proto
from pcapfilter.tools.fields_values import ETHERTYPES, NAMES, RUN_NAMES, SAPS
from pcapfilter.tools.layers.table import HEADERS, Field

_Row = tuple[str, int] | tuple[str, int, str]


def _fields(*rows: _Row) -> tuple[Field, ...]:
    made, at = [], 0
    for row in rows:
        made.append(Field(row[0], at, row[1], row[2] if len(row) == 3 else "number"))
        at += row[1]
    return tuple(made)


_PAIR: tuple[_Row, ...] = (("destination", 48, "mac"), ("source", 48, "mac"))
_FRAME = _fields(
    ("subtype", 4), ("type", 2), ("version", 2), ("flags", 8, "hex"), ("duration", 16),
    ("address 1", 48, "mac"), ("address 2", 48, "mac"), ("address 3", 48, "mac"),
    ("sequence", 16), ("address 4", 48, "mac"),
)  # fmt: skip
_SIGNAL: tuple[_Row, ...] = (
    ("backward sequence", 8), ("forward sequence", 8), ("length", 8), ("service", 8),
    ("destination and origin point codes", 32, "hex"), ("link selection", 8),
)  # fmt: skip

MORE: dict[str, tuple[Field, ...]] = {
    # header -> its fields: name, bits, how it is written (number)
    "Token ring": _fields(("access control", 8), ("frame control", 8), *_PAIR),
    "FDDI": _fields(("frame control", 8), *_PAIR),
    "Fibre Channel": _fields(("unused", 16), *_PAIR[:1], ("unused", 16), *_PAIR[1:]),
    "802.11": _FRAME,
    "radiotap": _fields(
        ("version", 8), ("padding", 8), ("length", 16), ("fields present", 32, "hex")
    ),
    "PPI": _fields(("version", 8), ("flags", 8), ("length", 16), ("link type", 32, "hex")),
    "AVS": _fields(("cookie", 32, "hex"), ("length", 32)),
    "ARCnet": _fields(("source", 8, "hex"), ("destination", 8, "hex"), ("protocol", 8, "hex")),
    "Linux ARCnet": _fields(
        ("source", 8, "hex"), ("destination", 8, "hex"), ("offset", 16), ("protocol", 8, "hex")
    ),
    "SLIP": _fields(("direction", 8)),
    "BSD/OS PPP": _fields(("unused", 40), ("protocol", 16, "hex")),
    "pppd": _fields(("direction", 8), ("control", 8), ("protocol", 16, "hex")),
    "Symantec": _fields(("unused", 48), ("type", 16, "ethertype")),
    "IEEE 1394": _fields(("destination", 64), ("source", 64), ("type", 16, "ethertype")),
    "Cisco HDLC": _fields(("address", 8, "hex"), ("control", 8), ("protocol", 16, "ethertype")),
    "Frame relay": _fields(("address", 16, "hex"), ("control and NLPID", 16, "hex")),
    "OpenBSD encapsulation": _fields(("family", 32, "swapped"), ("SPI", 32, "hex"), ("flags", 32)),
    "PF": _fields(
        ("length", 8), ("family", 8), ("action", 8), ("reason", 8), ("interface", 128, "text"),
        ("ruleset", 128, "text"), ("rule", 32), ("subrule", 32), ("user", 32), ("process", 32),
        ("rule's user", 32), ("rule's process", 32), ("direction", 8),
    ),
    "ipnet": _fields(("version", 8), ("family", 8), ("direction", 16), ("length", 32)),
    "SunATM": _fields(
        ("direction and kind", 8, "hex"), ("virtual path", 8), ("virtual channel", 16),
        ("packet", 40), ("message type", 8),
    ),
    "MTP2": _fields(*_SIGNAL),
    "Juniper": _fields(("magic number", 24, "hex"), ("flags", 8, "hex")),
    "BACnet": _fields(("preamble", 16, "hex"), ("frame type", 8)),
    "netANALYZER": _fields(("information", 32, "hex")),
    "LLC": _fields(
        ("DSAP", 8, "hex"), ("SSAP", 8, "hex"), ("control", 8, "hex"),
        ("organisation", 24, "hex"), ("EtherType", 16, "ethertype"),
    ),
    "header chain": _fields(("next protocol", 8)),
    "extension header": _fields(("next header", 8), ("length", 8)),
    "IP": _fields(("version", 4), ("header length", 4)),
    "RARP": HEADERS["ARP"].fields,
    "ISO": _fields(("NLPID", 8, "hex")),
    "IS-IS": _fields(
        ("NLPID", 8, "hex"), ("length", 8), ("version", 8), ("identifier length", 8),
        ("PDU type", 8),
    ),
    "DECnet": _fields(("length", 16), ("flags", 8, "hex")),
    "Geneve": _fields(
        ("version", 2), ("options length", 6), ("flags", 8, "hex"), ("protocol", 16, "ethertype"),
        ("network identifier", 24), ("reserved", 8),
    ),
}  # fmt: skip

LINKS: dict[int, str] = {
    # DLT number -> the header that its packets begin with (behind a pseudo-header: PREFIXES)
    layout.NULL: "BSD loopback",
    layout.EN10MB: "Ethernet",
    layout.IEEE802: "Token ring",
    layout.ARCNET: "ARCnet",
    layout.SLIP: "SLIP",
    layout.PPP: "PPP",
    layout.FDDI: "FDDI",
    layout.SLIP_BSDOS: "SLIP",
    layout.PPP_BSDOS: "BSD/OS PPP",
    layout.PPP_SERIAL: "PPP",
    layout.PPP_ETHER: "PPPoE",
    layout.SYMANTEC_FIREWALL: "Symantec",
    layout.C_HDLC: "Cisco HDLC",
    layout.HDLC: "Cisco HDLC",
    layout.FRELAY: "Frame relay",
    layout.LOOP: "OpenBSD loopback",
    layout.ENC: "OpenBSD encapsulation",
    layout.LINUX_SLL: "Linux cooked",
    layout.PFLOG: "PF",
    layout.IP_OVER_FC: "Fibre Channel",
    layout.SUNATM: "SunATM",
    layout.ARCNET_LINUX: "Linux ARCnet",
    layout.APPLE_IP_OVER_IEEE1394: "IEEE 1394",
    layout.MTP2: "MTP2",
    layout.BACNET_MS_TP: "BACnet",
    layout.PPP_PPPD: "pppd",
    layout.IPNET: "ipnet",
    layout.LINUX_SLL2: "Linux cooked v2",
    layout.NETANALYZER: "Ethernet",
    layout.NETANALYZER_TRANSPARENT: "Ethernet",
    **dict.fromkeys(layout.WIRELESS, "802.11"),
    **dict.fromkeys(layout.JUNIPERS, "Juniper"),
}
PREFIXES = {
    # DLT number -> the pseudo-header in front of the link-layer header
    layout.PRISM_HEADER: "AVS",
    layout.IEEE802_11_RADIO: "radiotap",
    layout.IEEE802_11_RADIO_AVS: "AVS",
    layout.PPI: "PPI",
    layout.NETANALYZER: "netANALYZER",
    layout.NETANALYZER_TRANSPARENT: "netANALYZER",
}

CALLED = {
    # header and field -> what people call it
    ("Ethernet", "type"): "EtherType",
    ("header chain", "next protocol"): "next protocol in the chain",
    ("VLAN", "type"): "VLAN EtherType",
    ("LLC", "EtherType"): "SNAP EtherType",
    ("IP", "version"): "IP version",
    ("IPv4", "version"): "IP version",
    ("IPv6", "version"): "IP version",
    ("IS-IS", "NLPID"): "ISO NLPID",
    ("ISO", "NLPID"): "ISO NLPID",
}
BITS = {
    # header and bit -> its name, where it has one of its own
    **{
        ("TCP", 104 + place): f"TCP {name} flag"
        for place, name in enumerate(("CWR", "ECE", "URG", "ACK", "PUSH", "RST", "SYN", "FIN"))
    },
    ("802.11", 0): "802.11 QoS bit of the subtype",
    ("802.11", 4): "802.11 data bit of the type",
    ("802.11", 5): "802.11 control bit of the type",
    ("802.11", 14): "802.11 From DS flag",
    ("802.11", 15): "802.11 To DS flag",
    ("IPv4", 49): "IPv4 do-not-fragment flag",
    ("IPv4", 50): "IPv4 more-fragments flag",
    ("radiotap", 38): "radiotap presence of Flags",
    ("radiotap", 39): "radiotap presence of TSFT",
    ("radiotap", 56): "radiotap presence of a further word",
    ("radiotap", 66): "radiotap padding flag",
    ("radiotap", 130): "radiotap padding flag",
    ("Ethernet", 7): "Ethernet group bit of the destination",
    ("802.11", 39): "802.11 group bit of address 1",
    ("802.11", 135): "802.11 group bit of address 3",
    ("FDDI", 15): "FDDI group bit of the destination",
    ("Token ring", 23): "Token ring group bit of the destination",
    ("Fibre Channel", 23): "Fibre Channel group bit of the destination",
}
RUNS = {
    # header, first bit and number of bits -> what several fields together are called
    ("802.11", 0, 8): "802.11 type and subtype",
    ("802.11", 0, 6): "802.11 type and subtype",
    ("802.11", 14, 2): "802.11 From DS and To DS flags",
    ("SunATM", 4, 4): "SunATM kind of packet",
    ("MPLS", 16, 8): "MPLS label and bottom of stack",
    ("MPLS", 0, 32): "MPLS label entry",
    ("VLAN", 0, 16): "VLAN tag",
}
MAC_OR_IP = frozenset(("mac", "ip4", "ip6"))


KERNEL = {
    # what the kernel is asked (bpf.isa.ANCILLARY) -> what people call it
    "proto": "protocol", "type": "packet type", "ifidx": "interface index",
    "vlan_tci": "VLAN tag", "vlanp": "VLAN tag present",
}  # fmt: skip


class Named(NamedTuple):
    """A run of bits in a header, named.

    `field` is the one field that they belong to, if it is one; `whole` tells whether they are all
    of it. `name` says it in words; `others` are the names for packets of other headers, where one
    piece of code serves several.
    """

    header: str
    at: int
    bits: int
    name: str
    field: Field | None = None
    whole: bool = False
    others: tuple[str, ...] = ()

    @property
    def inner(self) -> "Named":
        """The same field of a packet within a packet."""
        return self._replace(name=f"inner {self.name}")

    def either(self, other: "Named") -> "Named":
        """Give the same, named for two headers where these differ: ARP or RARP sender address."""
        names = dict.fromkeys(
            sorted((*(self.others or (self.name,)), *(other.others or (other.name,))))
        )
        if len(names) == 1:
            return self
        headers = [name.partition(" ")[0] for name in names]
        rests = {name.partition(" ")[2] for name in names}
        joined = f"{' or '.join(headers)} {rests.pop()}" if len(rests) == 1 else " or ".join(names)
        return self._replace(name=joined, others=tuple(names))

    def among(self, known: Collection[str]) -> "Named":
        """Give the one name that goes with a header that the packet has, where that is known."""
        found = [name for name in self.others if name.partition(" ")[0].lower() in known]
        return self._replace(name=found[0], others=()) if len(found) == 1 else self

    def known(self, value: int) -> str:
        """Say what a value of the field stands for; nothing where that is not known."""
        if (self.header, self.at, self.bits) == ("LLC", 0, 16) and value >> 8 == value & 0xFF:
            return SAPS.get(value & 0xFF, "")
        if self.field is None:
            return RUN_NAMES.get((self.header, self.at, self.bits), {}).get(value, "")
        names = NAMES.get((self.header, self.field.name), {}) if self.whole else {}
        if names is ETHERTYPES and value <= proto.ETHERTYPE_MAX_LENGTH:
            return "a length" if self.header in {"Ethernet", "VLAN"} else ""
        return names.get(value, "")

    def written(self, value: int) -> str:
        """Write a value of these bits as people write it, with what it stands for.

        A value that has more bits, with which a text may still compare them, is a plain number.
        """
        if value >> self.bits:
            return str(value)
        form = self.field.form if self.field is not None and self.whole else ""
        match form:
            case "mac":
                return value.to_bytes(6, "big").hex(":")
            case "ip4":
                return address.format_v4(value, 32)
            case "ip6":
                return address.format_v6(value)
            case "text":
                return repr(value.to_bytes(self.bits // 8, "big").rstrip(b"\0").decode("latin-1"))
            case "number" | "words" | "flags":
                text = str(value)
            case "" if self.bits <= 8:
                text = str(value)
            case _:
                text = f"0x{value:0{(self.bits + 3) // 4}x}"
        name = self.known(value)
        return f"{text} ({name})" if name else text


def fields_of(header: str) -> tuple[Field, ...]:
    """Give the fields of a header; none where it is not known."""
    if header in MORE:
        return MORE[header]
    return HEADERS[header].fields if header in HEADERS else ()


def named(header: str, at: int, bits: int) -> Named:
    """Name the bits of a header from `at` on."""
    if bits == 1 and (header, at) in BITS:
        return Named(header, at, bits, BITS[header, at])
    if (header, at, bits) in RUNS:
        return Named(header, at, bits, RUNS[header, at, bits])
    found = [f for f in fields_of(header) if f.at < at + bits and at < f.at + f.bits]
    if not found or found[0].at > at or found[-1].at + found[-1].bits < at + bits:
        return Named(header, at, bits, f"{header} {_octets(at, bits)}")
    if len(found) == 1:
        field = found[0]
        whole = (field.at, field.bits) == (at, bits)
        name = called(header, field)
        if not whole:
            place = _octets(at - field.at, bits)
            name += f", {place.removeprefix('octet 0, ') if field.bits <= 8 else place}"
        return Named(header, at, bits, name, field, whole)
    if len(found) == 2:
        name = f"{called(header, found[0])} and {found[1].name}"
    else:
        name = f"{called(header, found[0])} to {found[-1].name}"
    return Named(header, at, bits, name)


def asked_of_kernel(word: str) -> Named:
    """Name what a load asks the kernel of the packet."""
    field = Field(KERNEL.get(word, word), 0, 32)
    return Named("kernel", 0, 32, f"{field.name} (kernel)", field, whole=True)


def called(header: str, field: Field) -> str:
    """Name a field with its header: `TCP destination port`."""
    name = CALLED.get((header, field.name), f"{header} {field.name}")
    plain = field.form in MAC_OR_IP and field.name in {"source", "destination"}
    return f"{name} address" if plain else name


def _octets(at: int, bits: int) -> str:
    first, last = at // 8, (at + bits + 7) // 8 - 1
    text = f"octet {first}" if first == last else f"octets {first}-{last}"
    if at % 8 == 0 and bits % 8 == 0:
        return text
    place = f"bit {at % 8}" if bits == 1 else f"bits {at % 8}-{at % 8 + bits - 1}"
    return f"{text}, {place}"
