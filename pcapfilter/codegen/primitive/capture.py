"""How a packet was captured: `inbound`, `outbound` and `ifindex`.

Where the link layer does not say it, a live capture on Linux asks the kernel, by loads at offsets
that stand for the packet's metadata (linux/filter.h).
"""

from pcapfilter.bpf import isa
from pcapfilter.codegen import build, layout
from pcapfilter.codegen.build import Builder, Cond
from pcapfilter.codegen.cfg import Block, Stmt

PACKET_TYPE, INTERFACE_INDEX = layout.METADATA + 4, layout.METADATA + 8
OUTGOING = 4
"""PACKET_OUTGOING of packet(7), which Linux cooked headers use too."""

PF_DIRECTION, PF_IN, PF_OUT = 60, 1, 2
IPNET_DIRECTION, IPNET_IN, IPNET_OUT = 2, 2, 1
JUNIPER_DIRECTION, JUNIPER_IN = 3, 0x01


def inbound(b: Builder) -> Cond:
    """Test for a packet that came in."""
    return _direction(b, outgoing=False)


def outbound(b: Builder) -> Cond:
    """Test for a packet that went out."""
    return _direction(b, outgoing=True)


def _direction(b: Builder, *, outgoing: bool) -> Cond:
    link = b.layout.link
    if link == layout.SLIP:
        return _slip(b, outgoing=outgoing)
    if link == layout.IPNET:
        way = IPNET_OUT if outgoing else IPNET_IN
        return build.equal(b.from_header(IPNET_DIRECTION, 2), way)
    if link == layout.LINUX_SLL:
        test = build.equal(b.from_header(0, 2), OUTGOING)
        return test if outgoing else build.Inverse(test)
    if link == layout.LINUX_SLL2:
        test = build.equal(b.from_header(10, 1), OUTGOING)
        return test if outgoing else build.Inverse(test)
    if link == layout.PFLOG:
        return build.equal(b.from_header(PF_DIRECTION, 1), PF_OUT if outgoing else PF_IN)
    if link == layout.PPP_PPPD:
        return build.equal(b.from_header(0, 1), 1 if outgoing else 0)
    if link in layout.JUNIPERS:
        way = 0 if outgoing else JUNIPER_IN
        return build.masked_equal(b.from_header(JUNIPER_DIRECTION, 1), way, JUNIPER_IN)
    if b.target.source == "file":
        b.refuse(f"inbound/outbound not supported on {b.link_description()} when reading savefiles")
    test = build.equal(b.from_header(PACKET_TYPE, 2), OUTGOING)
    return test if outgoing else build.Inverse(test)


def _slip(b: Builder, *, outgoing: bool) -> Cond:
    """Compare the first octet of a SLIP header, in the registers that a relation would take."""
    zero = b.take_register()
    index = b.take_register()
    load = [
        Stmt(isa.LD | isa.IMM, 0),
        Stmt(isa.ST, index),
        Stmt(isa.LDX | isa.MEM, index),
        *[Stmt(isa.LD | isa.B | isa.IND, b.layout.header.constant)],
    ]
    octet = b.take_register()
    b.free_register(index)
    load += [
        Stmt(isa.ST, octet),
        Stmt(isa.LD | isa.IMM, 0),
        Stmt(isa.ST, zero),
        Stmt(isa.LDX | isa.MEM, zero),
        Stmt(isa.LD | isa.MEM, octet),
        Stmt(isa.ALU | isa.SUB | isa.X),
    ]
    b.free_register(zero)
    b.free_register(octet)
    test: Cond = Block(load, build.JEQ, 0)
    return build.Inverse(test) if outgoing else test


def interface_index(b: Builder, number: int) -> Cond:
    """Test the number of the interface."""
    if b.layout.link == layout.LINUX_SLL2:
        return build.equal(b.from_header(4, 4), number)
    if b.target.source == "file":
        b.refuse(f"ifindex not supported on {b.link_description()} when reading savefiles")
    return build.equal(b.from_header(INTERFACE_INDEX, 4), number)
