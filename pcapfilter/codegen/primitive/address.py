"""`host` and `net`: IPv4 addresses in IPv4, ARP and RARP; IPv6 addresses in IPv6.

Source: RFC 791, RFC 826, RFC 903, RFC 8200.
"""

from collections.abc import Callable
from typing import NamedTuple, NoReturn

from pcapfilter.codegen import build
from pcapfilter.codegen.build import Builder, Cond
from pcapfilter.codegen.link import family
from pcapfilter.expr.nodes import Direction, Proto
from pcapfilter.net import proto


class Place(NamedTuple):
    """Where a protocol carries addresses: octets into its header."""

    ethertype: int
    source: int
    destination: int


IPV4_PLACES: dict[Proto, Place] = {
    "ip": Place(proto.ETHERTYPE_IP, 12, 16),
    "arp": Place(proto.ETHERTYPE_ARP, 14, 24),
    "rarp": Place(proto.ETHERTYPE_RARP, 14, 24),
}
IPV6_PLACE = Place(proto.ETHERTYPE_IP6, 8, 24)

NOT_IMPLEMENTED: dict[Proto, str] = {
    "atalk": "AppleTalk", "aarp": "AARP", "lat": "LAT", "sca": "SCA", "moprc": "MOPRC",
    "mopdl": "MOPDL", "iso": "ISO", "ipx": "IPX",
}  # fmt: skip
OTHER_ADDRESSES = "addresses other than 802.11 MAC addresses"


def ipv4(
    b: Builder, address: int, mask: int, protocol: Proto | None, direction: Direction | None,
    kind: str,
) -> Cond:  # fmt: skip
    """Test for an IPv4 address under a mask; `kind` is "host" or "net", for messages."""
    if protocol is None:
        protocols: tuple[Proto, ...] = ("ip",) if b.layout.labels else ("ip", "arp", "rarp")
        return build.any_of(*(ipv4(b, address, mask, p, direction, kind) for p in protocols))
    place = IPV4_PLACES.get(protocol)
    if place is None:
        b.fail(_misapplied(protocol, kind))
    return _directed(b, place, direction, lambda offset: _ipv4_at(b, offset, address, mask))


def ipv6(
    b: Builder, address: int, mask: int, protocol: Proto | None, direction: Direction | None,
    kind: str,
) -> Cond:  # fmt: skip
    """Test for an IPv6 address under a mask; `kind` is "host" or "net", for messages."""
    match protocol:
        case None | "ip6":
            return _directed(
                b, IPV6_PLACE, direction, lambda offset: _ipv6_at(b, offset, address, mask)
            )
        case "link":
            b.fail(f"link-layer modifier applied to ip6 {kind}")
        case "atalk":
            b.fail(f"AppleTalk modifier applied to ip6 {kind}")
        case _:
            b.fail(f"'{protocol}' modifier applied to ip6 {kind}")


def _misapplied(protocol: Proto, kind: str) -> str:
    """What libpcap says of `PROTO host ADDRESS` where PROTO has no IPv4 addresses."""
    if protocol == "link":
        return f"link-layer modifier applied to {kind}"
    if protocol == "ip6":
        return "'ip6' modifier applied to ip host"
    if protocol in NOT_IMPLEMENTED:
        return f"{NOT_IMPLEMENTED[protocol]} host filtering not implemented"
    return f"'{protocol}' modifier applied to {kind}"


def _directed(
    b: Builder, place: Place, direction: Direction | None, at: Callable[[int], Cond]
) -> Cond:
    """Test the source, the destination or both, each behind a test for the protocol."""

    def one(offset: int) -> Cond:
        if place is IPV6_PLACE:  # libpcap's order, which shows in the numbers of registers
            address = at(offset)
            return build.all_of(family.is_next(b, place.ethertype), address)
        return build.all_of(family.is_next(b, place.ethertype), at(offset))

    test = build.directed(direction, lambda: one(place.source), lambda: one(place.destination))
    return test or not_valid(b, direction, OTHER_ADDRESSES)


def not_valid(b: Builder, direction: Direction | None, what: str) -> NoReturn:
    """Refuse an 802.11 direction of something that has none."""
    name = spelled(direction)
    verb = "are not valid qualifiers" if " and " in name else "is not a valid qualifier"
    b.fail(f"{name} {verb} for {what}")


def spelled(direction: Direction | None) -> str:
    """Name an 802.11 direction in the way of libpcap's messages."""
    if direction and direction.startswith("addr"):
        return f"'{direction}' and 'address{direction[-1]}'"
    return f"'{direction}'"


def _ipv4_at(b: Builder, offset: int, address: int, mask: int) -> Cond:
    return build.masked_equal(b.from_network(offset, 4), address, mask)


def _ipv6_at(b: Builder, offset: int, address: int, mask: int) -> Cond:
    words = [
        build.masked_equal(
            b.from_network(offset + i, 4),
            address >> 8 * (12 - i) & build.WORD_MASK,
            mask >> 8 * (12 - i) & build.WORD_MASK,
        )
        for i in (0, 4, 8, 12)
    ]
    return build.all_of(*words)
