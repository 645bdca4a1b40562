"""`proto` and the names of protocols on their own.

Source: RFC 791, RFC 8200; ISO/IEC 10589 for the IS-IS PDU types.
"""

from pcapfilter.codegen import build, layout
from pcapfilter.codegen.build import Builder, Cond
from pcapfilter.codegen.link import family, hdlc
from pcapfilter.expr.nodes import Proto
from pcapfilter.net import proto

IPV4_PROTOCOL = 9
IPV6_NEXT_HEADER = 6
IPV6_AFTER_FRAGMENT_HEADER = 40

ISIS_PDU_TYPE = 4
CISCO_ISO_PLACE = 1
"""Cisco HDLC puts an octet of padding before ISO packets."""

LINK_PROTOCOLS: dict[Proto, int] = {
    # protocol: its Ethertype or LLC SAP
    "ip": proto.ETHERTYPE_IP,
    "ip6": proto.ETHERTYPE_IP6,
    "arp": proto.ETHERTYPE_ARP,
    "rarp": proto.ETHERTYPE_RARP,
    "atalk": proto.ETHERTYPE_ATALK,
    "aarp": proto.ETHERTYPE_AARP,
    "decnet": proto.ETHERTYPE_DECNET,
    "sca": proto.ETHERTYPE_SCA,
    "lat": proto.ETHERTYPE_LAT,
    "mopdl": proto.ETHERTYPE_MOPDL,
    "moprc": proto.ETHERTYPE_MOPRC,
    "iso": proto.LLC_ISO,
    "stp": proto.LLC_STP,
    "ipx": proto.LLC_IPX,
    "netbeui": proto.LLC_NETBEUI,
}

INNER_PROTOCOLS: dict[Proto, tuple[int, Proto | None]] = {
    # protocol: its number, and in what it is carried (None: in IPv4 and IPv6)
    "tcp": (proto.IP_TCP, None),
    "udp": (proto.IP_UDP, None),
    "sctp": (proto.IP_SCTP, None),
    "pim": (proto.IP_PIM, None),
    "ah": (proto.IP_AH, None),
    "esp": (proto.IP_ESP, None),
    "icmp": (proto.IP_ICMP, "ip"),
    "igmp": (proto.IP_IGMP, "ip"),
    "igrp": (proto.IP_IGRP, "ip"),
    "vrrp": (proto.IP_VRRP, "ip"),
    "carp": (proto.IP_CARP, "ip"),
    "icmp6": (proto.IP_ICMP6, "ip6"),
    "clnp": (proto.ISO_CLNP, "iso"),
    "esis": (proto.ISO_ESIS, "iso"),
    "isis": (proto.ISO_ISIS, "iso"),
}

ISIS_PDUS: dict[Proto, tuple[int, ...]] = {
    # kind of PDU: the types that are tested, in order
    "l1": (26, 24, 18, 15, 17),
    "l2": (27, 25, 20, 16, 17),
    "iih": (17, 15, 16),
    "lsp": (18, 20),
    "snp": (27, 26, 24, 25),
    "csnp": (24, 25),
    "psnp": (26, 27),
}

CARRIES_NOTHING: dict[Proto, str] = {
    "arp": "arp does not encapsulate another protocol",
    "rarp": "rarp does not encapsulate another protocol",
    "atalk": "AppleTalk encapsulation is not specifiable",
    "decnet": "DECNET encapsulation is not specifiable",
    "lat": "LAT does not encapsulate another protocol",
    "sca": "SCA does not encapsulate another protocol",
    "moprc": "MOPRC does not encapsulate another protocol",
    "mopdl": "MOPDL does not encapsulate another protocol",
    "clnp": "'clnp proto' is not supported",
}


def named(b: Builder, protocol: Proto) -> Cond:
    """Test for a protocol by its name."""
    if protocol in LINK_PROTOCOLS:
        return family.is_next(b, LINK_PROTOCOLS[protocol])
    if protocol in INNER_PROTOCOLS:
        return numbered(b, *INNER_PROTOCOLS[protocol])
    if protocol in ISIS_PDUS:
        return build.any_of(*(numbered(b, pdu, "isis") for pdu in ISIS_PDUS[protocol]))
    if protocol == "link":
        b.fail("link layer applied in wrong context")
    b.fail(f"'{protocol}' is not a valid protocol type")


def numbered(b: Builder, number: int, carrier: Proto | None) -> Cond:
    """Test for the protocol with this number in `carrier` (None: in IPv4 or IPv6)."""
    match carrier:
        case None:
            return build.any_of(numbered(b, number, "ip"), numbered(b, number, "ip6"))
        case "link":
            return family.is_next(b, number)
        case "ip":
            return build.all_of(
                family.is_ip(b), build.equal(b.from_network(IPV4_PROTOCOL, 1), number)
            )
        case "ip6":
            return build.all_of(family.is_ipv6(b), _next_header(b, number))
        case "iso" if b.layout.link == layout.FRELAY and not b.layout.labels:
            return hdlc.nlpid(b, number)
        case "iso":
            place = CISCO_ISO_PLACE if b.layout.link == layout.C_HDLC else 0
            return build.all_of(
                family.is_next(b, proto.LLC_ISO),
                build.equal(b.from_network_nosnap(place, 1), number),
            )
        case "isis":
            return build.all_of(
                numbered(b, proto.ISO_ISIS, "iso"),
                build.equal(b.from_network_nosnap(ISIS_PDU_TYPE, 1), number),
            )
        case _:
            b.fail(CARRIES_NOTHING.get(carrier, f"'{carrier} proto' is bogus"))


def _next_header(b: Builder, number: int) -> Cond:
    """Test the next header of IPv6, directly or behind one fragment header."""
    in_fragment = build.all_of(
        build.equal(b.from_network(IPV6_NEXT_HEADER, 1), proto.IP_FRAGMENT),
        build.equal(b.from_network(IPV6_AFTER_FRAGMENT_HEADER, 1), number),
    )
    return build.any_of(build.equal(b.from_network(IPV6_NEXT_HEADER, 1), number), in_fragment)
