"""Stretches that are lengthened are what a walk along the chain finds."""

import random

import pytest

import pcapfilter as pf
from pcapfilter.bpf import isa, text
from pcapfilter.codegen.cfg import Block, Graph, Stmt
from pcapfilter.codegen.optimize import steps, works
from pcapfilter.codegen.optimize.stretches import Stretch, Stretches
from pcapfilter.codegen.optimize.work import A, Node
from tests.codegen.drawn import Drawer
from tests.codegen.straight import graph_of

TESTS = (isa.JEQ, isa.JEQ, isa.JGT, isa.JSET)

# While tests are pulled up, 006 is come to from 003 and then from 005; both are above it.
TWICE_FROM_ABOVE = """\
(000) ld       [4]
(001) jeq      #0x7             jt 15\tjf 2
(002) ld       [4]
(003) jeq      #0x7             jt 6\tjf 4
(004) ld       [4]
(005) jgt      #0xd             jt 15\tjf 6
(006) ld       [4]
(007) jgt      #0xd             jt 15\tjf 8
(008) ld       [0]
(009) jeq      #0x6             jt 15\tjf 10
(010) ld       [4]
(011) jgt      #0x1a            jt 15\tjf 12
(012) ld       [4]
(013) jset     #0x1b            jt 15\tjf 14
(014) ret      #0
(015) ret      #1"""

Found = tuple[Node | None, list[Node], Node]


def walk(node: Node, value: int, shared: str, onward: str) -> Found | None:
    """The last test of the value, those of others behind it, and the next one of the value."""
    goal, last, part, at = getattr(node, shared), None, list[Node](), node
    while getattr(at, shared) is goal and at.dominators & node.bit:
        if at.values[A] != value:
            part.append(at)
        elif part:
            return last, part, at
        else:
            last = at
        at = getattr(at, onward)
    return None


@pytest.fixture
def walked(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Compare each stretch with a walk; whether each was lengthened."""
    found: list[bool] = []
    find = Stretches.find

    def compare(
        self: Stretches, node: Node, value: int, shared: str, onward: str
    ) -> Stretch | None:
        wanted = walk(node, value, shared, onward)
        stretch = find(self, node, value, shared, onward)
        assert (stretch is None) == (wanted is None)
        if stretch is not None:
            assert (stretch.last, stretch.part, stretch.pulled) == wanted
            found.append(stretch.summed > 0)
        return stretch

    monkeypatch.setattr(Stretches, "find", compare)
    return found


def optimise(graph: Graph) -> None:
    for work in works(graph):
        for _ in steps(work):
            pass


def drawn(rng: random.Random) -> Graph:
    """A chain of tests of a few words, in which some edges skip tests or leave it elsewhere."""
    ends = [Block(code=isa.RET | isa.K, k=1), Block(code=isa.RET | isa.K, k=0)]
    stray = rng.choice((0, 0.05, 0.1, 0.2))
    blocks = ends[::-1]
    for _ in range(rng.randrange(6, 60)):
        ways = [ends[0], blocks[-1]]
        for way in (0, 1):
            if rng.random() < stray:
                ways[way] = rng.choice(blocks[-6:])
        load = Stmt(isa.LD | isa.W | isa.ABS, 4 * rng.randrange(3))
        code = isa.JMP | rng.choice(TESTS) | isa.K
        blocks.append(Block([load], code, rng.randrange(1, 30), *ways))
    return Graph(blocks[-1])


def test_a_block_may_be_come_to_from_two_above(walked: list[bool]) -> None:
    optimise(graph_of(text.parse(TWICE_FROM_ABOVE)))
    assert walked


def test_stretches_of_drawn_graphs(walked: list[bool]) -> None:
    rng = random.Random(11)
    for _ in range(600):
        optimise(drawn(rng))
    assert any(walked)


def test_stretches_of_lists(walked: list[bool]) -> None:
    drawer = Drawer(3)
    for _ in range(40):
        try:
            pf.compile(drawer.chain())
        except pf.FilterError:
            continue
    assert any(walked)
