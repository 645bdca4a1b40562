"""The whole optimiser: right after every step, calm about size, and quiet about what it leaves."""

import random

import pytest

from pcapfilter.bpf import isa
from pcapfilter.bpf.program import Program
from pcapfilter.codegen.cfg import Block, Graph, Stmt
from pcapfilter.codegen.linearize import linearize
from pcapfilter.codegen.optimize import PASSES, Work, optimize, steps
from pcapfilter.codegen.optimize.values import UNSURE, Values
from pcapfilter.engine import reference
from pcapfilter.errors import FilterError
from tests import oracle
from tests.codegen.drawn import Drawer
from tests.codegen.straight import graph_of
from tests.codegen.walker import FaultError, Walk

EQ = isa.JMP | isa.JEQ | isa.K
WORD = isa.LD | isa.W | isa.ABS


def packets(plain: Program, rng: random.Random, number: int) -> list[bytes]:
    """Complete packets: no load of the plain program fails on them."""
    found = []
    for _ in range(number):
        walk = Walk(plain, rng.choice((80, 300)), rng)
        try:
            walk.walk()
        except FaultError:
            continue
        found.append(walk.packet())
    return found


@oracle.needs_libpcap
def test_right_after_every_step(sweep: float) -> None:
    rng, drawer = random.Random(3), Drawer(3)
    seen = set()
    for _ in range(int(120 * sweep)):
        text = drawer.expression(2)
        try:
            plain = oracle.compile(text, optimize=False, netmask=0)
        except oracle.Refused:
            continue
        wanted = [(p, reference.run(plain, p)) for p in packets(plain, rng, 8)]
        work = Work(graph_of(plain))
        for name in steps(work):
            seen.add(name)
            # In the middle of a round later blocks may still lean on what an earlier one lost.
            if name in {"retarget", "pull up", "share", "trim"}:
                machine = reference.Machine(linearize(work.graph()))
                for packet, verdict in wanted:
                    assert machine.run(packet) == verdict, (text, name)
    assert seen == {row.name for row in PASSES}


def test_leaves_the_graph_that_it_is_given() -> None:
    graph = Graph(Block([Stmt(WORD, 12)], EQ, 1, Block(k=1), Block(k=1)))
    before = linearize(graph)
    assert linearize(optimize(graph)) == Program.of([(6, 0, 0, 1)])
    assert linearize(graph) == before


def test_leaves_alone_what_is_not_to_be_optimised() -> None:
    graph = Graph(Block([Stmt(WORD, 12)], EQ, 1, Block(k=1), Block(k=1)), optimizable=False)
    assert optimize(graph) is graph


def test_leaves_jumps_within_a_block() -> None:
    """As `vlan 5` makes them for live captures: A is the one word or the other."""
    mask, other = Stmt(isa.ALU | isa.AND | isa.K, 0xFFF), Stmt(WORD, 24)
    one, done = Stmt(WORD, 20), Stmt(isa.JMP | isa.JA, 0, mask, mask)
    either = Stmt(EQ, 6, one, other)
    stmts = [Stmt(WORD, 12), either, one, done, other, mask]
    graph = Graph(Block(stmts, EQ, 3, Block(k=9), Block()))
    assert linearize(optimize(graph)) == linearize(graph)


def test_knows_nothing_of_what_a_jump_may_skip() -> None:
    last = Stmt(isa.ALU | isa.AND | isa.K, 0xFF)
    seven = Stmt(isa.LD | isa.IMM, 7)
    stmts = [Stmt(WORD, 12), Stmt(EQ, 6, seven, last), seven, last]
    graph = Graph(Block(stmts, EQ, 3, Block(k=9), Block()))
    assert linearize(optimize(graph)) == linearize(graph)


@pytest.mark.parametrize(
    ("op", "message"), [(isa.DIV, "division by zero"), (isa.MOD, "modulus by zero")]
)
def test_refuses_a_division_by_zero(op: int, message: str) -> None:
    stmts = [Stmt(WORD, 12), Stmt(isa.LDX | isa.IMM, 0), Stmt(isa.ALU | op | isa.X)]
    with pytest.raises(FilterError, match=message):
        optimize(Graph(Block(stmts, EQ, 1, Block(k=1), Block())))


def test_refuses_a_shift_past_the_word() -> None:
    stmts = [Stmt(WORD, 12), Stmt(isa.LDX | isa.IMM, 32), Stmt(isa.ALU | isa.LSH | isa.X)]
    with pytest.raises(FilterError, match="shift by more than 31 bits"):
        optimize(Graph(Block(stmts, EQ, 1, Block(k=1), Block())))


