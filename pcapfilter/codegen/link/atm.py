"""SunATM: cells that carry LLC or LAN emulation, told apart by the first octet.

Source: the registry page of LINKTYPE_SUNATM.
"""

from pcapfilter.codegen import build
from pcapfilter.codegen.build import Builder, Cond
from pcapfilter.codegen.link import llc

KIND_MASK, LANE, LLC = 0x0F, 0x01, 0x02
LANE_CONTROL = 0xFF00
"""What stands in place of the LAN emulation client's number in a control frame."""


def is_next(b: Builder, protocol: int) -> Cond:
    """Test for the protocol in cells that carry LLC."""
    return build.all_of(is_kind(b, LLC), llc.is_next(b, protocol))


def is_kind(b: Builder, kind: int) -> Cond:
    """Test for the kind of traffic."""
    return build.masked_equal(b.from_header(0, 1), kind, KIND_MASK)
