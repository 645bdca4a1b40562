"""Order, offsets and long jumps: by hand, and against libpcap's unoptimised programs."""

import random

import pytest

from pcapfilter.bpf import isa
from pcapfilter.bpf.program import Program
from pcapfilter.codegen.cfg import NOP, Block, Graph, Stmt
from pcapfilter.codegen.linearize import linearize
from pcapfilter.errors import FilterError, InternalError
from tests import oracle, strategies
from tests.codegen.straight import graph_of

EQ = isa.JMP | isa.JEQ | isa.K
JA = isa.JMP | isa.JA
LOAD = isa.LD | isa.B | isa.ABS
ACCEPT, REJECT = 262144, 0


def diamond(filler: int) -> Graph:
    """A test whose true side is `filler` statements and a return, and whose false side returns."""
    true = Block([Stmt(LOAD, n) for n in range(filler)], k=ACCEPT)
    return Graph(Block([Stmt(LOAD, 9)], EQ, 1, true, Block()))


def test_true_side_comes_first() -> None:
    assert linearize(diamond(1)) == Program.of(
        [(LOAD, 0, 0, 9), (EQ, 0, 2, 1), (LOAD, 0, 0, 0), (6, 0, 0, ACCEPT), (6, 0, 0, REJECT)]
    )


def test_shared_block_stands_behind_all_that_lead_to_it() -> None:
    accept, reject = Block(k=ACCEPT), Block()
    second = Block([], EQ, 2, accept, reject)
    assert linearize(Graph(Block([], EQ, 1, accept, second))) == Program.of(
        [(EQ, 1, 0, 1), (EQ, 0, 1, 2), (6, 0, 0, ACCEPT), (6, 0, 0, REJECT)]
    )


def test_statements_that_do_nothing_are_left_out() -> None:
    graph = Graph(Block([Stmt(NOP), Stmt(LOAD, 3), Stmt(NOP)], k=ACCEPT))
    assert linearize(graph) == Program.of([(LOAD, 0, 0, 3), (6, 0, 0, ACCEPT)])


@pytest.mark.parametrize(("filler", "long"), [(254, False), (255, True), (400, True)])
def test_offset_over_255_becomes_a_long_jump(filler: int, long: bool) -> None:
    program = linearize(diamond(filler))
    if long:
        assert program[1] == (EQ, 1, 0, 1)
        assert program[2] == (JA, 0, 0, filler + 1)
    else:
        assert program[1] == (EQ, 0, 255, 1)
    assert graph_of(program).root.jf is not None
    assert linearize(graph_of(program)) == program


def test_one_long_jump_pushes_the_other_too_far() -> None:
    accept, reject = Block(k=ACCEPT), Block()
    between = Block([Stmt(LOAD, n) for n in range(254)], EQ, 7, accept, reject)
    program = linearize(Graph(Block([], EQ, 1, Block([], EQ, 2, accept, reject), between)))
    assert program[1:4] == ((EQ, 0, 1, 2), (JA, 0, 0, 256), (JA, 0, 0, 256))
    assert linearize(graph_of(program)) == program


def test_jump_within_a_block() -> None:
    end = Stmt(NOP)
    load = Stmt(LOAD, 1)
    jump = Stmt(EQ, 6, end, load)
    block = Block([jump, load, end], k=ACCEPT)
    assert linearize(Graph(block))[0] == (EQ, 1, 0, 6)


def test_backward_jump_is_unsigned() -> None:
    load = Stmt(LOAD, 1)
    block = Block([load, Stmt(JA, 0, load, load)], k=ACCEPT)
    assert linearize(Graph(block))[1] == (JA, 0, 0, 2**32 - 2)


@pytest.mark.parametrize("yes", [True, False])
def test_how_far_a_jump_within_a_block_reaches(yes: bool) -> None:
    end, load = Stmt(NOP), Stmt(LOAD, 1)
    jump = Stmt(EQ, 6, end, load) if yes else Stmt(EQ, 6, load, end)
    block = Block([jump, load, *(Stmt(LOAD, 2) for _ in range(254)), end], k=ACCEPT)
    assert linearize(Graph(block))[0] == ((EQ, 255, 0, 6) if yes else (EQ, 0, 255, 6))
    block.stmts.insert(2, Stmt(LOAD, 2))
    with pytest.raises(FilterError, match="out-of-range jump"):
        linearize(Graph(block))


def test_refuses_what_no_jump_can_reach() -> None:
    end, load = Stmt(NOP), Stmt(LOAD, 1)
    far = Block([Stmt(EQ, 6, end, load), load, *(Stmt(LOAD, 2) for _ in range(256)), end])
    with pytest.raises(FilterError, match="out-of-range jump for block-local relative jump"):
        linearize(Graph(far))
    with pytest.raises(InternalError, match="goes back"):
        linearize(Graph(Block([load, Stmt(EQ, 6, load, load)])))
    with pytest.raises(InternalError, match="leaves the block"):
        linearize(Graph(Block([Stmt(EQ, 6, load, load)])))


def test_deep_graph() -> None:
    """No recursion along the blocks."""
    accept, reject = Block(k=ACCEPT), Block()
    root = reject
    for number in range(20_000):
        root = Block([], EQ, number, accept, root)
    program = linearize(Graph(root))
    assert len(program) > 20_000
    assert linearize(graph_of(program)) == program


@oracle.needs_libpcap
@pytest.mark.parametrize("link", ["EN10MB", "RAW", "NULL", "LINUX_SLL2", "PPP"])
def test_gives_back_unoptimised_programs(link: str, rng: random.Random, sweep: float) -> None:
    for _ in range(int(150 * sweep)):
        text = strategies.draw(rng, link)
        try:
            program = oracle.compile(text, link, optimize=False)
        except oracle.Refused:
            continue
        if "protochain" not in text:
            assert linearize(graph_of(program)) == program, text


@oracle.needs_libpcap
@pytest.mark.parametrize(
    "text",
    [
        " or ".join(f"host 1.2.{n // 250}.{n % 250}" for n in range(300)),
        " and ".join(f"not port {n}" for n in range(1, 120)),
        "not (" * 300 + "tcp" + ")" * 300,
        "(" + " or ".join(f"port {n}" for n in range(1, 80)) + ") and less 9",
    ],
    ids=["or", "and", "not", "mixed"],
)
def test_long_jumps_are_libpcaps(text: str) -> None:
    program = oracle.compile(text, optimize=False)
    assert linearize(graph_of(program)) == program
