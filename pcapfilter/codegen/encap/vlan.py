"""`vlan [id]`: an IEEE 802.1Q or 802.1ad tag; what follows it in the text is looked for behind it.

The Linux kernel takes the outermost tag out of a frame before a capture sees it: a program for a
live capture asks for it in the metadata of the packet, and in the frame only where it is not there.
Source: IEEE 802.1Q clause 9; pcap-filter(7); linux/filter.h (SKF_AD_VLAN_TAG_PRESENT).
"""

from pcapfilter.bpf import isa
from pcapfilter.codegen import build, layout
from pcapfilter.codegen.build import Builder, Cond
from pcapfilter.codegen.cfg import Block, Stmt
from pcapfilter.codegen.layout import METADATA
from pcapfilter.codegen.link import family
from pcapfilter.net import proto

TAG_TYPES = (proto.ETHERTYPE_VLAN, proto.ETHERTYPE_QINQ, proto.ETHERTYPE_QINQ_OLD)
TAG_LENGTH = 4
MAX_ID = 0x0FFF
TAGGED_LINKS = frozenset((
    layout.EN10MB, layout.NETANALYZER, layout.NETANALYZER_TRANSPARENT, layout.IEEE802_11,
    layout.PRISM_HEADER, layout.IEEE802_11_RADIO, layout.IEEE802_11_RADIO_AVS,
))  # fmt: skip
TAG_IN_METADATA = METADATA + 44 & build.WORD_MASK
TAG_IS_IN_METADATA = METADATA + 48 & build.WORD_MASK
LOAD_BYTE = isa.LD | isa.B | isa.ABS


def vlan(b: Builder, number: int | None) -> Cond:
    """Test for a tag, with this VLAN number where one is given, and step behind it."""
    if b.layout.labels:
        b.fail("no VLAN match after MPLS")
    if b.layout.link not in TAGGED_LINKS:
        b.refuse(f"no VLAN support for {b.link_description()}")
    if number is not None and number > MAX_ID:
        b.fail(f"VLAN tag {number} greater than maximum {MAX_ID}")
    if b.target.source == "live" and b.layout == layout.of_link(layout.EN10MB):
        return _live(b, number)
    test = _has_tag(b)
    if number is not None:
        tag = build.masked_equal(b.from_network(0, 2), number, MAX_ID)
        test = build.all_of(test, tag)
    here = b.layout
    b.layout = here._replace(
        type=here.type and here.type.plus(TAG_LENGTH), payload=here.payload.plus(TAG_LENGTH)
    )
    return test


def _has_tag(b: Builder) -> Cond:
    return build.any_of(*(family.is_next(b, kind) for kind in TAG_TYPES))


def _live(b: Builder, number: int | None) -> Cond:
    """Test for a tag in the metadata, else in the frame, whose later places then shift."""
    in_metadata = build.equal([Stmt(LOAD_BYTE, TAG_IS_IN_METADATA)], 1)
    in_frame = _has_tag(b)
    here = b.layout
    shift_payload, shift_type = b.take_register(), b.take_register()
    first = build.head(in_frame)
    first.stmts = [*_add(shift_payload), *_add(shift_type), *first.stmts]
    test = build.any_of(in_metadata, in_frame)
    if number is not None:
        test = build.all_of(test, _live_number(b, number))
    b.variables = {
        **b.variables, layout.LIVE_PAYLOAD: shift_payload, layout.LIVE_TYPE: shift_type
    }  # fmt: skip
    b.layout = here._replace(
        type=here.type and here.type._replace(variable=layout.LIVE_TYPE),
        payload=here.payload._replace(variable=layout.LIVE_PAYLOAD),
    )
    return test


def _add(register: int) -> list[Stmt]:
    return [
        Stmt(isa.LD | isa.MEM, register),
        Stmt(isa.ALU | isa.ADD, TAG_LENGTH),
        Stmt(isa.ST, register),
    ]


def _live_number(b: Builder, number: int) -> Cond:
    """Test the number of the tag where it was found."""
    mask = Stmt(isa.ALU | isa.AND, MAX_ID)
    from_metadata = Stmt(LOAD_BYTE, TAG_IN_METADATA)
    from_frame = b.from_network(0, 2)
    is_there = Stmt(build.JEQ, 1, from_metadata, from_frame[0])
    done = Stmt(isa.JMP | isa.JA, jt=mask, jf=mask)
    load = Stmt(LOAD_BYTE, TAG_IS_IN_METADATA)
    return Block([load, is_there, from_metadata, done, *from_frame, mask], build.JEQ, number)
