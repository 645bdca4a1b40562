"""A filter explained: how it was read, what it asks for in plain words, and its program.

    explain(filter)         an Explanation
    changes(filter)         what each optimiser pass changed                          passes.py

words.py     what a primitive asks for           shape.py    how the parts hang together
listing.py   the program, with fields and parts beside it
"""

from typing import NamedTuple

from pcapfilter.bpf import isa
from pcapfilter.expr.nodes import Expr
from pcapfilter.filter import Filter
from pcapfilter.net.names import SystemResolver
from pcapfilter.tools.explain.listing import Row, rows
from pcapfilter.tools.explain.passes import Change, Edit, changes
from pcapfilter.tools.explain.shape import Statement, explicit, statements
from pcapfilter.tools.explain.words import say
from pcapfilter.tools.provenance import Primitive, Provenance, provenance_of
from pcapfilter.tools.provenance.conditions import blocks_of, supposed
from pcapfilter.tools.provenance.places import LINK_HEADER, MOVING, SHIFTING
from pcapfilter.tools.spelling import Spelling

__all__ = ["Change", "Edit", "Explanation", "Row", "Statement", "changes", "explain"]


class Explanation(NamedTuple):
    """What a Filter is: its text, the text with everything spelled out, and in words; its program.

    `rows` is the program with what each instruction is about; `never` tells that no packet can
    match.
    """

    text: str
    read_as: str
    statements: tuple[Statement, ...]
    rows: tuple[Row, ...]
    provenance: Provenance

    @property
    def never(self) -> bool:
        """Whether the optimiser found that no packet can match."""
        return len(self.rows) == 1 and self.rows[0].about == "reject"


def explain(made: Filter) -> Explanation:
    """Explain a Filter; FilterError where its text is refused for its link type."""
    found = provenance_of(made)
    resolver = made.options.resolver or SystemResolver()
    primitives = {id(one.node): one for one in found.tracked.primitives}

    def say_here(node: Expr) -> str:
        one = primitives.get(id(node))
        if one is None:
            return "every packet"
        words = say(node, one.layout, resolver, made.options.netmask)
        return f"{_place(one)}{Spelling(made.text, node.span).of(words)}"

    expr = found.tracked.expr
    said = tuple(statements(expr, say_here))
    return Explanation(made.text, explicit(expr, made.text), said, rows(found), found)


def _place(one: Primitive) -> str:
    """Say behind which headers a primitive looks."""
    stmts = [stmt for block in blocks_of(one.cond) for stmt in block.stmts]
    behind = [*one.behind] if any(isa.ROWS[s.code].mode in {"abs", "ind"} for s in stmts) else []
    if supposed(one.node).network == LINK_HEADER:
        while behind and behind[-1] not in MOVING:
            behind.pop()
    names = [SHIFTING[word] for word in behind]
    return f"behind the {' and the '.join(names)}: " if names else ""
