"""What the tests before an edge tell of the values on it; and that nobody takes it.

    1: ldh [12]    jeq #0x800    jt 2   jf 9
    2: ldb [12]    jeq #0x86     jt 3   jf 4       nobody comes to 3: [12] is 8

It is asked only where a rule would hold back a rewrite that changes nothing on such an edge.
"""

from typing import NamedTuple

from pcapfilter.bpf import alu, isa
from pcapfilter.bpf.isa import ABS, ALU, AND, IND, LD, LDX, LEN, MSH, OR, RSH, K
from pcapfilter.codegen.optimize.fact import Fact
from pcapfilter.codegen.optimize.facts import downwards
from pcapfilter.codegen.optimize.simplify import meet, number_block
from pcapfilter.codegen.optimize.values import UNSURE
from pcapfilter.codegen.optimize.work import A, Node, Work, X

_MASK = ALU | AND | K
_FOLLOWED = frozenset({_MASK, ALU | OR | K, ALU | RSH | K})
_FIELDS = {LD | ABS | isa.W: 4, LD | ABS | isa.H: 2, LD | ABS | isa.B: 1, LDX | MSH | isa.B: 1}
_MODE = 0xE7
_ANCILLARY = 0xFFFFF000
_DEPTH = 4
_CASES = 64
_ZERO = frozenset((0,))

Facts = dict[int, Fact]
"""What is known, by value number."""
Tests = dict[tuple[int, int, int], bool]
"""Outcomes by opcode, A and what it was compared with."""


class Case(NamedTuple):
    """What is known of the packets that come somewhere."""

    facts: Facts
    tests: Tests


