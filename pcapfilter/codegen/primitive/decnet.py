"""DECnet addresses: `decnet host 1.2`, in any of the four forms of the routing header.

Source: DECnet phase IV routing layer functional specification, section 9.
"""

import re
from typing import NamedTuple

from pcapfilter.codegen import build
from pcapfilter.codegen.build import Builder, Cond
from pcapfilter.codegen.link import family
from pcapfilter.codegen.primitive.address import OTHER_ADDRESSES, not_valid
from pcapfilter.expr.nodes import V4, Direction, Name, Number, Value
from pcapfilter.net import proto
from pcapfilter.net.address import is_dotted
from pcapfilter.net.digits import as_int

FLAGS = 2
"""Where the flags stand, behind the length of the packet."""


class Form(NamedTuple):
    """A form of the header: how its flags show, and where it has its addresses."""

    size: int
    mask: int
    flags: int
    source: int
    destination: int


FORMS = (
    # size and mask of the flags, their value, source, destination
    Form(1, 0x07, 0x02, 5, 3),  # short
    Form(2, 0xFF07, 0x8102, 6, 4),  # short, behind one octet of padding
    Form(1, 0x07, 0x06, 17, 9),  # long
    Form(2, 0xFF07, 0x8106, 18, 10),  # long, behind one octet of padding
)
AREA_SHIFT, NODE_MASK = 10, 0x3FF


def host(b: Builder, number: int, direction: Direction | None) -> Cond:
    """Test for a DECnet address, the lower 16 bits of a number, as source, destination or both."""
    swapped = int.from_bytes((number & 0xFFFF).to_bytes(2, "little"), "big")

    def source() -> Cond:
        return _at(b, swapped, tuple(form.source for form in FORMS))

    def destination() -> Cond:
        return _at(b, swapped, tuple(form.destination for form in FORMS))

    test = build.directed(direction, source, destination)
    return test or not_valid(b, direction, OTHER_ADDRESSES)


def _at(b: Builder, number: int, places: tuple[int, ...]) -> Cond:
    is_decnet = family.is_next(b, proto.ETHERTYPE_DECNET)
    forms = [
        build.all_of(
            build.masked_equal(b.from_network(FLAGS, form.size), form.flags, form.mask),
            build.equal(b.from_network(place, 2), number),
        )
        for form, place in zip(FORMS, places, strict=True)
    ]
    return build.all_of(is_decnet, build.any_of(*forms))


def number(b: Builder, value: Value) -> int | None:
    """Give the address that is written area.node, or as a number; None where it is neither.

    Of dotted numbers the first two count.
    """
    match value:
        case Number():
            return value.value
        case V4(prefix=None, mask=None):
            octets = value.address.to_bytes(4, "big")[-value.bits // 8 :]
            return octets[0] << AREA_SHIFT | octets[1]
        case Name() if is_dotted(value.name):
            parts = re.match(r"(\d+)\.(\d+)", value.name)
            if parts is None:
                b.fail(f"malformed decnet address '{value.name}'")
            return as_int(parts[1]) << AREA_SHIFT | as_int(parts[2]) & NODE_MASK
        case _:
            return None
