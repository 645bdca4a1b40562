"""Link types without a link layer: packets begin with the IP header."""

from pcapfilter.codegen import build
from pcapfilter.codegen.build import Builder, Cond
from pcapfilter.net import proto

VERSION = {proto.ETHERTYPE_IP: 0x40, proto.ETHERTYPE_IP6: 0x60}


def is_next(b: Builder, protocol: int) -> Cond:
    """Test for the protocol by the version in the IP header; no other protocol can be there."""
    version = VERSION.get(protocol)
    if version is None:
        return build.always(truth=False)
    return build.masked_equal(b.from_header(0, 1), version, 0xF0)


def is_ipv4(_: Builder, protocol: int) -> Cond:
    """Test for the protocol where all packets are IPv4."""
    return build.always(truth=protocol == proto.ETHERTYPE_IP)


def is_ipv6(_: Builder, protocol: int) -> Cond:
    """Test for the protocol where all packets are IPv6."""
    return build.always(truth=protocol == proto.ETHERTYPE_IP6)
