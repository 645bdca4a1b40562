"""Whether two graphs give every packet the same verdict, found by going all courses to the end.

It is asked of libpcap's result where one of the steps to it may have been wrong. The packets in
question are those on which no load of the first graph fails: the second may load what the first has
loaded, and anything where the packet is rejected anyway.
"""

from collections.abc import Iterator
from typing import NamedTuple

from pcapfilter.bpf import isa
from pcapfilter.bpf.isa import ABS, IND, LD, LDX, MSH
from pcapfilter.codegen.cfg import NOP, Graph, Stmt
from pcapfilter.codegen.optimize.fact import Fact
from pcapfilter.codegen.optimize.known import Case, Known
from pcapfilter.codegen.optimize.simplify import DIVIDES, number
from pcapfilter.codegen.optimize.values import LONGEST, UNSURE
from pcapfilter.codegen.optimize.work import A, Node, Work, X
from pcapfilter.errors import FilterError

PATIENCE = 60_000
"""So many blocks are gone through before the answer is no."""
_LOADS = frozenset({LD | ABS, LD | IND, LDX | MSH})
_MODE = 0xE7


def same(one: Graph, other: Graph, patience: int = PATIENCE) -> bool:
    """Tell whether two graphs surely give the same verdicts."""
    before, after = Work(one), Work(other)
    return _Courses(before).agree(before.root, after.root, max(before.width, after.width), patience)


class _Stage(NamedTuple):
    """How far a course has come, and what is known of the packets that come there.

    `node` is the block that is come to, with the value number of every slot; None if the packet is
    rejected by a division. The first `reach` octets, and all the `fields`, can be loaded; `daring`
    says that the course has loaded something else.
    """

    node: Node | None
    values: list[int]
    case: Case
    reach: int = 0
    fields: frozenset[int] = frozenset()
    daring: bool = False

    @property
    def verdict(self) -> tuple[int, int]:
        """The return that was come to."""
        return (isa.RET | isa.K, 0) if self.node is None else (self.node.code, self.node.k)


class _LostError(Exception):
    """The end cannot be seen from here."""


class _Courses:
    """The courses through two graphs, with one numbering of values."""

    __slots__ = ("_known", "_patience", "_work")

    def __init__(self, work: Work) -> None:
        self._work = work
        self._known = Known(work.numbers)
        self._patience = 0

    def agree(self, one: Node, other: Node, width: int, patience: int) -> bool:
        """Tell whether all courses from two roots come to the same verdicts."""
        self._patience = patience
        values = [UNSURE] * width
        try:
            # A and X begin at 0.
            case = Case({UNSURE: Fact.of(frozenset((0,)))}, {})
            for end in self._ends(_Stage(one, values, case), first=True):
                if not self._known.possible(end.case.facts, end.reach):
                    continue
                for second in self._ends(end._replace(node=other, values=values), first=False):
                    if second.verdict != end.verdict:
                        return False
                    if second.daring and end.verdict[1]:
                        return False
        except _LostError:
            return False
        return True

    def _ends(self, stage: _Stage, *, first: bool) -> Iterator[_Stage]:
        """Give each end that can be come to."""
        stack = [stage]
        while stack:
            stage = stack.pop()
            node = stage.node
            assert node is not None
            self._step()
            for behind in self._through(stage, node, first=first):
                if behind.node is None or node.jt is None or node.jf is None:
                    yield behind
                    continue
                for way, onward in ((True, node.jt), (False, node.jf)):
                    if way or onward is not node.jt:
                        case = self._behind(behind, node, way)
                        if case is not None:
                            stack.append(behind._replace(node=onward, case=case))

    def _through(self, stage: _Stage, node: Node, *, first: bool) -> Iterator[_Stage]:
        """Do what a block does before its test; give rejections by a division, and who goes on."""
        starts = [(stage, 0)]
        while starts:
            begun, start = starts.pop()
            for behind, jump in self._straight(begun, node.stmts, start, first=first):
                if jump is None:
                    yield behind
                    continue
                self._step()
                for way, target in ((True, jump.jt), (False, jump.jf)):
                    case = self._behind(behind, jump, way)
                    if case is not None and target is not None and (way or target is not jump.jt):
                        starts.append((behind._replace(case=case), node.stmts.index(target)))

    def _straight(
        self, stage: _Stage, stmts: list[Stmt], start: int, *, first: bool
    ) -> Iterator[tuple[_Stage, Stmt | None]]:
        """Do what stands before the next jump within the block, and give that; None at the end."""
        node, values, case = stage.node, stage.values[:], stage.case
        reach, fields, daring = stage.reach, stage.fields, stage.daring
        for stmt in stmts[start:]:
            if stmt.code == NOP:
                continue
            if stmt.jt is not None:
                yield _Stage(node, values, case, reach, fields, daring), stmt
                return
            if stmt.code in DIVIDES:
                zero = self._known.compared(case.facts, values[X], "jeq", 0, True, reach)
                other = self._known.compared(case.facts, values[X], "jeq", 0, False, reach)
                if zero is not None:
                    rejected = case._replace(facts=zero)
                    yield _Stage(None, values, rejected, reach, fields, daring), None
                if other is None:
                    return
                case = case._replace(facts=other)
            self._number(stmt, values)
            if stmt.code & _MODE not in _LOADS:
                continue
            made = values[A] if stmt.code & 0x07 == LD else values[X]
            end = sum(self._known.field(made))
            if first:
                reach, fields = max(reach, self._known.least(made)), fields | {made}
                if reach > LONGEST:
                    return  # there is no such packet
            elif made not in fields and not 0 < end <= reach:
                daring = True
        yield _Stage(node, values, case, reach, fields, daring), None

    def _step(self) -> None:
        """Go on, unless patience is at its end."""
        if not self._patience:
            raise _LostError
        self._patience -= 1

    def _behind(self, stage: _Stage, test: Node | Stmt, way: bool) -> Case | None:
        """Give what is known behind a test; None where it cannot come out so."""
        return self._known.behind(stage.case, test, stage.values, way, stage.reach)

    def _number(self, stmt: Stmt, values: list[int]) -> None:
        """Number what a statement makes, alike whether it was simplified before or not."""
        simple = Stmt(stmt.code, stmt.k)
        try:
            number(self._work, simple, values, alter=True)
        except FilterError:
            raise _LostError from None
        if simple.code & _MODE == LD | IND:
            values[A] = self._known.place(simple.code, simple.k, values[X])
