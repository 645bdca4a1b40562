"""What is known of values on an edge, and whether two courses come to one verdict."""

import random

import pytest

from pcapfilter.bpf import alu, text
from pcapfilter.codegen.optimize import Work, facts
from pcapfilter.codegen.optimize.courses import Courses
from pcapfilter.codegen.optimize.fact import Fact
from pcapfilter.codegen.optimize.known import Known
from pcapfilter.codegen.optimize.simplify import simplify
from pcapfilter.codegen.optimize.work import Node
from tests.codegen.straight import graph_of

NUMBERS = (0, 1, 2, 3, 5, 7, 8, 12, 15, 0xFF, 0x100, 0xFFFF, 0xFFFFFFFE, 0xFFFFFFFF)
MEANINGS = tuple(alu.COMPARE)


def work_of(listing: str) -> Work:
    """The work on a program, with what a round finds out first."""
    work = Work(graph_of(text.parse(listing)))
    facts.find_facts(work)
    for node in work.down:
        simplify(work, node)
    return work


def block(work: Work, k: int) -> Node:
    """The block that compares with k."""
    return next(node for node in work.down if node.jt is not None and node.k == k)


def test_facts_follow_what_values_do() -> None:
    """Whatever is known of a value holds for it, through tests, arithmetic and meetings."""
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
                    fact = fact.either(Fact.of(frozenset((k,))))
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


def test_bytes_of_a_field_that_is_known() -> None:
    work = work_of("""\
(000) ldh      [12]
(001) jeq      #0x806           jt 2	jf 6
(002) ldb      [12]
(003) jge      #0xe0            jt 4	jf 5
(004) ret      #1
(005) ret      #0
(006) ret      #0""")
    known = Known(work)
    assert not known.on(block(work, 0xE0), True)
    assert known.on(block(work, 0xE0), False)
    assert known.on(block(work, 0x806), True)


def test_cases_are_kept_apart_where_ways_meet() -> None:
    """Whoever comes by 3 has [1] = 7; so who then has [0] = 2 and comes to 7 has it, too."""
    work = work_of("""\
(000) ldb      [0]
(001) jeq      #0x2             jt 2	jf 4
(002) ldb      [1]
(003) jeq      #0x7             jt 4	jf 9
(004) ldb      [0]
(005) jeq      #0x3             jt 8	jf 6
(006) ldb      [1]
(007) jeq      #0x7             jt 8	jf 9
(008) ret      #1
(009) ret      #0""")
    known = Known(work)
    edges = known.on(block(work, 3), False)
    assert any(fact == Fact.of(frozenset((7,))) for case in edges for fact in case.facts.values())


def test_the_same_verdict_with_another_value_in_a() -> None:
    """5 tests what A holds: [1] or [2], where [1] is 9 and so has the bit that is asked for."""
    work = work_of("""\
(000) ldb      [1]
(001) jeq      #0x9             jt 2	jf 7
(002) ldb      [2]
(003) jeq      #0x6             jt 6	jf 4
(004) ldb      [1]
(005) jset     #0x8             jt 6	jf 7
(006) ret      #1
(007) ret      #0""")
    courses = Courses(work, Known(work))
    start, target = block(work, 0x6), block(work, 0x8)
    accept, reject = target.jt, target.jf
    assert accept is not None
    assert reject is not None
    edge = (block(work, 0x9), True)
    assert courses.same(edge, start, target)
    assert courses.same((start, False), target, accept)
    assert not courses.same((start, False), target, reject)
    assert not courses.same(edge, start, reject)


def test_a_course_may_not_load_what_the_old_one_did_not() -> None:
    work = work_of("""\
(000) ldb      [1]
(001) jeq      #0x9             jt 2	jf 6
(002) ldb      [300]
(003) jeq      #0x6             jt 4	jf 4
(004) ldb      [2]
(005) jset     #0x8             jt 7	jf 6
(006) ret      #0
(007) ret      #1""")
    courses = Courses(work, Known(work))
    edge, daring, plain = (block(work, 0x9), True), block(work, 0x6), block(work, 0x8)
    assert courses.same(edge, daring, plain)
    assert not courses.same(edge, plain, daring)


def test_patience_ends() -> None:
    work = work_of("""\
(000) ldb      [1]
(001) jeq      #0x9             jt 2	jf 4
(002) ldb      [2]
(003) jeq      #0x6             jt 4	jf 5
(004) ret      #0
(005) ret      #1""")
    courses = Courses(work, Known(work))
    edge, start = (block(work, 0x9), True), block(work, 0x6)
    assert courses.same(edge, start, start)
    work.patience = 1
    assert not courses.same(edge, start, start)