@oracle.needs_libpcap
def test_pulls_from_blocks_that_are_cut_off() -> None:
    """Retargeting has just left a block that the round still counts among those above."""
    text = (
        "((udp port 39663 or inbound) or icmp6[00:2] < icmp6code or ip host 127.0.0.1 "
        "or tcp port !0xfbea) or tcp[tcpflags] & tcp-ece == 0 or ipx or greater 22 or mpls "
        "or ip host 127.0.0.1"
    )
    plain = oracle.compile(text, "C_HDLC", optimize=False, netmask=0)
    assert linearize(optimize(graph_of(plain))) == oracle.compile(text, "C_HDLC", netmask=0)


@oracle.needs_libpcap
@pytest.mark.parametrize(
    ("link", "text"),
    [
        ("IEEE802_11_RADIO_AVS", "llc and ppp[12:1] <= 236139427"),  # an index that was inside
        ("IEEE802_11_RADIO", "not (multicast and not ether[102 << 1:4] >= 573509513)"),
        ("PPP_BSDOS", "tcp[tcpflags] = tcp-cwr or iso proto \\esis or byte 45 & 0x88"),
        ("LINUX_SLL", "(netbeui or (lsp and not arp)) and (byte 133 & 235)"),
        ("IPV4", "not (byte 0x42 | 051 or proto \\igmp or byte 44 & 0xfe)"),
        ("C_HDLC", "src host 127.0.0.1 or igmp or byte 255 & 254 and ip6 proto \\ah"),
        ("SYMANTEC_FIREWALL", "net 78.154.0.0 mask 255.255.0.0 or byte 0 & 73"),
        ("EN10MB", "greater 149 or byte 0x3 & 0xe2 or ether[0x1:4] = 2 or greater 27197"),
    ],
)
def test_holds_nothing_back_without_need(link: str, text: str) -> None:
    """What libpcap's optimiser does here is right, though no rule of thumb sees it."""
    plain = oracle.compile(text, link, optimize=False, netmask=0)
    assert linearize(optimize(graph_of(plain))) == oracle.compile(text, link, netmask=0)


@oracle.needs_libpcap
@pytest.mark.parametrize(
    ("link", "text"),
    [
        ("C_HDLC", "(atalk[255:2] & 0xfe >= 0x1) or not (!(atalk)) and (byte 72 & 140)"),
        (
            "SYMANTEC_FIREWALL",
            "ip6 or not (byte 89 & 1) and not (not ip6 host ::fdfb:b74a:0:0) or (byte 35 & 4)",
        ),
    ],
)
def test_pulls_no_test_whose_exit_shows_another_value(link: str, text: str) -> None:
    """Where both tests send to one block, the one that comes first leaves its A there."""
    plain = oracle.compile(text, link, optimize=False, netmask=0)
    best = reference.Machine(linearize(optimize(graph_of(plain))))
    for packet in packets(plain, random.Random(1), 2000):
        assert best.run(packet) == reference.run(plain, packet)


def test_deep_graph() -> None:
    """No recursion along the blocks."""
    accept, root = Block(k=1), Block()
    for number in range(1500):
        root = Block([Stmt(WORD, 12)], EQ, number, accept, root)
    program = linearize(optimize(Graph(root)))
    assert [row.code for row in program].count(WORD) == 1


class TestValues:
    def test_same_making_same_number(self) -> None:
        values = Values()
        load = values.of(WORD, 12)
        assert values.of(WORD, 12) == load != values.of(WORD, 14)
        assert (
            min(load, values.constant(0))
            > UNSURE
            >= values.either(load, load)
            != values.either(load, load)
        )
        assert values.known[values.constant(7)] == 7

    def test_limit(self) -> None:
        values = Values()
        octet, half = values.of(isa.LD | isa.B | isa.ABS, 1), values.of(isa.LD | isa.H | isa.ABS, 1)
        assert values.limit(octet) == 0xFF
        assert values.limit(values.of(isa.ALU | isa.ADD | isa.X, octet, half)) == 0x100FE
        masked = values.of(isa.ALU | isa.AND | isa.K, half, values.constant(0xF0))
        shifted = values.of(isa.ALU | isa.RSH | isa.K, masked, values.constant(2))
        assert (values.limit(masked), values.limit(shifted)) == (0xF0, 0x3C)
        assert values.limit(values.of(WORD, 3)) == 2**32 - 1
        assert values.limit(values.either(octet, masked)) == 0xFF
        assert values.limit(values.either(octet, UNSURE)) == 2**32 - 1

    def test_nonzero(self) -> None:
        values = Values()
        word, one = values.of(WORD, 3), values.constant(1)
        octet = values.of(isa.LD | isa.B | isa.ABS, 1)
        assert not values.nonzero(word)
        assert values.nonzero(values.of(isa.LD | isa.LEN, 0))
        assert values.nonzero(values.of(isa.ALU | isa.OR | isa.K, word, one))
        assert values.nonzero(values.of(isa.ALU | isa.ADD | isa.K, octet, one))
        assert not values.nonzero(values.of(isa.ALU | isa.ADD | isa.K, word, one))
