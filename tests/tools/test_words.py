"""Unknown numbers: each operator and comparison means what bpf.alu and ebpf.alu say."""

import random

import pytest

from pcapfilter.bpf import alu as classic
from pcapfilter.ebpf import alu

pytest.importorskip("z3")

import z3

from pcapfilter.tools.prove import longs, words
from pcapfilter.tools.prove.longs import Long, long
from pcapfilter.tools.prove.words import TOP, Word, number

NUMBERS = (0, 1, 5, 31, 32, 33, 64, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 2**63, 2**64 - 1)
TERMS = z3.Context()


def pairs() -> list[tuple[int, int]]:
    rng = random.Random(3)
    drawn = [(rng.getrandbits(64), rng.getrandbits(rng.choice((3, 6, 32, 64)))) for _ in range(15)]
    return [(a, b) for a in NUMBERS for b in NUMBERS] + drawn


def hidden(value: int) -> Long:
    """A number that the prover takes for unknown."""
    return Long(None, 0, z3.BitVecVal(value, 64, TERMS))


def shown(term: object) -> int:
    return int(z3.simplify(term).as_long())


def seen(a: Long) -> int:
    return shown(longs.wide(a, TERMS))


def cut(value: int) -> Word:
    return Word(z3.BitVecVal(value & TOP, 32, TERMS), TOP)


@pytest.mark.parametrize("meaning", classic.BINARY)
def test_classic_operators(meaning: str) -> None:
    for a, b in ((a & TOP, b & TOP) for a, b in pairs()):
        if b == 0 and meaning in {"div", "mod"}:
            continue
        wanted = classic.BINARY[meaning](a, b)
        for left in (number(a), cut(a), Word(cut(a).term, a)):
            for right in (number(b), cut(b), Word(cut(b).term, b)):
                found = words.operate(meaning, left, right)
                value = found.term if isinstance(found.term, int) else shown(found.term)
                assert value == wanted <= found.high


@pytest.mark.parametrize("meaning", classic.COMPARE)
def test_classic_comparisons(meaning: str) -> None:
    for a, b in pairs():
        wanted = classic.COMPARE[meaning](a & TOP, b & TOP)
        for right in (number(b & TOP), cut(b)):
            assert z3.is_true(z3.simplify(words.compare(meaning, cut(a), right))) == wanted


@pytest.mark.parametrize(
    ("meaning", "bits"),
    [(meaning, bits) for meaning in alu.BINARY for bits in (32, 64) if meaning != "movs32"]
    + [("movs32", 64)],
)
def test_operators(meaning: str, bits: int) -> None:
    mask = (1 << bits) - 1
    for a, b in pairs():
        wanted = alu.BINARY[meaning](a & mask, b & mask, bits)
        for left in (long(a), hidden(a)):
            for right in (long(b), hidden(b)):
                assert seen(longs.operate(meaning, left, right, bits, TERMS)) == wanted


@pytest.mark.parametrize("meaning", alu.UNARY)
def test_unary_operators(meaning: str) -> None:
    for a, _ in pairs():
        for bits in (32, 64) if meaning == "neg" else (64,):
            wanted = alu.UNARY[meaning](a & ((1 << bits) - 1), bits)
            for value in (long(a), hidden(a)):
                assert seen(longs.change(meaning, value, bits, TERMS)) == wanted


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("meaning", alu.COMPARE)
def test_comparisons(meaning: str, bits: int) -> None:
    mask = (1 << bits) - 1
    for a, b in pairs():
        wanted = alu.COMPARE[meaning](a & mask, b & mask, bits)
        for left, right in ((hidden(a), long(b)), (long(a), hidden(b)), (long(a), long(b))):
            found = longs.compare(meaning, left, right, bits, TERMS)
            assert (found if isinstance(found, bool) else z3.is_true(z3.simplify(found))) == wanted


def test_sums_stay_simple() -> None:
    """A word and a number added to it: no term of 64 bits is needed."""
    word = Word(z3.BitVec("x", 32, TERMS), 60)
    moved = longs.operate("add", Long(word), long(14), 64, TERMS)
    assert (moved.word, moved.add) == (word, 14)
    assert longs.operate("add", moved, long(-14), 64, TERMS) == Long(word)
    below = longs.operate("add", moved, long(-15), 64, TERMS)
    assert below.word is None
    assert longs.low(moved, TERMS).high == 74


def test_octets_turned_round() -> None:
    word = Word(z3.BitVecVal(0x1234, 32, TERMS), 0xFFFF)
    loaded = Long(word, 0, None, 16)
    assert seen(loaded) == 0x3412
    assert longs.change("be16", loaded, 64, TERMS) == Long(word)
    assert seen(longs.change("be32", loaded, 64, TERMS)) == 0x12340000
    assert seen(longs.operate("add", loaded, long(1), 64, TERMS)) == 0x3413
