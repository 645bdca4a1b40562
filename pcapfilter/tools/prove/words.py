"""Words of 32 bits of which not all is known, and what operators make of them.

A Word is a number, or a term of Z3 with the largest value that it can have. The meaning is that of
bpf.alu: where both sides are numbers, bpf.alu itself computes. Conditions are True, False or terms.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, TypeAlias

import z3

from pcapfilter.bpf import alu

TOP = alu.MASK

Condition: TypeAlias = bool | z3.BoolRef


class Word(NamedTuple):
    """A number from 0 to `high`: known (an int), or a term of 32 bits."""

    term: int | z3.BitVecRef
    high: int

    def is_same(self, other: "Word") -> bool:
        """Tell whether both are one number, or one term."""
        a, b = self.term, other.term
        if isinstance(a, int) or isinstance(b, int):
            return isinstance(a, int) and isinstance(b, int) and a == b
        return a is b or bool(a.eq(b))


def number(value: int) -> Word:
    """Give the Word of a number."""
    return Word(value, value)


ZERO = number(0)


def both(a: Condition, b: Condition) -> Condition:
    """Give a and b."""
    if a is False or b is False:
        return False
    if a is True:
        return b
    return a if b is True else _joined(z3.Z3_mk_and, (a, b))


def either(conditions: Iterable[Condition]) -> Condition:
    """Give whether one of them holds."""
    terms = []
    for condition in conditions:
        if condition is True:
            return True
        if condition is not False:
            terms.append(condition)
    if len(terms) < 2:
        return terms[0] if terms else False
    return _joined(z3.Z3_mk_or, terms)


def _joined(make: Callable[..., Any], terms: Sequence[z3.BoolRef]) -> z3.BoolRef:
    """Join conditions by the function of Z3 itself: z3.And and z3.Or take ten times as long."""
    world = terms[0].ctx
    array = (z3.Ast * len(terms))(*(term.ast for term in terms))
    return z3.BoolRef(make(world.ref(), len(terms), array), world)


def negate(a: Condition) -> Condition:
    """Give not a."""
    if isinstance(a, bool):
        return not a
    return z3.BoolRef(z3.Z3_mk_not(a.ctx.ref(), a.ast), a.ctx)


def differ(a: Condition, b: Condition) -> Condition:
    """Give whether one holds and the other does not."""
    if isinstance(a, bool):
        return negate(b) if a else b
    if isinstance(b, bool):
        return negate(a) if b else a
    return z3.Xor(a, b)


def choose(ways: list[tuple[Condition, Word]]) -> Word:
    """Give the Word of the one way that is taken, of those that come together."""
    chosen = ways[0][1]
    for condition, word in ways[1:]:
        if chosen.is_same(word):
            continue
        if isinstance(condition, bool):
            chosen = word if condition else chosen
        else:
            yes = term(word, condition.ctx)
            no = term(chosen, condition.ctx)
            chosen = Word(z3.If(condition, yes, no), max(word.high, chosen.high))
    return chosen


def term(word: Word, terms: z3.Context) -> z3.BitVecRef:
    """Give the number as a term of 32 bits."""
    if isinstance(word.term, int):
        return z3.BitVecVal(word.term, 32, terms)
    return word.term


def _terms(a: Word, b: Word) -> tuple[z3.BitVecRef, z3.BitVecRef]:
    """Both as terms; at least one is."""
    known = b.term if isinstance(a.term, int) else a.term
    assert not isinstance(known, int)
    return term(a, known.ctx), term(b, known.ctx)


def _filled(high: int) -> int:
    """The largest number that has as many bits."""
    return (1 << high.bit_length()) - 1


_OPERATORS: dict[str, tuple[Callable[..., z3.BitVecRef], Callable[[Word, Word], int]]] = {
    # meaning: (the term, the largest value before it is cut to 32 bits)
    "add": (lambda a, b: a + b, lambda a, b: a.high + b.high),
    "sub": (lambda a, b: a - b, lambda _a, _b: TOP),
    "mul": (lambda a, b: a * b, lambda a, b: a.high * b.high),
    "div": (z3.UDiv, lambda a, b: a.high // max(b.term, 1) if isinstance(b.term, int) else a.high),
    "mod": (z3.URem, lambda a, b: min(a.high, max(b.high - 1, 0))),
    "or": (lambda a, b: a | b, lambda a, b: _filled(a.high | b.high)),
    "xor": (lambda a, b: a ^ b, lambda a, b: _filled(a.high | b.high)),
    "and": (lambda a, b: a & b, lambda a, b: min(a.high, b.high)),
    "lsh": (lambda a, b: a << b, lambda a, b: a.high << min(b.high, 32)),
    "rsh": (
        z3.LShR,
        lambda a, b: a.high >> min(b.term, 32) if isinstance(b.term, int) else a.high,
    ),
}
"""In Z3, too, a shift by 32 or more gives 0. What division by zero gives is never looked at."""


def operate(meaning: str, a: Word, b: Word) -> Word:
    """Give a op b; b is not 0 where op divides."""
    if isinstance(a.term, int) and isinstance(b.term, int):
        return number(alu.BINARY[meaning](a.term, b.term))
    make, bound = _OPERATORS[meaning]
    high = bound(a, b)
    if high == 0:
        return ZERO
    return Word(make(*_terms(a, b)), min(high, TOP))


def opposite(a: Word) -> Word:
    """Give -a."""
    return number(alu.negate(a.term)) if isinstance(a.term, int) else Word(-a.term, TOP)


_COMPARISONS: dict[str, Callable[[z3.BitVecRef, z3.BitVecRef], z3.BoolRef]] = {
    "jeq": lambda a, b: a == b,
    "jgt": z3.UGT,
    "jge": z3.UGE,
    "jset": lambda a, b: (a & b) != 0,
}


def compare(meaning: str, a: Word, b: Word) -> Condition:
    """Give whether a compares so with b."""
    if isinstance(a.term, int) and isinstance(b.term, int):
        return alu.COMPARE[meaning](a.term, b.term)
    return _COMPARISONS[meaning](*_terms(a, b))
