"""What the tests that a packet has passed tell of the values it has."""

from collections.abc import Iterator
from typing import NamedTuple

from pcapfilter.bpf import alu, isa
from pcapfilter.bpf.isa import (
    ABS,
    ADD,
    ALU,
    AND,
    IND,
    JEQ,
    JMP,
    JSET,
    LD,
    LDX,
    LEN,
    MSH,
    OR,
    RSH,
    SUB,
    K,
)
from pcapfilter.codegen.cfg import Stmt
from pcapfilter.codegen.optimize.fact import Fact
from pcapfilter.codegen.optimize.values import Values
from pcapfilter.codegen.optimize.work import A, Node, X

_MASK = ALU | AND | K
_SUBTRACTIONS = frozenset({ALU | SUB | K, ALU | SUB | isa.X})
_SUMS = frozenset({ALU | ADD | K, ALU | ADD | isa.X})
_LENGTHS = frozenset({LD | LEN, LDX | LEN})
_FAR = 1 << 31
_EQUAL, _EQUAL_X, _SET = JMP | JEQ | K, JMP | JEQ | isa.X, JMP | JSET | K
_FOLLOWED = frozenset({_MASK, ALU | OR | K, ALU | RSH | K})
_FIELDS = {LD | ABS | isa.W: 4, LD | ABS | isa.H: 2, LD | ABS | isa.B: 1, LDX | MSH | isa.B: 1}
_INDEXED = {LD | IND | isa.W: 4, LD | IND | isa.H: 2, LD | IND | isa.B: 1}
_ANCILLARY = 0xFFFFF000
_DEPTH = 4

Facts = dict[int, Fact]
"""What is known, by value number."""
Tests = dict[tuple[int, int, int], bool]
"""Outcomes by opcode, A and what it was compared with."""


class Case(NamedTuple):
    """What is known of the packets that come somewhere."""

    facts: Facts
    tests: Tests


