"""Numbers of 64 bits, as eBPF has them, of which not all is known.

Most of them are a Word and a known number added to it, and are kept so: comparing them, and finding
the octet at such a place, then needs no term of 64 bits. The meaning is that of ebpf.alu.
"""

from collections.abc import Callable
from typing import NamedTuple

import z3

from pcapfilter.ebpf import alu
from pcapfilter.tools.prove import words
from pcapfilter.tools.prove.words import TOP, Condition, Word, number

LONG = 2**64 - 1
_EASY = 2**62


class Long(NamedTuple):
    """A Word plus `add`, or, where there is none, `term`.

    `swapped` tells of a number loaded from the packet: its octets stand for the Word if they are
    turned around.
    """

    word: Word | None
    add: int = 0
    term: z3.BitVecRef | None = None
    swapped: int = 0

    @property
    def known(self) -> int | None:
        """The number, if it is known."""
        if self.word is None or not isinstance(self.word.term, int):
            return None
        return (self.word.term + self.add) & LONG

    def is_same(self, other: "Long") -> bool:
        """Tell whether both are one number, or one term."""
        if self.known is not None:
            return self.known == other.known
        if self.word is not None and other.word is not None:
            same = self.word.is_same(other.word) and self.add == other.add
            return same and self.swapped == other.swapped
        return self.term is not None and other.term is not None and bool(self.term.eq(other.term))


def long(value: int) -> Long:
    """Give the Long of a number; negative ones are taken as two's complement."""
    value &= LONG
    return Long(number(value & TOP), value - (value & TOP))


def low(a: Long, terms: z3.Context) -> Word:
    """Give the lower 32 bits."""
    if a.known is not None:
        return number(a.known & TOP)
    if a.word is None or a.swapped:
        return Word(z3.Extract(31, 0, wide(a, terms)), TOP)
    return a.word if a.add & TOP == 0 else words.operate("add", a.word, number(a.add & TOP))


