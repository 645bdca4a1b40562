"""What is known of a value, and whether two graphs give every packet the same verdict."""

import random

import pytest

from pcapfilter.bpf import alu, text
from pcapfilter.codegen.optimize.courses import same
from pcapfilter.codegen.optimize.fact import Fact
from tests.codegen.straight import graph_of

NUMBERS = (0, 1, 2, 3, 5, 7, 8, 12, 15, 0xFF, 0x100, 0xFFFF, 0xFFFFFFFE, 0xFFFFFFFF)
MEANINGS = tuple(alu.COMPARE)


def test_facts_follow_what_values_do() -> None:
    """Whatever is known of a value holds for it, through tests, masks and arithmetic."""
    rng = random.Random(5)
    for _ in range(3000):
        value = rng.choice(NUMBERS)
        fact = Fact()
        for _ in range(rng.randrange(6)):
            k = rng.choice(NUMBERS)
            match rng.randrange(4):
                case 0:
                    meaning = rng.choice(("and", "or", "rsh", "lsh", "add"))
                    fact = fact.computed(meaning, k)
                    value = alu.BINARY[meaning](value, k)
                case 1:
                    masked = fact.masked(k, value & k)
                    assert masked is not None
                    fact = masked
                case _:
                    meaning = rng.choice(MEANINGS)
                    outcome = alu.COMPARE[meaning](value, k)
                    behind = fact.behind(meaning, k, outcome)
                    assert behind is not None
                    fact = behind
            assert fact.allows(value)
            assert fact.low <= value <= fact.high


@pytest.mark.parametrize(
    ("first", "second", "outcome"),
    [
        (("jgt", 5, True), ("jgt", 5, True), True),
        (("jgt", 5, True), ("jgt", 4, False), None),
        (("jge", 9, False), ("jeq", 9, True), None),
        (("jset", 6, False), ("jset", 4, True), None),
        (("jset", 6, False), ("jeq", 2, True), None),
        (("jeq", 0, False), ("jgt", 0, False), None),
        (("jset", 0, True), ("jeq", 0, True), None),
    ],
)
def test_tests_that_follow_from_each_other(
    first: tuple[str, int, bool], second: tuple[str, int, bool], outcome: bool | None
) -> None:
    fact = Fact().behind(*first)
    assert (fact is not None and fact.behind(*second) is not None) is (outcome is True)


def agree(one: str, other: str, patience: int = 1000) -> bool:
    """Whether two programs are seen to give the same verdicts."""
    return same(graph_of(text.parse(one)), graph_of(text.parse(other)), patience)


