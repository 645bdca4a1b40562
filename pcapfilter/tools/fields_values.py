"""What the values of fields stand for: protocols, kinds and types, by header and field.

Sources: IANA's ieee-802-numbers, protocol-numbers and ppp-numbers registries; packet(7); pflog(4).
"""

from pcapfilter.codegen.primitive.wireless_frame import DIRECTIONS, SUBTYPES
from pcapfilter.expr.words import CONSTANTS
from pcapfilter.net import proto

ETHERTYPES = {
    proto.ETHERTYPE_IP: "IPv4", proto.ETHERTYPE_IP6: "IPv6", proto.ETHERTYPE_ARP: "ARP",
    proto.ETHERTYPE_RARP: "RARP", proto.ETHERTYPE_VLAN: "VLAN", proto.ETHERTYPE_QINQ: "VLAN",
    proto.ETHERTYPE_QINQ_OLD: "VLAN", proto.ETHERTYPE_MPLS: "MPLS",
    proto.ETHERTYPE_MPLS_MULTICAST: "MPLS", proto.ETHERTYPE_PPPOE_SESSION: "PPPoE",
    proto.ETHERTYPE_PPPOE_DISCOVERY: "PPPoE", proto.ETHERTYPE_DECNET: "DECnet",
    proto.ETHERTYPE_ATALK: "AppleTalk", proto.ETHERTYPE_AARP: "AARP", proto.ETHERTYPE_IPX: "IPX",
    proto.ETHERTYPE_LAT: "LAT", proto.ETHERTYPE_SCA: "SCA", proto.ETHERTYPE_MOPDL: "MOP-DL",
    proto.ETHERTYPE_MOPRC: "MOP-RC", proto.ETHERTYPE_LOOPBACK: "loopback",
    proto.ETHERTYPE_TEB: "Ethernet", 0xFEFE: "ISO", 0x88CC: "LLDP", 0x888E: "EAPOL",
}  # fmt: skip
VERSIONS = {4: "IPv4", 6: "IPv6"}
PPP = {
    proto.PPP_IP: "IPv4", proto.PPP_IP6: "IPv6", proto.PPP_MPLS: "MPLS", proto.PPP_ISO: "ISO",
    proto.PPP_DECNET: "DECnet", proto.PPP_ATALK: "AppleTalk", proto.PPP_IPX: "IPX",
    proto.PPP_VAN_JACOBSON: "IPv4", proto.PPP_VAN_JACOBSON_UNCOMPRESSED: "IPv4",
}  # fmt: skip
FAMILIES = {2: "IPv4", 10: "IPv6", 24: "IPv6", 26: "IPv6", 28: "IPv6", 30: "IPv6"}
SWAPPED = {int.from_bytes(n.to_bytes(4, "little"), "big"): name for n, name in FAMILIES.items()}
PROTOCOLS = {
    0: "hop-by-hop options", 1: "icmp", 2: "igmp", 4: "ip", 6: "tcp", 8: "egp", 9: "igrp",
    17: "udp", 33: "dccp", 41: "ip6", 43: "routing header", 44: "fragment header", 46: "rsvp",
    47: "gre", 50: "esp", 51: "ah", 58: "icmp6", 59: "nothing", 60: "destination options",
    88: "eigrp", 89: "ospf", 103: "pim", 108: "ipcomp", 112: "vrrp", 113: "pgm", 132: "sctp",
    135: "mobility",
}  # fmt: skip
ARCNET = {0xD4: "IPv4", 0xF0: "IPv4", 0xD5: "ARP", 0xF1: "ARP", 0xD6: "RARP", 0xC4: "IPv6"}
SAPS = {proto.LLC_ISO: "ISO", proto.LLC_STP: "STP", proto.LLC_IPX: "IPX", proto.LLC_SNAP: "SNAP",
        proto.LLC_NETBEUI: "NetBEUI", proto.LLC_IP: "IPv4"}  # fmt: skip
NLPIDS = {0x03CC: "IPv4", 0x038E: "IPv6", 0x0381: "ISO", 0x0382: "ISO", 0x0383: "ISO"}

WAYS = {0: "to us", 1: "broadcast", 2: "multicast", 3: "to others", 4: "from us"}
OSI = {proto.ISO_CLNP: "CLNP", proto.ISO_ESIS: "ES-IS", proto.ISO_ISIS: "IS-IS"}


def _named_constants(prefix: str) -> dict[int, str]:
    """The values that the filter language has a name for: `icmp-echo`."""
    return {value: name for name, value in CONSTANTS.items() if name.startswith(prefix)}


NAMES: dict[tuple[str, str], dict[int, str]] = {
    # header and field -> what its values stand for
    ("802.11", "type"): {0: "management", 1: "control", 2: "data"},
    ("ARCnet", "protocol"): ARCNET,
    ("ARP", "operation"): {1: "request", 2: "reply"},
    ("BSD loopback", "family"): FAMILIES | SWAPPED,
    ("BSD/OS PPP", "protocol"): PPP,
    ("Cisco HDLC", "protocol"): ETHERTYPES,
    ("Ethernet", "type"): ETHERTYPES,
    ("Frame relay", "control and NLPID"): NLPIDS,
    ("Geneve", "protocol"): ETHERTYPES,
    ("ICMP", "type"): _named_constants("icmp-"),
    ("ICMPv6", "type"): _named_constants("icmp6-"),
    ("IEEE 1394", "type"): ETHERTYPES,
    ("IP", "version"): VERSIONS,
    ("IPv4", "version"): VERSIONS,
    ("IPv6", "version"): VERSIONS,
    ("IPv4", "protocol"): PROTOCOLS,
    ("IPv6", "next header"): PROTOCOLS,
    ("IS-IS", "NLPID"): OSI,
    ("ISO", "NLPID"): OSI,
    ("LLC", "DSAP"): SAPS,
    ("LLC", "EtherType"): ETHERTYPES,
    ("Linux ARCnet", "protocol"): ARCNET,
    ("Linux cooked v2", "packet type"): WAYS,
    ("Linux cooked", "packet type"): WAYS,
    ("Linux cooked v2", "protocol"): ETHERTYPES,
    ("Linux cooked", "protocol"): ETHERTYPES,
    ("OpenBSD encapsulation", "family"): FAMILIES | SWAPPED,
    ("OpenBSD loopback", "family"): FAMILIES,
    ("PF", "action"): {
        0: "pass",
        1: "block",
        2: "scrub",
        4: "nat",
        6: "binat",
        8: "rdr",
        10: "synproxy-drop",
    },
    ("PF", "direction"): {1: "in", 2: "out"},
    ("PF", "family"): FAMILIES,
    ("PPP", "protocol"): PPP,
    ("PPPoE", "protocol"): PPP,
    ("Symantec", "type"): ETHERTYPES,
    ("VLAN", "type"): ETHERTYPES,
    ("AH", "next header"): PROTOCOLS,
    ("extension header", "next header"): PROTOCOLS,
    ("fragment header", "next header"): PROTOCOLS,
    ("header chain", "next protocol"): PROTOCOLS,
    ("ipnet", "family"): FAMILIES,
    ("pppd", "protocol"): PPP,
}
RUN_NAMES: dict[tuple[str, int, int], dict[int, str]] = {
    # header, first bit and number of bits of a run of fields -> what its values stand for
    ("802.11", 0, 6): {
        (kind | subtype) >> 2: name
        for kind, names in SUBTYPES.items()
        for name, subtype in reversed(names.items())
    },
    ("802.11", 14, 2): {direction: name for name, direction in DIRECTIONS.items()},
}
