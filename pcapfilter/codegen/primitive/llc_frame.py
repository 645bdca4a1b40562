"""`llc`: any LLC header, or a class or kind of frame by its control field.

Source: IEEE 802.2 clause 5.2 (formats of the control field); pcap-filter(7).
"""

from pcapfilter.codegen import build, layout
from pcapfilter.codegen.build import Builder, Cond
from pcapfilter.codegen.link import atm, ethernet, wireless
from pcapfilter.net import proto

CONTROL = 2
INFORMATION_BIT = 0x01
CLASS_MASK, SUPERVISORY, UNNUMBERED = 0x03, 0x01, 0x03
SUPERVISORY_MASK, UNNUMBERED_MASK = 0x0F, 0xEF
NOVELL_RAW = 0xFFFF
"""Novell's IPX without LLC begins with a checksum that is never there."""
ALWAYS_LLC = frozenset((layout.IEEE802, layout.FDDI, layout.ATM_RFC1483))


def llc(b: Builder, name: str | None) -> Cond:
    """Test for an LLC header, and for the kind of frame where one is named."""
    present = _present(b) if _known(name) else b.unknown(f'unknown LLC type name "{name}"')
    if name is None:
        return present
    control = b.from_payload(CONTROL, 1)
    name = name.lower()
    if name == "i":
        return build.all_of(present, build.Inverse(build.any_bit(control, INFORMATION_BIT)))
    if name in ("s", "u"):
        value, mask = (SUPERVISORY if name == "s" else UNNUMBERED), CLASS_MASK
    else:
        value = proto.LLC_CONTROLS[name]
        is_unnumbered = value & CLASS_MASK == UNNUMBERED
        mask = UNNUMBERED_MASK if is_unnumbered else SUPERVISORY_MASK
    return build.all_of(present, build.masked_equal(control, value, mask))


def _known(name: str | None) -> bool:
    return name is None or name.lower() in ("i", "s", "u") or name.lower() in proto.LLC_CONTROLS


def _present(b: Builder) -> Cond:
    link = b.layout.link
    if link == layout.EN10MB:
        return build.all_of(
            build.Inverse(build.above(b.from_type(2), ethernet.MAX_LENGTH)),
            build.Inverse(build.equal(b.from_payload(0, 2), NOVELL_RAW)),
        )
    if link == layout.SUNATM:
        return atm.is_kind(b, atm.LLC)
    if link in ALWAYS_LLC:
        return build.always(truth=True)
    if link in layout.WIRELESS:
        return wireless.is_data(b)
    b.refuse(f"'llc' not supported for {b.link_description()}")
