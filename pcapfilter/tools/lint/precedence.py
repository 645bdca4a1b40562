"""What belongs together: `and` and `or` bind alike, and `not` binds what comes next alone."""

from collections.abc import Iterator, Sequence
from itertools import takewhile

from pcapfilter.errors import Span
from pcapfilter.expr.nodes import And, Expr, Match, Not, Or
from pcapfilter.tools.explain.shape import explicit
from pcapfilter.tools.lint.finding import Finding
from pcapfilter.tools.lint.subject import Subject
from pcapfilter.tools.lint.tree import (
    Path,
    changed,
    children,
    in_parentheses,
    on_the_way,
    outer,
    rewritten,
    spelled,
    walk,
    with_children,
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
    """Find `not a or b`, and `ip and not host a or b`: `not` holds for the first alone."""
    for path, negated, reached, read, meant in _negations(subject):
        above = on_the_way(subject.expr, path)[-1]
        operator = "and" if isinstance(above, And) else "or"
        new = spelled(changed(subject.expr, path, meant), subject.text)
        yield Finding(
            "not", "warning", negated.span,
            f"`not` holds for {subject.quoted([children(negated)[0].span])} alone: what follows "
            f"`{operator}` ({subject.quoted(term.span for term in reached)}) is asked for, "
            "not excluded",
            (
                subject.rewriting(_in_parentheses(subject, read), "as it is read"),
                subject.rewriting(new, "neither of them"),
            ),
            tuple(term.span for term in reached),
        )  # fmt: skip


def exclusions(subject: Subject) -> Iterator[Finding]:
    """Find `not a or not b`: it excludes what is both, and lets each of the two through."""
    for path, node in walk(subject.expr):
        if not isinstance(node, Or) or not all(isinstance(term, Not) for term in node.terms):
            continue
        excluded = [children(term)[0] for term in node.terms]
        meant = changed(subject.expr, path, Not(Or(tuple(excluded))))
        neither = subject.rewriting(spelled(meant, subject.text), "none of them")
        if neither.alike:
            continue
        both = subject.quoted(term.span for term in excluded)
        yield Finding(
            "not", "warning", node.span,
            f"`or` between terms with `not` excludes only what is all of {both} at once",
            (neither,),
        )  # fmt: skip


def _negations(subject: Subject) -> Iterator[tuple[Path, Expr, Sequence[Expr], Expr, Expr]]:
    """Give where a `not` is joined with what it might be thought to hold for, too.

    With each the `not`, what that is, what to put in parentheses, and what may be meant there.
    """
    text = subject.text
    for path, node in walk(subject.expr):
        if not isinstance(node, And | Or):
            continue
        for place, term in enumerate(node.terms):
            before, rest = node.terms[:place], node.terms[place + 1 :]
            if not _bare(text, term, Not):
                continue
            reached = _short(text, rest)
            if not reached and not place and isinstance(node, Or) and _binds_loosely(text, term):
                reached = tuple(takewhile(lambda other: not isinstance(other, Not), rest))
            if reached:
                terms = (*before, _neither(term, reached), *rest[len(reached) :])
                yield path, term, reached, term, with_children(node, terms)
        last, parent = node.terms[-1], on_the_way(subject.expr, path[:-1])[-1]
        follows = path and not path[-1] and _bare(text, node, type(node)) and _bare(text, last, Not)
        reached = _alike(text, last, children(parent)[1:]) if follows else ()
        if reached:
            inner = with_children(node, (*node.terms[:-1], _neither(last, reached)))
            terms = (inner, *children(parent)[1 + len(reached) :])
            yield path[:-1], last, reached, node, with_children(parent, terms)


def _neither(negated: Expr, reached: Sequence[Expr]) -> Expr:
    return Not(Or((children(negated)[0], *reached)))


def _short(text: str, terms: Sequence[Expr]) -> tuple[Expr, ...]:
    """Give the first terms that are a value alone, which has its qualifiers from before."""
    return tuple(takewhile(lambda term: _is_short(text, term), terms))


def _alike(text: str, negated: Expr, terms: Sequence[Expr]) -> tuple[Expr, ...]:
    """Give the first terms that ask for what a `not` before them excludes: another port, a host."""
    [excluded] = children(negated)
    return tuple(
        takewhile(
            lambda term: (
                _is_short(text, term)
                or (
                    isinstance(term, Match)
                    and isinstance(excluded, Match)
                    and term.qualifier == excluded.qualifier
                )
            ),
            terms,
        )
    )


def _binds_loosely(text: str, negated: Expr) -> bool:
    """Tell whether it is not written in parentheses what a `not` holds for."""
    return not in_parentheses(text, children(negated)[0].span)


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
    own = f"{text[:start]}({text[start:end]}){text[end:]}"
    return rewritten(subject.expr, [own, explicit(subject.expr, text)])
