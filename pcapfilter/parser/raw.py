"""What the grammar builds: a binary tree whose identifiers still lack their inherited qualifiers.

Leaves are finished nodes of the language, or Bare identifiers; inherit.py makes an Expr of it.
"""

from typing import Literal

from pcapfilter.errors import Span
from pcapfilter.expr import nodes
from pcapfilter.parser.lexer import Token


class Bare:
    """An identifier without qualifiers; a Token where it is a dotted number still to be read."""

    __slots__ = ("span", "value")

    def __init__(self, value: nodes.Value | Token, span: Span) -> None:
        self.value = value
        self.span = span


class Head:
    """The qualifiers before an identifier."""

    __slots__ = ("qualifier", "span")

    def __init__(self, qualifier: nodes.Qualifier, span: Span) -> None:
        self.qualifier = qualifier
        self.span = span


class Qualified:
    """Qualifiers, and what they apply to."""

    __slots__ = ("body", "head", "span")

    def __init__(self, head: Head, body: "Raw", span: Span) -> None:
        self.head = head
        self.body = body
        self.span = span


class Pair:
    """Two operands and the operator between them."""

    __slots__ = ("left", "operator", "right", "span")

    def __init__(
        self, operator: Literal["and", "or"], left: "Raw", right: "Raw", span: Span
    ) -> None:
        self.operator = operator
        self.left = left
        self.right = right
        self.span = span


class Negated:
    """The opposite of what stands behind it."""

    __slots__ = ("body", "span")

    def __init__(self, body: "Raw", span: Span) -> None:
        self.body = body
        self.span = span


class Group:
    """What stands in parentheses."""

    __slots__ = ("body", "span")

    def __init__(self, body: "Raw", span: Span) -> None:
        self.body = body
        self.span = span


Leaf = nodes.Everything | nodes.Protocol | nodes.Relation | nodes.Word | nodes.Field
Raw = Bare | Qualified | Pair | Negated | Group | Leaf
