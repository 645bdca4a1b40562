"""Deep and long texts: libpcap takes them, and so must every walk over their trees."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from pcapfilter.expr.nodes import And, Not, Or
from pcapfilter.expr.text import to_text
from pcapfilter.parser import parse

TEXTS: dict[str, Callable[[int], str]] = {
    "parentheses": lambda n: f"{'(' * n}tcp{')' * n}",
    "parentheses around an identifier": lambda n: f"port {'(' * n}80{')' * n}",
    "parentheses around a number": lambda n: f"{'(' * n}1{')' * n} = 1",
    "not": lambda n: f"{'not ' * n}tcp",
    "not (": lambda n: f"{'not (' * n}tcp{' or udp)' * n}",
    "or": lambda n: " or ".join(f"host 10.0.{i >> 8 & 255}.{i & 255}" for i in range(n)),
    "or with inheritance": lambda n: "port " + " or ".join(map(str, range(n))),
    "or and": lambda n: " or tcp and ".join(["udp"] * n),
    "+": lambda n: "+".join(["1"] * n) + " = 1",
    "-": lambda n: "-" * n + "1 = 1",
    "^": lambda n: "^".join(["1"] * n) + " = 1",
    "alternatives": lambda n: f"vci ({' or '.join(['5'] * n)})",
}


@pytest.mark.parametrize("kind", TEXTS)
def test_nine_thousand(kind: str) -> None:
    text = TEXTS[kind](9000)
    again = to_text(parse(to_text(parse(text))))
    assert again == to_text(parse(text))


@pytest.mark.bench
@pytest.mark.parametrize("kind", TEXTS)
def test_time_is_linear(kind: str) -> None:
    def seconds(n: int) -> float:
        text = TEXTS[kind](n)
        best = 1e9
        for _ in range(3):
            began = time.perf_counter()
            to_text(parse(text))
            best = min(best, time.perf_counter() - began)
        return best

    assert seconds(8000) < 10 * seconds(2000) + 0.1  # quadratic would be 16 times


def test_a_run_is_one_node() -> None:
    expr = parse(" or ".join(["tcp"] * 9000))
    assert isinstance(expr, Or)
    assert len(expr.terms) == 9000
    expr = parse("tcp" + " and udp or arp" * 4000)
    assert isinstance(expr, Or)
    assert isinstance(expr.terms[0], And)


def test_nots_are_a_chain() -> None:
    expr = parse("! " * 9000 + "tcp")
    count = 0
    while isinstance(expr, Not):
        expr, count = expr.term, count + 1
    assert count == 9000


def test_a_long_nonsense_is_refused_at_once() -> None:
    began = time.perf_counter()
    for text in (
        "1:" * 20000,
        "a-" * 20000,
        "x " + "a.b" * 20000,
        ":" * 20000,
        "(" * 20000,
        "9" * 20000,
    ):
        with pytest.raises(ValueError, match=r"error|bogus|overflows"):
            parse(f"host {text}")
    assert time.perf_counter() - began < 5


def test_threads_do_not_disturb_each_other() -> None:
    texts = [f"port {n} or not ({n + 1} and {n + 2}) or ip[{n}] + {n} = 1" for n in range(400)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(to_text, pool.map(parse, texts))) == [to_text(parse(t)) for t in texts]
