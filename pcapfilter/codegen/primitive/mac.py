"""Link-layer addresses: `ether host`, `broadcast` and `multicast` of the link layer.

Source: IEEE 802.3 clause 3.2.3.
"""

from pcapfilter.codegen import build, layout
from pcapfilter.codegen.build import Builder, Cond
from pcapfilter.codegen.primitive.address import spelled
from pcapfilter.expr.nodes import Direction

BROADCAST = b"\xff" * 6
GROUP_BIT = 0x01


class Places:
    """Where the two addresses stand in the link-layer header, per link type that has them."""

    DESTINATION, SOURCE = 0, 1
    OF: dict[int, tuple[int, int]] = {layout.EN10MB: (0, 6)}  # noqa: RUF012 - never changed


def host(b: Builder, octets: bytes, direction: Direction | None) -> Cond:
    """Test for a MAC address as source, destination or both."""
    places = Places.OF.get(b.layout.link)
    if places is None:
        b.refuse(
            "ethernet addresses supported only on"
            " ethernet/FDDI/token ring/802.11/ATM LANE/Fibre Channel"
        )
    destination = places[Places.DESTINATION]
    source = places[Places.SOURCE]
    match direction:
        case "src":
            return build.bytes_equal(b, source, octets)
        case "dst":
            return build.bytes_equal(b, destination, octets)
        case "src and dst":
            return build.all_of(
                build.bytes_equal(b, source, octets), build.bytes_equal(b, destination, octets)
            )
        case None | "src or dst":
            return build.any_of(
                build.bytes_equal(b, source, octets), build.bytes_equal(b, destination, octets)
            )
        case _:
            name = spelled(direction)
            verb = "are" if " and " in name else "is"
            b.refuse(f"{name} {verb} only supported on 802.11 with 802.11 headers")


def broadcast(b: Builder) -> Cond:
    """Test for the broadcast address as destination."""
    if b.layout.link not in Places.OF:
        b.refuse("not a broadcast link")
    return host(b, BROADCAST, "dst")


def multicast(b: Builder) -> Cond:
    """Test for the group bit of the destination (broadcast has it too)."""
    places = Places.OF.get(b.layout.link)
    if places is None:
        b.refuse(
            "link-layer multicast filters supported only on"
            " ethernet/FDDI/token ring/ARCNET/802.11/ATM LANE/Fibre Channel"
        )
    return build.any_bit(b.from_header(places[Places.DESTINATION], 1), GROUP_BIT)
