"""802.11: a header of varying length, behind a pseudo-header of varying length or none.

Source: IEEE 802.11 clause 9.2.4 (frame control: type in bits 2 and 3 of the first octet, To DS and
From DS in bits 0 and 1 of the second).
"""

from collections.abc import Callable

from pcapfilter.codegen import build
from pcapfilter.codegen.build import Builder, Cond
from pcapfilter.codegen.link import llc
from pcapfilter.expr.nodes import Direction

CONTROL, DATA = 0x04, 0x08
TO_DS, FROM_DS, BOTH_DS = 0x01, 0x02, 0x03
TYPE_MASK, SUBTYPE_MASK = 0x0C, 0xF0
CTS, ACK = 0xC0, 0xD0
ADDRESS_1, ADDRESS_2, ADDRESS_3, ADDRESS_4 = 4, 10, 16, 24


def is_next(b: Builder, protocol: int) -> Cond:
    """Test for the protocol in the LLC header of a data frame."""
    return build.all_of(is_data(b), llc.is_next(b, protocol))


def is_data(b: Builder) -> Cond:
    """Test for a data frame."""
    return build.all_of(build.Inverse(_kind(b, CONTROL)), _kind(b, DATA))


def _kind(b: Builder, bit: int) -> Cond:
    return build.any_bit(b.from_header(0, 1), bit)


def _ds(b: Builder, bit: int) -> Cond:
    return build.any_bit(b.from_header(1, 1), bit)


def source(b: Builder, at: Callable[[int], Cond]) -> Cond:
    """Test the source address, wherever the frame has it; `at` tests at a place in the header."""
    from_station = build.all_of(build.Inverse(_ds(b, FROM_DS)), at(ADDRESS_2))
    from_access_point = build.all_of(
        _ds(b, FROM_DS),
        build.any_of(
            build.all_of(build.Inverse(_ds(b, TO_DS)), at(ADDRESS_3)),
            build.all_of(_ds(b, TO_DS), at(ADDRESS_4)),
        ),
    )
    return _management_or_data(b, at(ADDRESS_2), build.any_of(from_station, from_access_point))


def destination(b: Builder, at: Callable[[int], Cond]) -> Cond:
    """Test the destination address, wherever the frame has it."""
    to_station = build.all_of(build.Inverse(_ds(b, TO_DS)), at(ADDRESS_1))
    to_access_point = build.all_of(_ds(b, TO_DS), at(ADDRESS_3))
    return _management_or_data(b, at(ADDRESS_1), build.any_of(to_station, to_access_point))


def _management_or_data(b: Builder, management: Cond, data: Cond) -> Cond:
    return build.all_of(
        build.Inverse(_kind(b, CONTROL)),
        build.any_of(
            build.all_of(build.Inverse(_kind(b, DATA)), management),
            build.all_of(_kind(b, DATA), data),
        ),
    )


def host(b: Builder, octets: bytes, direction: Direction | None) -> Cond:
    """Test for a MAC address in the role that the direction names."""

    def at(place: int) -> Cond:
        return build.bytes_equal(b, place, octets)

    def has_address_2() -> Cond:
        kind = build.masked_equal(b.from_header(0, 1), CONTROL, TYPE_MASK)
        without = build.any_of(
            *(build.masked_equal(b.from_header(0, 1), kind, SUBTYPE_MASK) for kind in (CTS, ACK))
        )
        return build.Inverse(build.all_of(kind, without))

    test = build.directed(direction, lambda: source(b, at), lambda: destination(b, at))
    if test is not None:
        return test
    match direction:
        case "addr1":
            return at(ADDRESS_1)
        case "addr2":
            return build.all_of(has_address_2(), at(ADDRESS_2))
        case "addr3":
            control = build.masked_equal(b.from_header(0, 1), CONTROL, TYPE_MASK)
            return build.all_of(build.Inverse(control), at(ADDRESS_3))
        case "addr4":
            both = build.masked_equal(b.from_header(1, 1), BOTH_DS, BOTH_DS)
            return build.all_of(both, at(ADDRESS_4))
        case "ra":
            return build.all_of(_kind(b, DATA), at(ADDRESS_1))
        case _:  # ta
            return build.all_of(_kind(b, DATA), has_address_2(), at(ADDRESS_2))


def multicast(b: Builder, group_bit: int) -> Cond:
    """Test for the group bit of the destination."""
    return destination(b, lambda place: build.any_bit(b.from_header(place, 1), group_bit))
