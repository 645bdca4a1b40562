"""Two ports joined by `and`: one at each end of a packet, where either was likely meant."""

from collections.abc import Iterator
from itertools import combinations

from pcapfilter.expr.nodes import And, Expr, Match, Number, Or
from pcapfilter.tools.lint.finding import Finding
from pcapfilter.tools.lint.subject import Subject
from pcapfilter.tools.lint.tree import changed, spelled, walk, with_children

CHOSEN = 1024
"""Ports from here up are mostly chosen by the client: with a lower one they name one connection."""
PAIRS = ({67, 68}, {546, 547})
"""Ports of a protocol (DHCP, and that of IPv6) whose packets have one at each end."""


def ends(subject: Subject) -> Iterator[Finding]:
    """Find `port 80 and 443`: a packet has one of them at one end and the other at the other."""
    if subject.constant:
        return
    for path, node in walk(subject.expr):
        if not isinstance(node, And):
            continue
        for one, other in combinations(node.terms, 2):
            first, second = _port(one), _port(other)
            alike = (first < CHOSEN) == (second < CHOSEN) and {first, second} not in PAIRS
            if min(first, second) < 0 or first == second or not alike:
                continue
            rest = [term for term in node.terms if term is not one and term is not other]
            either = with_children(node, (Or((one, other)), *rest))
            text = spelled(changed(subject.expr, path, either), subject.text)
            rewriting = subject.rewriting(text, "either of them")
            if not rewriting.alike:
                yield Finding(
                    "ends", "note", one.span,
                    f"a packet has two ports: one has to be {first} and the other {second}",
                    (rewriting,), (other.span,),
                )  # fmt: skip


def _port(term: Expr) -> int:
    """Give the port that a term asks for at either end; -1 where it is something else."""
    match term:
        case Match(qualifier, Number(value)) if (
            qualifier.kind == "port" and qualifier.direction in {None, "src or dst"}
        ):
            return value
        case _:
            return -1
