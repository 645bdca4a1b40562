"""`protochain`: follow extension and authentication headers to the protocol at their end.

The walk is a loop within one block, so that the optimiser leaves such a filter alone.
Source: RFC 8200 section 4, RFC 4302 section 2.
"""

from pcapfilter.bpf import isa
from pcapfilter.codegen import build
from pcapfilter.codegen.build import Builder, Cond
from pcapfilter.codegen.cfg import Block, Stmt
from pcapfilter.codegen.link import family
from pcapfilter.expr.nodes import Proto
from pcapfilter.net import proto

IPV4_PROTOCOL = 9
IPV6_NEXT_HEADER = 6
EXTENSIONS = (proto.IP_HOPOPTS, proto.IP_DSTOPTS, proto.IP_ROUTING, proto.IP_FRAGMENT)

LOAD_BYTE = isa.LD | isa.B | isa.IND
TXA = isa.MISC | isa.TXA
TAX = isa.MISC | isa.TAX


def chained(b: Builder, number: int, carrier: Proto | None) -> Cond:
    """Test for the protocol anywhere in the chain of headers of IPv4, of IPv6, or of either."""
    if carrier not in (None, "ip", "ip6"):
        b.fail("bad protocol applied for 'protochain'")
    if b.layout.payload.variable:
        b.refuse("'protochain' not supported with variable length headers")
    cell = b.take_register()
    match carrier:
        case None:
            # The cell stays taken: what follows in the text has the next one in its listing.
            return build.any_of(chained(b, number, "ip"), chained(b, number, "ip6"))
        case "ip":
            start = [*b.from_network(IPV4_PROTOCOL, 1), *b.ipv4_header_length()]
            is_carrier = family.is_ip(b)
        case _:
            start = [
                *b.from_network(IPV6_NEXT_HEADER, 1),
                Stmt(build.LDX_IMM, build.IPV6_HEADER),
            ]
            is_carrier = family.is_ipv6(b)
    b.optimizable = False
    walk = _walk(b, number, cell, extensions=EXTENSIONS if carrier == "ip6" else ())
    b.free_register(cell)
    return build.all_of(is_carrier, Block([*start, *walk], build.JEQ, number))


def _walk(b: Builder, number: int, cell: int, extensions: tuple[int, ...]) -> list[Stmt]:
    """Give the loop: A holds the protocol, X the length of the headers passed so far."""
    network = b.network.constant & build.WORD_MASK
    end = Stmt(isa.ALU | isa.ADD | isa.K, 0)
    found, last = Stmt(build.JEQ, number), Stmt(build.JEQ, proto.IP_NONE)
    found.jt, found.jf = end, last

    authentication = Stmt(build.JEQ, proto.IP_AH)
    behind_authentication = [
        Stmt(TXA),
        Stmt(LOAD_BYTE, network),
        Stmt(isa.ST, cell),
        Stmt(TXA),
        Stmt(isa.ALU | isa.ADD | isa.K, 1),
        Stmt(TAX),
        Stmt(LOAD_BYTE, network),
        Stmt(isa.ALU | isa.ADD | isa.K, 2),
        Stmt(isa.ALU | isa.MUL | isa.K, 4),
        Stmt(TAX),
        Stmt(isa.LD | isa.MEM, cell),
        Stmt(isa.JMP | isa.JA, jt=found, jf=found),
    ]
    authentication.jt, authentication.jf = behind_authentication[0], end

    if extensions:
        behind_extension = [
            Stmt(LOAD_BYTE, network),
            Stmt(isa.ST, cell),
            Stmt(LOAD_BYTE, network + 1 & build.WORD_MASK),
            Stmt(isa.ALU | isa.ADD | isa.K, 1),
            Stmt(isa.ALU | isa.MUL | isa.K, 8),
            Stmt(isa.ALU | isa.ADD | isa.X),
            Stmt(TAX),
            Stmt(isa.LD | isa.MEM, cell),
            Stmt(isa.JMP | isa.JA, jt=found, jf=found),
        ]
        tests = [Stmt(build.JEQ, extension, behind_extension[0]) for extension in extensions]
        for test, following in zip(tests, [*tests[1:], authentication], strict=True):
            test.jf = following
        middle = [*tests, *behind_extension]
    else:
        middle = [Stmt(isa.ALU | isa.ADD | isa.K, 0)]
    last.jt, last.jf = end, middle[0]
    return [found, last, *middle, authentication, *behind_authentication, end]
