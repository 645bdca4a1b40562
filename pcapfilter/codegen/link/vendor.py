"""Headers of vendors that name no protocol: all that can be tested is that the header is there."""

from pcapfilter.codegen import build
from pcapfilter.codegen.build import Builder, Cond

JUNIPER_MAGIC, JUNIPER_MASK = 0x4D474300, 0xFFFFFF00
BACNET_PREAMBLE, BACNET_MASK = 0x55FF0000, 0xFFFF0000


def juniper(b: Builder, _: int) -> Cond:
    """Test for the magic number that begins all of Juniper's headers."""
    return build.masked_equal(b.from_header(0, 4), JUNIPER_MAGIC, JUNIPER_MASK)


def bacnet(b: Builder, _: int) -> Cond:
    """Test for the preamble of a BACnet MS/TP frame (ANSI/ASHRAE 135 clause 9.3)."""
    return build.masked_equal(b.from_header(0, 4), BACNET_PREAMBLE, BACNET_MASK)
