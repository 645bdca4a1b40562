"""BSD loopback headers: an address family of the capturing host, in its byte order or the net's."""

import sys
from typing import Literal

from pcapfilter.codegen import build
from pcapfilter.codegen.build import Builder, Cond
from pcapfilter.net import proto

FAMILIES = {
    # Ethertype: address family, in Linux's numbers, which libpcap built on Linux uses
    proto.ETHERTYPE_IP: 2,
    proto.ETHERTYPE_IP6: 10,
}
IPV6_FAMILIES = (proto.BSD_INET6_DARWIN, proto.BSD_INET6_NETBSD, proto.BSD_INET6_FREEBSD)
"""What IPv6 may be in a savefile: the BSDs do not agree on it, and none has Linux's number."""


def is_next_network_order(b: Builder, protocol: int) -> Cond:
    """Test for the protocol where the family is in network byte order (LOOP)."""
    return _family(b, protocol, "big")


def is_next_host_order(b: Builder, protocol: int) -> Cond:
    """Test for the protocol where the family is in the capturing host's byte order (NULL, ENC)."""
    little = (sys.byteorder == "little") != b.target.swapped
    return _family(b, protocol, "little" if little else "big")


def _family(b: Builder, protocol: int, order: Literal["little", "big"]) -> Cond:
    if b.target.source == "file" and protocol == proto.ETHERTYPE_IP6:
        families: tuple[int, ...] = IPV6_FAMILIES
    elif protocol in FAMILIES:
        families = (FAMILIES[protocol],)
    else:
        return build.always(truth=False)
    values = (int.from_bytes(family.to_bytes(4, order), "big") for family in families)
    return build.any_of(*(build.equal(b.from_header(0, 4), value) for value in values))