REJECTS = "(000) ret #0"
ACCEPTS = "(000) ret #1"
CASES = {
    # what is to be seen, the first program, the second, and another that it is not
    "bytes of a field that is known": (
        """\
(000) ldh      [12]
(001) jeq      #0x806           jt 2	jf 5
(002) ldb      [12]
(003) jge      #0xe0            jt 4	jf 5
(004) ret      #1
(005) ret      #0""",
        REJECTS,
        ACCEPTS,
    ),
    "another value in A, with the bit that is asked for": (
        """\
(000) ldb      [1]
(001) jeq      #0x9             jt 2	jf 6
(002) ldb      [1]
(003) jset     #0x8             jt 5	jf 6
(004) ret      #0
(005) ret      #1
(006) ret      #0""",
        """\
(000) ldb      [1]
(001) jeq      #0x9             jt 2	jf 3
(002) ret      #1
(003) ret      #0""",
        """\
(000) ldb      [1]
(001) jeq      #0x8             jt 2	jf 3
(002) ret      #1
(003) ret      #0""",
    ),
    "the length is not less than what was loaded": (
        """\
(000) ldb      [30]
(001) jeq      #0x9             jt 2	jf 5
(002) ld       #pktlen
(003) jgt      #0x1e            jt 4	jf 5
(004) ret      #1
(005) ret      #0""",
        """\
(000) ldb      [30]
(001) jeq      #0x9             jt 2	jf 3
(002) ret      #1
(003) ret      #0""",
        REJECTS,
    ),
    "a difference that is 0": (
        """\
(000) ldb      [4]
(001) sub      #9
(002) jeq      #0x0             jt 3	jf 4
(003) ret      #1
(004) ret      #0""",
        """\
(000) ldb      [4]
(001) jeq      #0x9             jt 2	jf 3
(002) ret      #1
(003) ret      #0""",
        """\
(000) ldb      [4]
(001) jeq      #0x8             jt 2	jf 3
(002) ret      #1
(003) ret      #0""",
    ),
    "bits that are known from a masked value": (
        """\
(000) ld       [4]
(001) and      #0xff000000
(002) jeq      #0xa000000       jt 3	jf 6
(003) ld       [4]
(004) jset     #0x2000000       jt 5	jf 6
(005) ret      #1
(006) ret      #0""",
        """\
(000) ld       [4]
(001) and      #0xff000000
(002) jeq      #0xa000000       jt 3	jf 4
(003) ret      #1
(004) ret      #0""",
        REJECTS,
    ),
    "a division by what cannot be 0": (
        """\
(000) ldxb     4*([0]&0xf)
(001) txa
(002) or       #0x1
(003) tax
(004) ld       #0x5
(005) div      x
(006) ldb      [1]
(007) jeq      #0x1             jt 8	jf 9
(008) ret      #1
(009) ret      #0""",
        """\
(000) ldb      [1]
(001) jeq      #0x1             jt 2	jf 3
(002) ret      #1
(003) ret      #0""",
        REJECTS,
    ),
    "a division that rejects the packet": (
        """\
(000) ldb      [0]
(001) tax
(002) ld       #0x5
(003) div      x
(004) ret      #1""",
        """\
(000) ldb      [0]
(001) jeq      #0x0             jt 2	jf 3
(002) ret      #0
(003) ret      #1""",
        ACCEPTS,
    ),
    "two values that are equal": (
        """\
(000) ldb      [40]
(001) tax
(002) ld       #pktlen
(003) jeq      x                jt 4	jf 7
(004) ldb      [40]
(005) jgt      #0x20            jt 6	jf 7
(006) ret      #1
(007) ret      #0""",
        """\
(000) ldb      [40]
(001) tax
(002) ld       #pktlen
(003) jeq      x                jt 4	jf 5
(004) ret      #1
(005) ret      #0""",
        REJECTS,
    ),
    "a field that is known in part": (
        """\
(000) ldb      [13]
(001) jeq      #0x6             jt 2	jf 5
(002) ldh      [12]
(003) jeq      #0x807           jt 4	jf 5
(004) ret      #1
(005) ret      #0""",
        REJECTS,
        ACCEPTS,
    ),
    "a bit that was asked for before the value": (
        """\
(000) ldb      [1]
(001) jset     #0x6             jt 2	jf 4
(002) jeq      #0x8             jt 3	jf 4
(003) ret      #1
(004) ret      #0""",
        REJECTS,
        ACCEPTS,
    ),
    "a constant in the index or beside it": (
        """\
(000) ldb      [0]
(001) add      #4
(002) tax
(003) ldb      [x + 10]
(004) jeq      #0x6             jt 5	jf 6
(005) ret      #1
(006) ret      #0""",
        """\
(000) ldb      [0]
(001) tax
(002) ldb      [x + 14]
(003) jeq      #0x6             jt 4	jf 5
(004) ret      #1
(005) ret      #0""",
        """\
(000) ldb      [0]
(001) tax
(002) ldb      [x + 15]
(003) jeq      #0x6             jt 4	jf 5
(004) ret      #1
(005) ret      #0""",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_programs_that_agree(case: str) -> None:
    one, other, different = CASES[case]
    assert agree(one, other)
    assert agree(one, one)
    assert not agree(one, different)


def test_the_second_may_not_load_what_the_first_did_not() -> None:
    """Unless the packet is rejected anyway."""
    near = """\
(000) ldb      [2]
(001) jset     #0x8             jt 2	jf 3
(002) ret      #1
(003) ret      #0"""
    far = """\
(000) ldb      [300]
(001) ldb      [2]
(002) jset     #0x8             jt 3	jf 4
(003) ret      #1
(004) ret      #0"""
    assert agree(far, near)
    assert not agree(near, far)
    assert agree(REJECTS, "(000) ldb [300]\n(001) ret #0")


def test_patience_ends() -> None:
    one = CASES["bits that are known from a masked value"][0]
    assert agree(one, one, 20)
    assert not agree(one, one, 2)


def test_what_is_wrong_is_not_taken() -> None:
    """libpcap's optimised program of `byte 0 & 43` behind a test is another function."""
    one = """\
(000) ldh      [12]
(001) jeq      #0x800           jt 2	jf 4
(002) ldb      [23]
(003) jeq      #0x6             jt 6	jf 4
(004) jset     #0x2b            jt 6	jf 5
(005) ret      #0
(006) ret      #1"""
    other = """\
(000) ldh      [12]
(001) jeq      #0x800           jt 2	jf 4
(002) ldb      [23]
(003) jeq      #0x6             jt 6	jf 4
(004) ldh      [12]
(005) jset     #0x2b            jt 6	jf 7
(006) ret      #1
(007) ret      #0"""
    assert not agree(one, other)
