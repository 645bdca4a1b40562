"""The table: which family answers for which link type."""

from collections.abc import Callable

from pcapfilter.codegen import build, layout
from pcapfilter.codegen.build import Builder, Cond
from pcapfilter.codegen.link import (
    arcnet,
    atm,
    cooked,
    ethernet,
    hdlc,
    llc,
    loopback,
    ppp,
    pseudo,
    raw,
    vendor,
    wireless,
)
from pcapfilter.net import proto

Family = Callable[[Builder, int], Cond]


def _ethernet(b: Builder, protocol: int) -> Cond:
    """Test for the protocol in an Ethernet frame, which may be one that something else carries."""
    return in_ethernet_frame(b, ethernet.is_next(b, protocol))


def _type_field(b: Builder, protocol: int) -> Cond:
    """Test for the protocol in a plain type field."""
    return build.equal(b.from_type(2), protocol)


FAMILIES: dict[int, Family] = {
    layout.NULL: loopback.is_next_host_order,
    layout.EN10MB: _ethernet,
    layout.IEEE802: llc.is_next,
    layout.ARCNET: arcnet.is_next,
    layout.SLIP: raw.is_next,
    layout.PPP: ppp.is_next,
    layout.FDDI: llc.is_next,
    layout.ATM_RFC1483: llc.is_next,
    layout.RAW: raw.is_next,
    layout.SLIP_BSDOS: raw.is_next,
    layout.PPP_BSDOS: ppp.is_next_bsdos,
    layout.ATM_CLIP: llc.is_next,
    layout.PPP_SERIAL: ppp.is_next,
    layout.PPP_ETHER: ppp.is_next,
    layout.SYMANTEC_FIREWALL: _type_field,
    layout.C_HDLC: hdlc.cisco,
    layout.IEEE802_11: wireless.is_next,
    layout.FRELAY: hdlc.frame_relay,
    layout.LOOP: loopback.is_next_network_order,
    layout.ENC: loopback.is_next_host_order,
    layout.LINUX_SLL: cooked.is_next,
    layout.LTALK: pseudo.localtalk,
    layout.PFLOG: pseudo.pf_log,
    layout.PRISM_HEADER: wireless.is_next,
    layout.IP_OVER_FC: llc.is_next,
    layout.SUNATM: atm.is_next,
    layout.IEEE802_11_RADIO: wireless.is_next,
    layout.ARCNET_LINUX: arcnet.is_next,
    layout.APPLE_IP_OVER_IEEE1394: _type_field,
    layout.IEEE802_11_RADIO_AVS: wireless.is_next,
    layout.BACNET_MS_TP: vendor.bacnet,
    layout.PPP_PPPD: ppp.is_next,
    layout.MFR: hdlc.multilink,
    layout.PPI: wireless.is_next,
    layout.IPNET: pseudo.ipnet,
    layout.IPV4: raw.is_ipv4,
    layout.IPV6: raw.is_ipv6,
    layout.NETANALYZER: _ethernet,
    layout.NETANALYZER_TRANSPARENT: _ethernet,
    layout.LINUX_SLL2: _type_field,
    **dict.fromkeys(layout.JUNIPERS, vendor.juniper),
}

NAMES = {
    # link type of which nothing is known: what libpcap calls it when it says so
    139: "MTP2", 140: "MTP2", 144: "IrDA", 177: "LAPD", 186: "USB", 187: "Bluetooth", 189: "USB",
    190: "CAN", 191: "IEEE 802.15.4", 193: "IEEE 802.16", 195: "IEEE 802.15.4", 196: "SITA",
    197: "ERF", 198: "RAIF1", 199: "IPMB", 201: "Bluetooth", 202: "AX.25", 209: "IPMB",
    215: "IEEE 802.15.4", 220: "USB", 227: "CAN", 230: "IEEE 802.15.4", 239: "NFLOG",
    246: "PFSYNC", 249: "USB", 283: "IEEE 802.15.4",
}  # fmt: skip

BOTTOM_OF_STACK = 0x01


def is_next(b: Builder, protocol: int) -> Cond:
    """Test whether the protocol (an Ethertype, or an LLC SAP) follows the link layer."""
    if b.layout.labels:
        return _under_mpls(b, protocol)
    link = b.layout.link
    if link in FAMILIES:
        return FAMILIES[link](b, protocol)
    name = NAMES.get(link) or b.link_description()
    b.refuse(f"{name} link-layer type filtering not implemented")


def in_ethernet_frame(b: Builder, test: Cond) -> Cond:
    """Qualify a test of an Ethernet header that LAN emulation carries: not in control frames."""
    if b.layout.lane is None:
        return test
    control = build.equal(b.load(b.layout.lane, 2), atm.LANE_CONTROL)
    return build.all_of(build.Inverse(control), test)


def _under_mpls(b: Builder, protocol: int) -> Cond:
    """Test for IP behind the last MPLS label: nothing names it but its own version (RFC 4928)."""
    version = raw.VERSION.get(protocol)
    if version is None:
        b.refuse("unsupported protocol over mpls")
    bottom = build.masked_equal(b.from_network(-2, 1), BOTTOM_OF_STACK, BOTTOM_OF_STACK)
    return build.all_of(bottom, build.masked_equal(b.from_network(0, 1), version, 0xF0))


def is_ip(b: Builder) -> Cond:
    """Test for IPv4."""
    return is_next(b, proto.ETHERTYPE_IP)


def is_ipv6(b: Builder) -> Cond:
    """Test for IPv6."""
    return is_next(b, proto.ETHERTYPE_IP6)
