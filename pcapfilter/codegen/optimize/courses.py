"""Whether two courses through the graph come to the same verdict, found by going both to the end.

It is asked where a rule that looks at one block at a time would hold a rewrite back. The packets
in question are those on which no load of the program before the rewrite fails; so the old course is
gone first, and what it has loaded the new one may load too.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from pcapfilter.bpf.isa import ABS, IND, LD, LDX, MSH
from pcapfilter.codegen.cfg import NOP
from pcapfilter.codegen.optimize.known import Case, Known
from pcapfilter.codegen.optimize.simplify import number
from pcapfilter.codegen.optimize.work import A, Node, Work, X

_LOADS = frozenset({LD | ABS, LD | IND, LDX | MSH})

Edge = tuple[Node, str]
"""A block, and `jt` or `jf`."""
Edges = Mapping[Edge, Node]
"""Edges, and where they lead to in one of the courses."""


class Place(NamedTuple):
    """A block that is come to, with the value number of every slot."""

    node: Node
    values: list[int]


class _Stage(NamedTuple):
    """How far a course has come, and what is known of the packets that come there.

    The first `reach` octets, and all the `fields`, can be loaded; `daring` says that the course has
    loaded something else.
    """

    place: Place
    case: Case
    reach: int
    fields: frozenset[int]
    daring: bool = False


class _LostError(Exception):
    """The end cannot be seen from here."""


class Courses:
    """The questions that may be asked in one round."""

    __slots__ = ("_known", "_work")

    def __init__(self, work: Work, known: Known) -> None:
        self._work = work
        self._known = known

    def same(
        self, edge: tuple[Node, bool], old: Node, new: Node, moved: Edges | None = None
    ) -> bool:
        """Tell whether all who take an edge come to one verdict from `old` and from `new`.

        `moved` are the edges that lead elsewhere in the new course.
        """
        known = self._known
        try:
            for case in known.on(*edge):
                values = known.values[edge[0]]
                reach, fields = known.loaded(case.facts), frozenset(case.facts)
                for end in self._ends(
                    _Stage(Place(old, values), case, reach, fields), {}, old=True
                ):
                    if not self._comes_to(end, Place(new, values), moved or {}):
                        return False
        except _LostError:
            return False
        return True

    def _comes_to(self, end: _Stage, new: Place, moved: Edges) -> bool:
        """Tell whether the new course comes to the same end."""
        verdict = end.place.node
        for other in self._ends(end._replace(place=new), moved, old=False):
            reached = other.place.node
            if (reached.code, reached.k) != (verdict.code, verdict.k):
                return False
            if other.daring and not verdict.rejects:
                return False
        return True

    def _ends(self, stage: _Stage, moved: Edges, *, old: bool) -> Iterator[_Stage]:
        """Give each return that can be come to."""
        stack = [stage]
        while stack:
            stage = stack.pop()
            node = stage.place.node
            if node.jt is None or node.jf is None:
                yield stage
                continue
            if not self._work.patience:
                raise _LostError
            self._work.patience -= 1
            stage = self._through(stage, old=old)
            for way, name in ((True, "jt"), (False, "jf")):
                onward = moved.get((node, name)) or getattr(node, name)
                values = stage.place.values
                case = self._known.behind(stage.case, node, values, way, stage.reach)
                if case is not None:
                    stack.append(stage._replace(place=Place(onward, values), case=case))

    def _through(self, stage: _Stage, *, old: bool) -> _Stage:
        """Do what the block does before its test."""
        node, values = stage.place
        if node.jumps_inside or node.divisions:
            raise _LostError
        values, reach, fields, daring = values[:], stage.reach, stage.fields, stage.daring
        for stmt in node.stmts:
            if stmt.code == NOP:
                continue
            number(self._work, stmt, values)
            if stmt.code & 0xE7 not in _LOADS:
                continue
            made = values[A] if stmt.code & 0x07 == LD else values[X]
            end = sum(self._known.field(made))
            if old:
                reach, fields = max(reach, end), fields | {made}
            elif made not in fields and not 0 < end <= reach:
                daring = True
        return stage._replace(place=Place(node, values), reach=reach, fields=fields, daring=daring)
