"""How the parts of an expression hang together: with all parentheses, and as a list of statements.

`and` and `or` bind alike and associate to the left, which nobody expects; here it shows.
"""

from collections.abc import Callable
from typing import NamedTuple

from pcapfilter.expr import nodes
from pcapfilter.expr.nodes import Expr
from pcapfilter.tools.spelling import canonical

Joined = nodes.And | nodes.Or | nodes.Not


def explicit(expr: Expr, text: str) -> str:
    """Give canonical text with parentheses around everything that is joined or negated.

    Numbers are as `text`, which was read as the expression, has them.
    """
    written: list[str] = []
    todo: list[Expr | str] = [expr]
    while todo:
        piece = todo.pop()
        match piece:
            case str():
                written.append(piece)
            case nodes.And(terms) | nodes.Or(terms):
                word = " and " if isinstance(piece, nodes.And) else " or "
                parts: list[Expr | str] = []
                for term in terms:
                    parts += ([word] if parts else []) + _wrapped(term)
                todo += reversed(parts)
            case nodes.Not(term):
                needed = isinstance(term, nodes.And | nodes.Or)
                todo += reversed(["not ", *(_wrapped(term) if needed else [term])])
            case _:
                written.append(canonical(piece, text))
    return "".join(written)


def _wrapped(term: Expr) -> "list[Expr | str]":
    return ["(", term, ")"] if isinstance(term, Joined) else [term]


class Statement(NamedTuple):
    """One line of an expression in words: how deep it is nested, and what it says.

    `node` is the primitive, or None for a line that says how those below it hang together.
    """

    depth: int
    text: str
    node: Expr | None = None


def statements(expr: Expr, say: Callable[[Expr], str]) -> list[Statement]:
    """Give an expression as nested statements; `say` says what a primitive asks for."""
    found: list[Statement] = []
    todo: list[tuple[Expr, int, str]] = [(expr, 0, "")]
    while todo:
        node, depth, negated = todo.pop()
        match node:
            case nodes.And(terms) | nodes.Or(terms):
                all_of = isinstance(node, nodes.And)
                head = {
                    (True, ""): "all of:",
                    (False, ""): "at least one of:",
                    (True, "not "): "not all of:",
                    (False, "not "): "none of:",
                }[all_of, negated]
                found.append(Statement(depth, head))
                todo += [(term, depth + 1, "") for term in reversed(terms)]
            case nodes.Not(term):
                if negated:
                    found.append(Statement(depth, "not:"))
                    todo.append((term, depth + 1, "not "))
                else:
                    todo.append((term, depth, "not "))
            case _:
                text = f"not: {say(node)}" if negated else say(node)
                found.append(Statement(depth, text, node))
    return found