class Known:
    """What follows from what, for the values of one numbering."""

    __slots__ = ("_numbers",)

    def __init__(self, numbers: Values) -> None:
        self._numbers = numbers

    def behind(
        self, here: Case, node: Node | Stmt, values: list[int], outcome: bool, reach: int
    ) -> Case | None:
        """Give what is known behind a block's test; None where it cannot come out so.

        `values` are those on leaving the block. The packet has at least `reach` octets.
        """
        if node.jt is node.jf:
            return here
        numbers, number = self._numbers, values[A]
        compared = values[X] if node.code & isa.X else numbers.constant(node.k)
        facts, tests = here.facts, here.tests
        for code, first, second, holds in self._meanings(node.code, number, compared, outcome):
            if tests.get((code, first, second), holds) != holds:
                return None
            tests = {**tests, (code, first, second): holds}
            if second in numbers.known:
                meaning, k = isa.ROWS[code].meaning, numbers.known[second]
                known = self.compared(facts, first, meaning, k, holds, reach)
            elif code == _EQUAL_X and holds:
                known = self._equal(facts, first, second, reach)
            else:
                continue
            if known is None:
                return None
            facts = known
            if not self._agrees(facts[first], first, tests):
                return None
        return Case(facts, tests)

    def _agrees(self, fact: Fact, number: int, tests: Tests) -> bool:
        """Tell whether one of the values, if they are known, comes through all tests so far."""
        if fact.values is None:
            return True
        asked = [
            (alu.COMPARE[isa.ROWS[code].meaning], self._numbers.known[second], outcome)
            for (code, first, second), outcome in tests.items()
            if first == number and second in self._numbers.known
        ]
        return any(all(test(v, k) == outcome for test, k, outcome in asked) for v in fact.values)

    def _meanings(
        self, code: int, number: int, compared: int, outcome: bool
    ) -> Iterator[tuple[int, int, int, bool]]:
        """Give a test, and what it says of the values that A was made of.

        Where a difference or a masked value is 0 or not, that is the test that `merge_ending` makes
        of it.
        """
        yield code, number, compared, outcome
        known = self._numbers.known
        while code == _EQUAL and known.get(compared) == 0:
            made, number, compared = self._numbers.making(number) or (0, 0, 0)
            if made == _MASK:
                yield _SET, number, compared, not outcome
            if made not in _SUBTRACTIONS:
                return
            code = _EQUAL if compared in known else _EQUAL_X
            yield code, number, compared, outcome

    def _equal(self, here: Facts, one: int, other: int, reach: int) -> Facts | None:
        """What is known if two values are equal; None if they cannot be."""
        known: Facts | None = here
        for first, second in ((one, other), (other, one)):
            limits = self._fact(here, second, _DEPTH, reach)
            for meaning, k in (("jge", limits.low), ("jgt", limits.high)):
                if known is not None:
                    known = self.compared(known, first, meaning, k, meaning == "jge", reach)
        return known

    def compared(
        self, here: Facts, number: int, meaning: str, k: int, outcome: bool, reach: int
    ) -> Facts | None:
        """Give what is known if a value compares so with k; None if it cannot."""
        fact = self._fact(here, number, _DEPTH, reach)
        behind = fact.behind(meaning, k, outcome)
        if behind is None:
            return None
        if fact.values is None and behind.values and self._contradicted(here, number, k):
            return None
        known = {**here, number: behind}
        made, base, mask = self._numbers.making(number) or (0, 0, 0)
        if made == _MASK and meaning == "jeq" and outcome:
            bits = self._fact(here, base, _DEPTH, reach).masked(self._numbers.known[mask], k)
            if bits is None:
                return None
            known[base] = bits
        return known

    def possible(self, here: Facts, reach: int) -> bool:
        """Tell whether what is known of the length allows as many octets as were loaded."""
        return all(fact.high >= reach for number, fact in here.items() if self._is_length(number))

    def _is_length(self, number: int) -> bool:
        making = self._numbers.making(number)
        return making is not None and making[0] in _LENGTHS

    def field(self, number: int) -> tuple[int, int]:
        """Give the offset and size of the field that a value is, if it is one at a known place.

        (0, 0) if it is none.
        """
        code, k, _ = self._numbers.making(number) or (0, 0, 0)
        return (k, _FIELDS[code]) if code in _FIELDS and k < _ANCILLARY else (0, 0)

    def least(self, number: int) -> int:
        """Give how many octets there must be for a value to be loaded, at least."""
        code, k, _ = self._numbers.making(number) or (0, 0, 0)
        size = _FIELDS.get(code) or _INDEXED.get(code, 0)
        return k + size if size and k < _ANCILLARY else 0

    def place(self, code: int, k: int, index: int) -> int:
        """Give the number of what is loaded from `x + k`, where x may be a sum with constants.

        A constant is taken into k if neither sum can wrap, for any x that is a place.
        """
        numbers = self._numbers
        while True:
            made, first, second = numbers.making(index) or (0, 0, 0)
            if made not in _SUMS:
                break
            if first in numbers.known:
                first, second = second, first
            added = numbers.known.get(second, _FAR)
            if added + k >= _FAR or numbers.limit(first) + added > alu.MASK:
                break
            index, k = first, added + k
        return numbers.of(code, k, index)

    def _fact(self, here: Facts, number: int, depth: int, reach: int) -> Fact:
        """What is known of a value, by itself or by what it was made of."""
        numbers = self._numbers
        if number in numbers.known:
            return Fact.of(frozenset((numbers.known[number],)))
        fact = here.get(number)
        making = numbers.making(number)
        code, first, second = making or (0, 0, 0)
        if code in _LENGTHS:
            fact = fact or Fact()
            return fact._replace(low=max(fact.low, reach)) if fact.high >= reach else fact
        if fact is None:
            fact = Fact(int(numbers.nonzero(number)), numbers.limit(number))
        if fact.values is not None or making is None:
            return fact
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
        making = self._numbers.making(number)
        if making is None or making[0] & 0x07 != LD:
            return {}
        return dict(enumerate(value.to_bytes(4, "big")[4 - size :], at))