def wide(a: Long, terms: z3.Context) -> z3.BitVecRef:
    """Give the number as a term of 64 bits."""
    if a.known is not None:
        return z3.BitVecVal(a.known, 64, terms)
    if a.word is None:
        return a.term
    term = a.word.term
    assert not isinstance(term, int)
    if a.swapped:
        parts = [z3.Extract(8 * n + 7, 8 * n, term) for n in range(a.swapped // 8)]
        turned = z3.Concat(*parts) if len(parts) > 1 else parts[0]
        return z3.ZeroExt(64 - a.swapped, turned)
    term = z3.ZeroExt(32, term)
    return term + a.add if a.add else term


def choose(ways: list[tuple[Condition, Long]], terms: z3.Context) -> Long:
    """Give the number of the one way that is taken, of those that come together."""
    first = ways[0][1]
    if all(first.is_same(other) for _, other in ways[1:]):
        return first
    if all(a.word is not None and not a.add and not a.swapped for _, a in ways):
        return Long(words.choose([(condition, a.word) for condition, a in ways if a.word]))
    chosen = wide(first, terms)
    for condition, a in ways[1:]:
        chosen = z3.If(condition, wide(a, terms), chosen)
    return Long(None, 0, chosen)


_WORDS = {"add", "sub", "mul", "or", "and", "xor"}
_TERMS: dict[str, Callable[[z3.BitVecRef, z3.BitVecRef, int], z3.BitVecRef]] = {
    "add": lambda a, b, _: a + b,
    "sub": lambda a, b, _: a - b,
    "mul": lambda a, b, _: a * b,
    "or": lambda a, b, _: a | b,
    "and": lambda a, b, _: a & b,
    "xor": lambda a, b, _: a ^ b,
    "lsh": lambda a, b, bits: a << (b & (bits - 1)),
    "rsh": lambda a, b, bits: z3.LShR(a, b & (bits - 1)),
    "arsh": lambda a, b, bits: a >> (b & (bits - 1)),
    "div": lambda a, b, _: z3.If(b == 0, 0, z3.UDiv(a, b)),
    "mod": lambda a, b, _: z3.If(b == 0, a, z3.URem(a, b)),
    "sdiv": lambda a, b, _: z3.If(b == 0, 0, a / b),
    "smod": lambda a, b, _: z3.If(b == 0, a, z3.SRem(a, b)),
    "movs8": lambda _a, b, bits: z3.SignExt(bits - 8, z3.Extract(7, 0, b)),
    "movs16": lambda _a, b, bits: z3.SignExt(bits - 16, z3.Extract(15, 0, b)),
    "movs32": lambda _a, b, _: z3.SignExt(32, z3.Extract(31, 0, b)),
}


def operate(meaning: str, a: Long, b: Long, bits: int, terms: z3.Context) -> Long:
    """Give a op b, of so many bits."""
    mask = (1 << bits) - 1
    if a.known is not None and b.known is not None:
        return long(alu.BINARY[meaning](a.known & mask, b.known & mask, bits))
    if bits == 32:
        return Long(_operate(meaning, low(a, terms), low(b, terms), terms))
    if meaning == "mov":
        return b
    if meaning == "add":
        for base, more in ((a, b), (b, a)):
            if base.word is None or more.known is None or base.swapped:
                continue
            step = base.add + alu.signed(more.known, 64)
            if 0 <= step <= _EASY:
                return Long(base.word, step)
    return Long(None, 0, _TERMS[meaning](wide(a, terms), wide(b, terms), 64))


def _operate(meaning: str, a: Word, b: Word, terms: z3.Context) -> Word:
    """Give a op b, of 32 bits."""
    if meaning == "mov":
        return b
    sure = isinstance(b.term, int) and (b.term > 0 if meaning in {"div", "mod"} else b.term < 32)
    if meaning in _WORDS or (sure and meaning in {"div", "mod", "lsh", "rsh"}):
        return words.operate(meaning, a, b)
    if meaning in {"lsh", "rsh"}:
        return words.operate(meaning, a, words.operate("and", b, number(31)))
    return Word(_TERMS[meaning](words.term(a, terms), words.term(b, terms), 32), TOP)


def change(meaning: str, a: Long, bits: int, terms: z3.Context) -> Long:
    """Give what a unary operator makes of a number."""
    mask = (1 << bits) - 1
    if a.known is not None:
        return long(alu.UNARY[meaning](a.known & mask, bits))
    if meaning == "neg":
        if bits == 32:
            return Long(words.opposite(low(a, terms)))
        return Long(None, 0, -wide(a, terms))
    size = int(meaning.lstrip("abeglpswn"))
    if meaning.startswith("le"):
        return Long(None, 0, z3.ZeroExt(64 - size, z3.Extract(size - 1, 0, wide(a, terms)))) if (
            size < 64
        ) else a  # fmt: skip
    if a.word is not None and a.swapped == size:
        return Long(a.word)
    term = wide(a, terms)
    parts = [z3.Extract(8 * n + 7, 8 * n, term) for n in range(size // 8)]
    turned = z3.Concat(*parts)
    return Long(None, 0, z3.ZeroExt(64 - size, turned) if size < 64 else turned)


_COMPARISONS: dict[str, Callable[[z3.BitVecRef, z3.BitVecRef], z3.BoolRef]] = {
    "jeq": lambda a, b: a == b,
    "jne": lambda a, b: a != b,
    "jset": lambda a, b: (a & b) != 0,
    "jgt": z3.UGT,
    "jge": z3.UGE,
    "jlt": z3.ULT,
    "jle": z3.ULE,
    "jsgt": lambda a, b: a > b,
    "jsge": lambda a, b: a >= b,
    "jslt": lambda a, b: a < b,
    "jsle": lambda a, b: a <= b,
}
_SIGNED = {"jsgt", "jsge", "jslt", "jsle"}


def compare(meaning: str, a: Long, b: Long, bits: int, terms: z3.Context) -> Condition:
    """Give whether a compares so with b, of so many bits."""
    mask = (1 << bits) - 1
    if a.known is not None and b.known is not None:
        return alu.COMPARE[meaning](a.known & mask, b.known & mask, bits)
    short = bits == 32 or (meaning not in _SIGNED and _fits(a) and _fits(b))
    test = _COMPARISONS[meaning]
    if short:
        return test(words.term(low(a, terms), terms), words.term(low(b, terms), terms))
    return test(wide(a, terms), wide(b, terms))


def _fits(a: Long) -> bool:
    """Tell whether a number is surely one of 32 bits."""
    return a.word is not None and (a.swapped > 0 or a.word.high + a.add <= TOP)
