"""`less`, `greater` and `byte`: the length of the packet, and octets of the link-layer header."""

from pcapfilter.bpf import isa
from pcapfilter.codegen import build
from pcapfilter.codegen.build import Builder, Cond
from pcapfilter.codegen.cfg import Stmt


def less(_: Builder, length: int) -> Cond:
    """Test for a packet of this length on the wire or shorter."""
    return build.Inverse(build.above([Stmt(isa.LD | isa.LEN)], length))


def greater(_: Builder, length: int) -> Cond:
    """Test for a packet of this length on the wire or longer."""
    return build.at_least([Stmt(isa.LD | isa.LEN)], length)


def byte(b: Builder, offset: int, operator: str, value: int) -> Cond:
    """Test an octet of the link-layer header: `byte 5 = 3`.

    As in libpcap, `&` and `|` never load the octet, but combine with what A happens to hold.
    """
    match operator:
        case "=":
            return build.equal(b.from_header(offset, 1), value)
        case "<":
            return build.Inverse(build.at_least(b.from_header(offset, 1), value))
        case ">":
            return build.above(b.from_header(offset, 1), value)
        case _:
            combine = isa.AND if operator == "&" else isa.OR
            load = [Stmt(isa.ALU | combine | isa.K, value)]
            return build.Inverse(build.equal(load, 0))
