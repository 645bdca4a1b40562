"""Properties of parsing: round trips, spans, and that nothing but a FilterError comes out."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pcapfilter.errors import FilterError, Span
from pcapfilter.expr.nodes import And, Expr, Not, Or
from pcapfilter.expr.text import to_text
from pcapfilter.parser import parse
from tests.strategies import ALL, draw, expressions, spoil

LINKS = ("EN10MB", "RAW", "IEEE802_11", "SUNATM", "MTP2", "PFLOG", "ARCNET")


def check_round_trip(text: str) -> None:
    try:
        expr = parse(text)
    except FilterError:
        return
    canonical = to_text(expr)
    assert parse(canonical) == expr, text
    assert to_text(parse(canonical)) == canonical, text


def check_spans(text: str, expr: Expr) -> None:
    """A node's span lies inside its parent's, and its terms follow one another."""
    todo = [expr]
    while todo:
        node = todo.pop()
        assert 0 <= node.span.start <= node.span.end <= len(text), text
        if isinstance(node, And | Or):
            assert node.span.start <= node.terms[0].span.start, text
            assert node.span.end >= node.terms[-1].span.end, text
            todo += node.terms
        elif isinstance(node, Not):
            assert node.span.end >= node.term.span.end, text
            todo.append(node.term)


def fault(text: str) -> Span | None:
    """Give the place of a text's fault; an empty one if it has none."""
    try:
        parse(text)
    except FilterError as error:
        return error.span
    return Span(0, 0)


@pytest.mark.parametrize("link", LINKS)
def test_round_trip_of_many(link: str) -> None:
    rng = random.Random(f"round trip {link}")
    for _ in range(1000):
        text = draw(rng, link, ALL)
        check_round_trip(text)
        check_round_trip(spoil(rng, text))


@pytest.mark.parametrize("link", LINKS)
@settings(deadline=None, max_examples=50)
@given(data=st.data())
def test_round_trip(link: str, data: st.DataObject) -> None:
    check_round_trip(data.draw(expressions(link, ALL)))


@pytest.mark.parametrize("link", LINKS)
def test_spans_nest(link: str) -> None:
    rng = random.Random(f"spans {link}")
    for _ in range(500):
        text = draw(rng, link, ALL)
        check_spans(text, parse(text))
        for spoilt in (spoil(rng, text) for _ in range(3)):
            span = fault(spoilt)
            assert span is not None
            assert 0 <= span.start <= span.end <= len(spoilt)


@settings(deadline=None, max_examples=300)
@given(st.text(st.sampled_from("tcpor 019af:./-\\()[]=<>!&|$\n~\u00e9\0"), max_size=40))
def test_any_text_gives_an_expr_or_a_filter_error(text: str) -> None:
    check_round_trip(text)
