"""Raw tree -> Expr: identifiers get the qualifiers that they inherit, runs of one operator join.

A bare identifier takes the qualifiers of whatever identifier ends to its left: the 443 of
`tcp port 80 or 443`. What stands in parentheses inherits from outside, but hands nothing out again.
After a primitive that has no identifier (`tcp`, `vlan 5`, `len > 60`) there is nothing to inherit.
"""

from typing import NoReturn

from pcapfilter.errors import FilterError, FilterSyntaxError, Span
from pcapfilter.expr import nodes
from pcapfilter.parser import values
from pcapfilter.parser.lexer import Token
from pcapfilter.parser.raw import Bare, Group, Negated, Pair, Qualified, Raw


class _Join:
    """A step of the walk: join the newest expressions, `operators` lying between them."""

    __slots__ = ("operators",)

    def __init__(self, operators: list[str]) -> None:
        self.operators = operators


class _Negate:
    """A step of the walk: negate the newest expression."""

    __slots__ = ("span",)

    def __init__(self, span: Span) -> None:
        self.span = span


class _Resume:
    """A step of the walk: what was inherited before a group is inherited again after it."""

    __slots__ = ("qualifier",)

    def __init__(self, qualifier: nodes.Qualifier | None) -> None:
        self.qualifier = qualifier


def inherit(raw: Raw, done: list[nodes.Expr] | None = None) -> nodes.Expr:
    """Walk the tree from left to right, with a stack of steps still to do.

    Where it is at fault, `done` has the parts before that.
    """
    steps: list[Raw | _Join | _Negate | _Resume] = [raw]
    done = [] if done is None else done
    qualifier: nodes.Qualifier | None = None
    while steps:
        step = steps.pop()
        if isinstance(step, Pair):
            steps.extend(_spread(step))
        elif isinstance(step, Bare):
            done.append(_match(step, qualifier))
        elif isinstance(step, Qualified):
            qualifier = step.head.qualifier
            if isinstance(step.body, Bare):
                done.append(_match(step.body, qualifier, step.span))
            else:
                steps.append(step.body)
        elif isinstance(step, Group):
            steps += (_Resume(qualifier), step.body)
        elif isinstance(step, Negated):
            steps += (_Negate(step.span), step.body)
        elif isinstance(step, _Negate):
            done[-1] = nodes.Not(done[-1], step.span)
        elif isinstance(step, _Resume):
            qualifier = step.qualifier
        elif isinstance(step, _Join):
            _join(done, step.operators)
        else:
            done.append(step)
            qualifier = None
    return done.pop()


def _spread(pair: Pair) -> list[Raw | _Join | _Negate | _Resume]:
    """Give the steps for a left-nested run of pairs, the last step first."""
    operators: list[str] = []
    steps: list[Raw | _Join | _Negate | _Resume] = [_Join(operators)]
    left: Raw = pair
    while isinstance(left, Pair):
        operators.append(left.operator)
        steps.append(left.right)
        left = left.left
    operators.reverse()
    steps.append(left)
    return steps


def _join(done: list[nodes.Expr], operators: list[str]) -> None:
    """Replace the newest expressions by one: each run of one operator is one node."""
    operands = done[-len(operators) - 1 :]
    del done[-len(operators) - 1 :]
    first = operands[0]
    terms = [first]
    for n, operator in enumerate(operators):
        terms.append(operands[n + 1])
        if n + 1 == len(operators) or operators[n + 1] != operator:
            span = Span(first.span.start, terms[-1].span.end)
            kind = nodes.And if operator == "and" else nodes.Or
            terms = [kind(tuple(terms), span)]
    done.append(terms[0])


def _match(bare: Bare, qualifier: nodes.Qualifier | None, span: Span | None = None) -> nodes.Match:
    """Give the identifier its qualifiers."""
    if qualifier is None:
        _refuse(bare)
    value = bare.value
    if isinstance(value, Token):
        value = _dotted(value, qualifier)
    return nodes.Match(qualifier, value, span or bare.span)


def _dotted(token: Token, qualifier: nodes.Qualifier) -> nodes.Name | nodes.V4:
    """Give what dotted numbers are behind these qualifiers: an address, and never a port."""
    if qualifier.kind not in (None, "host", "net", "gateway"):
        raise FilterError(f"'{qualifier.kind}' modifier applied to ip host", span=token.span)
    if qualifier.proto == "decnet":  # area.node, read where DECnet addresses are
        if qualifier.kind == "gateway":
            raise FilterError("'gateway' requires a name", span=token.span)
        return nodes.Name(token.text, span=token.span)
    return values.v4(token)


def _refuse(bare: Bare) -> NoReturn:
    """Refuse an identifier that inherits nothing, in the words libpcap has for its sort."""
    value = bare.value
    if isinstance(value, Token):
        value = values.v4(value)
    match value:
        case nodes.V4(prefix=None, mask=None) | nodes.Number() | nodes.Name():
            raise FilterSyntaxError("syntax error in filter expression", span=bare.span)
        case nodes.V4():
            message = "Mask syntax for networks only"
        case nodes.V6():
            message = "invalid qualifier against IPv6 address"
        case nodes.LinkAddress(octets) if len(octets) == 1:
            message = "aid supported only on ARCnet"
        case nodes.LinkAddress():
            message = "ethernet address used in non-ether expression"
    raise FilterError(message, span=bare.span)
