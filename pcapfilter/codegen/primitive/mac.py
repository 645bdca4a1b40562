"""Link-layer addresses: `ether host`, and `broadcast` and `multicast` of the link layer.

Source: IEEE 802.3 clause 3.2.3; RFC 1201 for ARCnet.
"""

from typing import NamedTuple

from pcapfilter.bpf import isa
from pcapfilter.codegen import build, layout
from pcapfilter.codegen.build import Builder, Cond
from pcapfilter.codegen.cfg import Block, Stmt
from pcapfilter.codegen.link import family, wireless
from pcapfilter.codegen.primitive.address import spelled
from pcapfilter.expr.nodes import Direction

BROADCAST = b"\xff" * 6
ARCNET_BROADCAST = b"\x00"
GROUP_BIT = 0x01
LINKS_WITH_ADDRESSES = "ethernet/FDDI/token ring/802.11/ATM LANE/Fibre Channel"
LINKS_WITH_GROUPS = "ethernet/FDDI/token ring/ARCNET/802.11/ATM LANE/Fibre Channel"


class Addresses(NamedTuple):
    """Where a link-layer header has its addresses, and what its hosts are called in messages."""

    destination: int
    source: int
    kind: str
    only: str = "802.11"


ETHERNET = Addresses(0, 6, "ether", "802.11 with 802.11 headers")
ARCNET = Addresses(1, 0, "ARCnet")
ADDRESSES: dict[int, Addresses] = {
    # link type: destination and source within its header, what its hosts are called
    layout.EN10MB: ETHERNET,
    layout.NETANALYZER: ETHERNET,
    layout.NETANALYZER_TRANSPARENT: ETHERNET,
    layout.IEEE802: Addresses(2, 8, "token ring"),
    layout.FDDI: Addresses(1, 7, "FDDI"),
    layout.IP_OVER_FC: Addresses(2, 10, "Fibre Channel"),
}


def kind(b: Builder) -> str:
    """Say what the hosts of this link layer are called; refuse where they have no names."""
    if b.layout.link in layout.WIRELESS:
        return "802.11"
    if b.layout.link not in ADDRESSES:
        b.refuse(f"only {LINKS_WITH_ADDRESSES} supports link-level host name")
    return ADDRESSES[b.layout.link].kind


def host(b: Builder, octets: bytes, direction: Direction | None) -> Cond:
    """Test for a MAC address as source, destination or both."""
    if b.layout.link in layout.WIRELESS:
        return wireless.host(b, octets, direction)
    places = ADDRESSES.get(b.layout.link)
    if places is None:
        b.refuse(f"ethernet addresses supported only on {LINKS_WITH_ADDRESSES}")
    return _encapsulated(b, _directed(b, places, octets, direction))


def arcnet_host(b: Builder, octets: bytes, direction: Direction | None) -> Cond:
    """Test for an ARCnet address as source, destination or both."""
    return _directed(b, ARCNET, octets, direction)


def _directed(b: Builder, places: Addresses, octets: bytes, direction: Direction | None) -> Cond:
    def source() -> Cond:
        return build.bytes_equal(b, places.source, octets)

    def destination() -> Cond:
        return build.bytes_equal(b, places.destination, octets)

    test = build.directed(direction, source, destination)
    if test is None:
        name = spelled(direction)
        verb = "are" if " and " in name else "is"
        b.refuse(f"{name} {verb} only supported on {places.only}")
    return test


def broadcast(b: Builder) -> Cond:
    """Test for the broadcast address as destination."""
    if b.layout.link in layout.ARCNETS:
        return arcnet_host(b, ARCNET_BROADCAST, "dst")
    if b.layout.link not in ADDRESSES and b.layout.link not in layout.WIRELESS:
        b.refuse("not a broadcast link")
    return host(b, BROADCAST, "dst")


def multicast(b: Builder) -> Cond:
    """Test for the group bit of the destination (broadcast has it too)."""
    if b.layout.link in layout.ARCNETS:
        return arcnet_host(b, ARCNET_BROADCAST, "dst")
    if b.layout.link in layout.WIRELESS:
        return wireless.multicast(b, GROUP_BIT)
    places = ADDRESSES.get(b.layout.link)
    if places is None:
        b.refuse(f"link-layer multicast filters supported only on {LINKS_WITH_GROUPS}")
    return _encapsulated(b, build.any_bit(b.from_header(places.destination, 1), GROUP_BIT))


def _encapsulated(b: Builder, test: Cond) -> Cond:
    """Qualify a test of the innermost Ethernet header: that there is one at all."""
    if not b.layout.overlay or b.layout.link != layout.EN10MB:
        return family.in_ethernet_frame(b, test)
    header = b.varying_part(b.layout.header)[0].k
    compare = [Stmt(isa.LD | isa.MEM, header), *b.varying_part(b.layout.payload)]
    is_absent = Block(compare, isa.JMP | isa.JEQ | isa.X)
    return build.all_of(build.Inverse(is_absent), test)
