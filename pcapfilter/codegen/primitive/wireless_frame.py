"""The words of 802.11: `type`, `subtype` and `dir`.

Source: IEEE 802.11 clause 9.2.4.1; pcap-filter(7).
"""

from pcapfilter.codegen import build, layout
from pcapfilter.codegen.build import Builder, Cond

TYPE_MASK, SUBTYPE_MASK, DIRECTION_MASK = 0x0C, 0xF0, 0x03

FRAMES = layout.WIRELESS - {layout.PPI}

TYPES = {"mgt": 0x00, "management": 0x00, "ctl": 0x04, "control": 0x04, "data": 0x08}
SUBTYPES: dict[int, dict[str, int]] = {
    # type: its subtypes by name
    0x00: {
        "assocreq": 0x00, "assoc-req": 0x00, "assocresp": 0x10, "assoc-resp": 0x10,
        "reassocreq": 0x20, "reassoc-req": 0x20, "reassocresp": 0x30, "reassoc-resp": 0x30,
        "probereq": 0x40, "probe-req": 0x40, "proberesp": 0x50, "probe-resp": 0x50,
        "beacon": 0x80, "atim": 0x90, "disassoc": 0xA0, "disassociation": 0xA0,
        "auth": 0xB0, "authentication": 0xB0, "deauth": 0xC0, "deauthentication": 0xC0,
    },
    0x04: {
        "ps-poll": 0xA0, "rts": 0xB0, "cts": 0xC0, "ack": 0xD0, "cf-end": 0xE0, "cf-end-ack": 0xF0,
    },
    0x08: {
        "data": 0x00, "data-cf-ack": 0x10, "data-cf-poll": 0x20, "data-cf-ack-poll": 0x30,
        "null": 0x40, "cf-ack": 0x50, "cf-poll": 0x60, "cf-ack-poll": 0x70,
        "qos-data": 0x80, "qos-data-cf-ack": 0x90, "qos-data-cf-poll": 0xA0,
        "qos-data-cf-ack-poll": 0xB0, "qos": 0xC0, "qos-cf-poll": 0xE0, "qos-cf-ack-poll": 0xF0,
    },
}  # fmt: skip
DIRECTIONS = {"nods": 0, "tods": 1, "fromds": 2, "dstods": 3}


def frame_type(b: Builder, kind: int | str, subtype: int | str | None = None) -> Cond:
    """Test the type of a frame, and its subtype where one is given."""
    if isinstance(kind, str):
        if kind.lower() not in TYPES:
            b.unknown(f'unknown 802.11 type name "{kind}"')
        kind = TYPES[kind.lower()]
    elif kind & ~TYPE_MASK:
        b.fail(f"invalid 802.11 type value 0x{kind:02x}")
    if subtype is None:
        return _typed(b, kind, TYPE_MASK)
    if isinstance(subtype, str):
        if kind not in SUBTYPES:  # the reserved one
            b.fail("unknown 802.11 type")
        names = SUBTYPES[kind]
        if subtype.lower() not in names:
            b.unknown(f'unknown 802.11 subtype name "{subtype}"')
        subtype = names[subtype.lower()]
    elif subtype & ~SUBTYPE_MASK:
        b.fail(f"invalid 802.11 subtype value 0x{subtype:02x}")
    return _typed(b, kind | subtype, TYPE_MASK | SUBTYPE_MASK)


def frame_subtype(b: Builder, name: str) -> Cond:
    """Test for a subtype by its name, which says the type too."""
    for kind, names in SUBTYPES.items():
        if name.lower() in names:
            return _typed(b, kind | names[name.lower()], TYPE_MASK | SUBTYPE_MASK)
    b.unknown("unknown 802.11 type name")


def direction(b: Builder, way: int | str) -> Cond:
    """Test the direction of a frame: to and from the distribution system."""
    if isinstance(way, str):
        if way.lower() not in DIRECTIONS:
            b.unknown("unknown 802.11 direction")
        way = DIRECTIONS[way.lower()]
    if b.layout.link not in FRAMES:
        b.refuse("frame direction supported only with 802.11 headers")
    return build.masked_equal(b.from_header(1, 1), way, DIRECTION_MASK)


def _typed(b: Builder, value: int, mask: int) -> Cond:
    if b.layout.link not in FRAMES:
        b.refuse("802.11 link-layer types supported only on 802.11")
    return build.masked_equal(b.from_header(0, 1), value, mask)
