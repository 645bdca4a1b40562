"""The table: which family answers for which link type."""

from collections.abc import Callable

from pcapfilter.codegen import build, layout
from pcapfilter.codegen.build import Builder, Cond
from pcapfilter.codegen.link import cooked, ethernet, loopback, ppp, raw
from pcapfilter.net import proto

FAMILIES: dict[int, Callable[[Builder, int], Cond]] = {
    layout.EN10MB: ethernet.is_next,
    layout.NULL: loopback.is_next_host_order,
    layout.LOOP: loopback.is_next_network_order,
    layout.PPP: ppp.is_next,
    layout.RAW: raw.is_next,
    layout.IPV4: raw.is_ipv4,
    layout.IPV6: raw.is_ipv6,
    layout.LINUX_SLL: cooked.is_next,
    layout.LINUX_SLL2: cooked.is_next_v2,
}

BOTTOM_OF_STACK = 0x01


def is_next(b: Builder, protocol: int) -> Cond:
    """Test whether the protocol (an Ethertype, or an LLC SAP) follows the link layer."""
    if b.layout.labels:
        return _under_mpls(b, protocol)
    return FAMILIES[b.layout.link](b, protocol)


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
