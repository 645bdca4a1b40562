"""What an expression makes of its primitives: whether it holds, and for which reasons."""

from collections.abc import Callable
from typing import NamedTuple

from pcapfilter.expr import nodes
from pcapfilter.expr.nodes import Expr
from pcapfilter.tools.trace.reasons import Reason, closest

MOST = 8
"""How many reasons are kept of a long conjunction."""


class Result(NamedTuple):
    """What is known of a part of the expression: whether it held, how near it came, and why."""

    held: bool | None
    depth: int = 0
    reasons: tuple[Reason, ...] = ()
    text: str = ""
    excluded: nodes.Not | None = None


def joined(expr: Expr, leaf: Callable[[Expr], Result]) -> Result:
    """Join what became of primitives (`leaf` gives it) as an expression joins them."""
    todo: list[tuple[Expr, bool]] = [(expr, False)]
    done: list[Result] = []
    while todo:
        node, ready = todo.pop()
        match node:
            case nodes.And(terms) | nodes.Or(terms) if not ready:
                todo.append((node, True))
                todo += [(term, False) for term in reversed(terms)]
            case nodes.And(terms):
                found = done[-len(terms) :]
                done[-len(terms) :] = [_all(found)]
            case nodes.Or(terms):
                found = done[-len(terms) :]
                done[-len(terms) :] = [_any(found)]
            case nodes.Not(term) if not ready:
                todo += [(node, True), (term, False)]
            case nodes.Not():
                done.append(_inverse(done.pop(), node))
            case nodes.Everything():
                done.append(Result(True))
            case _:
                done.append(leaf(node))
    return done.pop()


def _all(terms: list[Result]) -> Result:
    for passed, term in enumerate(terms):
        if term.held is not True:
            return term._replace(depth=term.depth + passed)
    reasons = [reason for term in terms[:MOST] for reason in term.reasons]
    return Result(True, 0, tuple(dict.fromkeys(reasons[:MOST])), terms[-1].text)


def _any(terms: list[Result]) -> Result:
    for term in terms:
        if term.held is not False:
            return term
    depth, reasons = closest((term.depth, [*term.reasons]) for term in terms)
    near = [term for term in terms if term.depth == depth]
    excluded = near[0].excluded if len(near) == 1 else None
    return Result(False, depth, tuple(reasons[:MOST]), near[0].text, excluded)


def _inverse(term: Result, node: nodes.Not) -> Result:
    if term.held is None:
        return term
    excluded = node if term.held and not isinstance(node.term, nodes.Not) else None
    return term._replace(held=not term.held, depth=0, excluded=excluded)
