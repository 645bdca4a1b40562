"""What belongs together: `and` and `or` bind alike, and `not` binds what comes next alone."""

from collections.abc import Iterator

from pcapfilter.errors import Span
from pcapfilter.expr.nodes import And, Expr, Match, Not, Or
from pcapfilter.tools.lint.finding import Finding
from pcapfilter.tools.lint.subject import Subject
from pcapfilter.tools.lint.tree import (
    changed,
    children,
    in_parentheses,
    outer,
    rewritten,
    spelled,
    walk,
)


def alike(subject: Subject) -> Iterator[Finding]:
    """Find `a or b and c`: it means `(a or b) and c`, and in most languages `a or (b and c)`."""
    text = subject.text
    for path, node in walk(subject.expr):
        if not isinstance(node, And) or not _bare(text, node.terms[0], Or):
            continue
        first, others = node.terms[0], node.terms[1:]
        as_usual = _usual(text, node)
        other = spelled(changed(subject.expr, path, as_usual), subject.text)
        usually = subject.rewriting(other, "as most languages would read it")
        if usually.alike:
            continue
        span = Span(first.span.start, others[-1].span.end)
        yield Finding(
            "precedence", "warning", span,
            f"`and` and `or` bind alike, from left to right: {subject.quoted([others[0].span])} "
            f"is asked for beside all of {subject.quoted([first.span])}",
            (subject.rewriting(_in_parentheses(subject, first), "as it is read"), usually),
        )  # fmt: skip


def negations(subject: Subject) -> Iterator[Finding]:
    """Find `not a or b`, and `not host a and b`: `not` holds for the first alone."""
    text = subject.text
    for path, node in walk(subject.expr):
        if not isinstance(node, And | Or) or not _bare(text, node.terms[0], Not):
            continue
        first, rest = node.terms[0], node.terms[1:]
        short = [term for term in rest if _is_short(text, term)]
        if isinstance(node, And) and not short:
            continue
        operator = "and" if isinstance(node, And) else "or"
        negated = children(first)[0]
        reached = short if isinstance(node, And) else rest
        together = Not(Or((negated, *reached)))
        kept = [term for term in rest if term not in reached]
        tree = And((together, *kept)) if kept else together
        new = spelled(changed(subject.expr, path, tree), subject.text)
        yield Finding(
            "not", "warning", first.span,
            f"`not` holds for {subject.quoted([negated.span])} alone: what follows `{operator}` "
            f"({subject.quoted(term.span for term in reached)}) is asked for, not excluded",
            (
                subject.rewriting(_in_parentheses(subject, first), "as it is read"),
                subject.rewriting(new, "neither of them"),
            ),
            tuple(term.span for term in reached),
        )  # fmt: skip


def _bare(text: str, node: Expr, kind: type[Expr]) -> bool:
    """Tell whether a node is of a kind, and not in parentheses."""
    return isinstance(node, kind) and not in_parentheses(text, node.span)


def _is_short(text: str, term: Expr) -> bool:
    """Tell whether a term is a value alone, which has its qualifiers from before."""
    return isinstance(term, Match) and len(text[slice(*term.span)].split()) == 1


def _usual(text: str, node: Expr) -> Expr:
    """Give what a chain of `and` and `or` would mean if `and` bound tighter."""
    groups: list[list[Expr]] = [[]]
    for operator, term in _chain(text, node):
        if operator == "or":
            groups.append([])
        groups[-1].append(term)
    terms = [group[0] if len(group) == 1 else And(tuple(group)) for group in groups]
    return Or(tuple(terms))


def _chain(text: str, node: Expr) -> list[tuple[str, Expr]]:
    """Give the terms of a chain without parentheses, each with the operator before it."""
    links: list[tuple[str, Expr]] = []
    while True:
        operator = "and" if isinstance(node, And) else "or"
        links += [(operator, term) for term in reversed(children(node)[1:])]
        node = children(node)[0]
        if not _bare(text, node, And) and not _bare(text, node, Or):
            return [("and", node), *reversed(links)]


def _in_parentheses(subject: Subject, node: Expr) -> str:
    """Give the text with a node in parentheses."""
    text = subject.text
    start, end = outer(text, node.span)
    return rewritten(subject.expr, [f"{text[:start]}({text[start:end]}){text[end:]}"])
