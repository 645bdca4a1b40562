"""The parser put together: the shipped tables drive PLY's machine over the rules of grammar.py."""

from contextlib import suppress
from copy import copy
from typing import Any

from ply.yacc import LRParser

from pcapfilter.errors import FilterError, Span
from pcapfilter.expr.nodes import Expr
from pcapfilter.parser import _tables as tables
from pcapfilter.parser import grammar
from pcapfilter.parser.inherit import inherit
from pcapfilter.parser.lexer import Lexer
from pcapfilter.parser.raw import Head, Qualified, Raw


class _Production:
    """A rule as PLY's machine wants it."""

    __slots__ = ("callable", "len", "name")

    def __init__(self, name: str, length: int, function: str) -> None:
        self.name = name
        self.len = length
        self.callable = getattr(grammar, function, None)


class _Tables:
    """The tables as PLY's machine wants them: per state, a dict of actions and one of gotos."""

    def __init__(self) -> None:
        self.lr_productions = [_Production(*row) for row in tables.PRODUCTIONS]
        self.lr_action = _unfold(tables.ACTIONS)
        self.lr_goto = _unfold(tables.GOTOS)


class _Machine(LRParser):  # type: ignore[misc]  # PLY has no types
    """PLY's machine, which looks at no token that it has no need of.

    So a bad address is found before a bad token behind it, as it is in libpcap.
    """

    def set_defaulted_states(self) -> None:
        """Find the states with a single reduction to make, whatever comes next."""
        outcomes = {state: {*actions.values()} for state, actions in self.action.items()}
        self.defaulted_states = {
            state: outcome
            for state, (outcome, *others) in outcomes.items()
            if outcome < 0 and not others
        }


def _unfold(rows: dict[str, dict[int, str]]) -> dict[int, dict[str, int]]:
    """Turn symbol -> outcome -> states into state -> symbol -> outcome."""
    unfolded: dict[int, dict[str, int]] = {n: {} for n in range(tables.STATES)}
    for symbol, outcomes in rows.items():
        for outcome, states in outcomes.items():
            for state in states.split():
                unfolded[int(state)][symbol] = outcome
    return unfolded


def read(text: str, *, hints: bool = True) -> Expr:
    """Give the Expr of a filter's text; an error brings a hint unless it is not wanted."""
    try:
        raw: Any = _parser.parse(lexer=Lexer(text))
        return inherit(raw)
    except FilterError as error:
        if error.span is None:
            end = len(text.rstrip())
            error.span = Span(end, end)
        error.text = text
        if hints and "syntax error" in error.message and not error.hint:
            from pcapfilter.parser.messages import hint  # only needed for a faulty text

            error.hint = hint(text, error.span)
        raise


def begun(text: str) -> list[Expr]:
    """Give the parts of a faulty text that are complete, up to its first fault, from the left.

    libpcap generates code while it parses, and so finds what is wrong with them first.
    """
    machine = copy(_parser)  # with a stack of its own
    raws: list[Raw] = []
    try:
        raws.append(machine.parse(lexer=Lexer(text)))
    except FilterError:
        head: Head | None = None
        for symbol in machine.symstack[1:]:
            value = symbol.value
            if isinstance(value, Head):
                head = value
            elif isinstance(value, Raw):
                raws.append(Qualified(head, value, value.span) if head else value)
    parts: list[Expr] = []
    with suppress(FilterError):
        for raw in raws:
            parts.append(inherit(raw, parts))
    return parts


_parser = _Machine(_Tables(), grammar.p_error)
