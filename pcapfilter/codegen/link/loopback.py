"""BSD loopback headers: an address family of the capturing host, in its byte order or the net's."""

import sys

from pcapfilter.codegen import build
from pcapfilter.codegen.build import Builder, Cond
from pcapfilter.net import proto

FAMILIES = {
    # Ethertype: address family, in Linux's numbers, which libpcap built on Linux uses
    proto.ETHERTYPE_IP: 2,
    proto.ETHERTYPE_IP6: 10,
}


def is_next_network_order(b: Builder, protocol: int) -> Cond:
    """Test for the protocol where the family is in network byte order (LOOP)."""
    family = FAMILIES.get(protocol)
    if family is None:
        return build.always(truth=False)
    return build.equal(b.from_header(0, 4), family)


def is_next_host_order(b: Builder, protocol: int) -> Cond:
    """Test for the protocol where the family is in the capturing host's byte order (NULL)."""
    family = FAMILIES.get(protocol)
    if family is None:
        return build.always(truth=False)
    little = (sys.byteorder == "little") != b.target.swapped
    value = int.from_bytes(family.to_bytes(4, "little" if little else "big"), "big")
    return build.equal(b.from_header(0, 4), value)
