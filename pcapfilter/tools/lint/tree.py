"""Walks over an Expr and changes to it, by paths: which term, of which term, from the root down.

Nothing recurses: expressions may be thousands of nodes deep.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pcapfilter.errors import FilterError, Span
from pcapfilter.expr.nodes import And, Everything, Expr, Not, Or
from pcapfilter.expr.text import to_text
from pcapfilter.parser import parse
from pcapfilter.tools.spelling import canonical

Path = tuple[int, ...]


class Place(NamedTuple):
    """A node, and the way to it."""

    path: Path
    node: Expr


def children(node: Expr) -> tuple[Expr, ...]:
    """Give the expressions below a node."""
    match node:
        case And(terms) | Or(terms):
            return terms
        case Not(term):
            return (term,)
        case _:
            return ()


def walk(root: Expr) -> Iterator[Place]:
    """Give every node in the order of the text, those above before those below."""
    waiting = [Place((), root)]
    while waiting:
        place = waiting.pop()
        yield place
        below = [Place((*place.path, n), node) for n, node in enumerate(children(place.node))]
        waiting += reversed(below)


def leaves(root: Expr) -> list[Place]:
    """Give the primitives in the order of the text."""
    return [place for place in walk(root) if not children(place.node)]


def on_the_way(root: Expr, path: Path) -> list[Expr]:
    """Give the nodes from the root to where a path leads, both included."""
    nodes = [root]
    for step in path:
        nodes.append(children(nodes[-1])[step])
    return nodes


def with_children(node: Expr, terms: Sequence[Expr]) -> Expr:
    """Give a node with other expressions below it: the one that is left where only one is."""
    match node:
        case Not() if terms:
            return node.replace(term=terms[0])
        case And() | Or() if len(terms) > 1:
            return node.replace(terms=tuple(terms))
        case And() | Or() if terms:
            return terms[0]
        case _:
            return Everything()


def changed(root: Expr, path: Path, new: Expr | None) -> Expr:
    """Give the tree with another node at a path, or with none."""
    nodes = on_the_way(root, path)
    for parent, step in zip(reversed(nodes[:-1]), reversed(path), strict=True):
        below = children(parent)
        middle = () if new is None else (new,)
        kept = (*below[:step], *middle, *below[step + 1 :])
        new = with_children(parent, kept) if kept else None
    return Everything() if new is None else new


# ---- the text ----------------------------------------------------------------------------------


def outer(text: str, span: Span) -> Span:
    """Give a node's place with the parentheses that belong to it."""
    start, end = balanced(text, span)
    while True:
        before = len(text[:start].rstrip()) - 1
        after = end + len(text[end:]) - len(text[end:].lstrip())
        if before < 0 or after >= len(text) or text[before] != "(" or text[after] != ")":
            return Span(start, end)
        start, end = before, after + 1


def in_parentheses(text: str, span: Span) -> bool:
    """Tell whether a node stands in parentheses of its own."""
    return outer(text, span) != balanced(text, span)


def balanced(text: str, span: Span) -> Span:
    """Give a place with the parentheses that its first and last part have lost to it."""
    start, end = span
    depth = least = 0
    for character in text[start:end]:
        depth += (character == "(") - (character == ")")
        least = min(least, depth)
    for _ in range(-least):
        start = text.rindex("(", 0, start)
    for _ in range(depth - least):
        end = text.index(")", end) + 1
    return Span(start, end)


def spelled(root: Expr, text: str = "") -> str:
    """Give a tree as text, with parentheses around every `and` and `or` within another.

    Numbers are written as in `text`, of which the tree was made.
    """
    written: list[str] = []
    waiting: list[Expr | str] = [root]
    while waiting:
        match waiting.pop():
            case str() as piece:
                written.append(piece)
            case Not(term):
                waiting += _wrapped(term)
                written.append("not ")
            case And(terms) | Or(terms) as node:
                operator = " and " if isinstance(node, And) else " or "
                for number, term in reversed([*enumerate(terms)]):
                    waiting += _wrapped(term)
                    waiting += [operator] if number else []
            case leaf:
                written.append(canonical(leaf, text))
    return "".join(written)


def _wrapped(node: Expr) -> list[Expr | str]:
    return [")", node, "("] if isinstance(node, And | Or) else [node]


def rewritten(root: Expr, edits: Sequence[str]) -> str:
    """Give the first of some texts that says what a tree says, or else the tree spelled out."""
    wanted = to_text(root)
    for text in edits:
        try:
            if to_text(parse(text)) == wanted:
                return text
        except FilterError:
            continue
    return spelled(root)


def without(text: str, root: Expr, path: Path) -> str:
    """Give the text without one of the terms of an `and` or `or`."""
    *_, parent, node = on_the_way(root, path)
    terms, step = children(parent), path[-1]
    place = outer(text, node.span)
    edits = []
    if step:
        edits.append(text[: outer(text, terms[step - 1].span).end] + text[place.end :])
    if step + 1 < len(terms):
        edits.append(text[: place.start] + text[outer(text, terms[step + 1].span).start :])
    return rewritten(changed(root, path, None), edits)


def replaced(text: str, root: Expr, path: Path, new: str) -> str:
    """Give the text with another expression in the place of a node, in parentheses if need be."""
    return replaced_all(text, root, [(path, new)])


def replaced_all(text: str, root: Expr, changes: Sequence[tuple[Path, str]]) -> str:
    """Give the text with several nodes changed, of which none is below another."""
    bare = wrapped = text
    tree = root
    rows = [(outer(text, on_the_way(root, path)[-1].span), path, new) for path, new in changes]
    for place, path, new in sorted(rows, reverse=True):
        inside = parse(new)
        tree = changed(tree, path, inside)
        joined = f"({new})" if path and isinstance(inside, And | Or) else new
        bare = f"{bare[: place.start]}{new}{bare[place.end :]}"
        wrapped = f"{wrapped[: place.start]}{joined}{wrapped[place.end :]}"
    return rewritten(tree, [wrapped, bare])
