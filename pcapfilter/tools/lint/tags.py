"""VLAN tags: what a filter without `vlan` asks for is not looked for behind one."""

from collections.abc import Iterator

from pcapfilter.expr.nodes import And, Expr, Not, Or, Word
from pcapfilter.tools.lint.finding import Finding
from pcapfilter.tools.lint.shifts import is_shifting
from pcapfilter.tools.lint.subject import Subject
from pcapfilter.tools.lint.tree import outer, rewritten

VLAN = Word("vlan")
LONGEST = 400
"""Letters of a text; a longer one is not written twice."""


def tags(subject: Subject) -> Iterator[Finding]:
    """Find filters that do not look behind VLAN tags, and so miss packets or let them through.

    On Linux a live capture is filtered when the outer tag has been taken off.
    """
    if subject.constant or is_shifting(subject.expr) or len(subject.text) > LONGEST:
        return
    if subject.made.options.source == "live" or subject.link.name != "EN10MB":
        return
    for tree, text in _behind(subject.expr, subject.text):
        found = subject.rewriting(rewritten(tree, [text]), "behind a VLAN tag as well")
        if found.relation == "different":
            yield Finding(
                "tag", "note", subject.expr.span,
                "packets with a VLAN tag are not looked into "
                "(Linux takes the outer tag off before a live capture is filtered)",
                (found,),
            )  # fmt: skip
            return


def _behind(expr: Expr, text: str) -> Iterator[tuple[Expr, str]]:
    """Give how to ask for the same behind a tag: as one more alternative, or as one less.

    `not port 80` holds for all packets with a tag already.
    """
    own = text.strip()
    own = f"({own})" if isinstance(expr, And | Or) else own
    yield Or((expr, And((VLAN, expr)))), f"{own} or (vlan and {own})"
    less: Expr = Not(expr)
    without = f"not {own}"
    if isinstance(expr, Not):
        less, without = expr.term, text[slice(*outer(text, expr.term.span))]
    yield And((expr, Not(And((VLAN, less))))), f"{own} and not (vlan and {without})"