class Known:
    """What is known on each edge: a block, with the outcome of its test.

    There are several cases, of which one holds, where ways met that know different things.
    `values` are the value numbers on leaving each block, as the graph is now.
    """

    __slots__ = ("_edges", "_work", "values")

    def __init__(self, work: Work) -> None:
        self._work = work
        self._edges: dict[tuple[Node, bool], list[Case]] = {}
        self.values: dict[Node, list[int]] = {}
        entering: dict[Node, list[Case]] = {work.root: [Case({}, {})]}
        meeting: dict[Node, list[list[int]]] = {work.root: [[UNSURE] * work.width]}
        for node in downwards(work.root):
            cases, values = _few(entering.pop(node, [])), meet(work, meeting[node])
            number_block(work, node, values)
            self.values[node] = values
            if node.jt is None or node.jf is None:
                continue
            for way, successor in ((True, node.jt), (False, node.jf)):
                found = (self.behind(case, node, values, way) for case in cases)
                behind = [case for case in found if case is not None]
                self._edges[node, way] = behind
                entering[successor] = [*entering.get(successor, ()), *behind]
                meeting.setdefault(successor, []).append(values)

    def on(self, node: Node, way: bool) -> list[Case]:
        """Give what is known on an edge: all cases there are, none where nobody takes it."""
        return self._edges.get((node, way), [])

    def behind(
        self, here: Case, node: Node, values: list[int], outcome: bool, reach: int = 0
    ) -> Case | None:
        """Give what is known behind a block's test; None where it cannot come out so.

        `values` are those on leaving the block. The packet has at least `reach` octets.
        """
        if node.jt is node.jf:
            return here
        numbers, number = self._work.numbers, values[A]
        compared = values[X] if node.code & isa.X else numbers.constant(node.k)
        key = (node.code, number, compared)
        if here.tests.get(key, outcome) != outcome:
            return None
        facts: Facts | None = here.facts
        if compared in numbers.known:
            meaning, k = isa.ROWS[node.code].meaning, numbers.known[compared]
            facts = self._compared(here.facts, number, meaning, k, outcome, reach)
        return None if facts is None else Case(facts, {**here.tests, key: outcome})

    def _compared(
        self, here: Facts, number: int, meaning: str, k: int, outcome: bool, reach: int
    ) -> Facts | None:
        fact = self._fact(here, number, _DEPTH, reach)
        behind = fact.behind(meaning, k, outcome)
        if behind is None:
            return None
        if fact.values is None and behind.values and self._contradicted(here, number, k):
            return None
        known = {**here, number: behind}
        making = self._work.numbers.making(number)
        if making is not None and making[0] == _MASK and behind == Fact.of(_ZERO):
            masked = self._fact(here, making[1], _DEPTH, reach)
            clear = masked.behind("jset", self._work.numbers.known[making[2]], outcome=False)
            if clear is None:
                return None
            known[making[1]] = clear
        return known

    def loaded(self, here: Facts) -> int:
        """Give how far the packet was read for these facts."""
        return max((sum(self.field(number)) for number in here), default=0)

    def field(self, number: int) -> tuple[int, int]:
        """Give the offset and size of the field that a value is, if it is one at a known place.

        (0, 0) if it is none.
        """
        code, k, index = self._work.numbers.making(number) or (0, 0, 0)
        if code & _MODE == IND and index in self._work.numbers.known:
            code, k = code & ~IND | ABS, k + self._work.numbers.known[index] & alu.MASK
        return (k, _FIELDS[code]) if code in _FIELDS and k < _ANCILLARY else (0, 0)

    def _fact(self, here: Facts, number: int, depth: int, reach: int) -> Fact:
        """What is known of a value, by itself or by what it was made of."""
        numbers = self._work.numbers
        if number in numbers.known:
            return Fact.of(frozenset((numbers.known[number],)))
        fact = here.get(number)
        making = numbers.making(number)
        if fact is None:
            fact = Fact(int(numbers.nonzero(number)), numbers.limit(number))
        if fact.values is not None or making is None:
            return fact
        code, first, second = making
        if code in {LD | LEN, LDX | LEN}:
            return fact._replace(low=max(fact.low, reach))
        if code in _FOLLOWED and second in numbers.known and depth:
            made = self._fact(here, first, depth - 1, reach)
            made = made.computed(isa.ROWS[code].meaning, numbers.known[second])
            return made if made.values is not None or number not in here else fact
        return self._part(here, number) or fact

    def _part(self, here: Facts, number: int) -> Fact | None:
        """What is known of a field that is part of a field whose values are known."""
        wanted = self._octets(number, 0)
        for other, fact in here.items() if wanted else ():
            if fact.values is not None and wanted.keys() <= self._octets(other, 0).keys():
                values = set()
                for value in fact.values:
                    octets = self._octets(other, value)
                    values.add(int.from_bytes(bytes(octets[at] for at in wanted), "big"))
                return Fact.of(frozenset(values))
        return None

    def _contradicted(self, here: Facts, number: int, k: int) -> bool:
        """Tell whether a field cannot be k, since another one over the same bytes is known."""
        wanted = self._octets(number, k)
        if not wanted:
            return False
        return any(
            fact.values is not None
            and not any(
                all(wanted.get(at, octet) == octet for at, octet in self._octets(other, v).items())
                for v in fact.values
            )
            for other, fact in here.items()
        )

    def _octets(self, number: int, value: int) -> dict[int, int]:
        """The octets of the packet that make a value, by their offset; none if it is no field."""
        at, size = self.field(number)
        making = self._work.numbers.making(number)
        if making is None or making[0] & 0x07 != LD:
            return {}
        return dict(enumerate(value.to_bytes(4, "big")[4 - size :], at))


def _few(cases: list[Case]) -> list[Case]:
    """Join cases into one if they are too many."""
    if len(cases) <= _CASES:
        return cases
    facts, tests = cases[0]
    for case in cases[1:]:
        facts = {n: facts[n].either(case.facts[n]) for n in facts.keys() & case.facts.keys()}
        tests = {key: way for key, way in tests.items() if case.tests.get(key) is way}
    return [Case(facts, tests)]
