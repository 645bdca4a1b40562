"""Expr -> canonical filter text, which parses back to an equal Expr.

Every identifier has its qualifiers written out, numbers are decimal, link-layer words are `ether`,
and parentheses stand only where they are needed. `%` and `^` and their operands are the exception:
libpcap gives these two no precedence, so they get parentheses for the reader's sake.
"""

import re
from typing import assert_never

from pcapfilter.expr import nodes
from pcapfilter.expr.words import CONSTANTS, KEYWORDS
from pcapfilter.net.address import format_v4, format_v6, is_dotted, is_mac

# Operator -> how tightly it binds; 0 for those that always need parentheses.
_TIGHTNESS = {
    "|": 1, "&": 2, "<<": 3, ">>": 3, "+": 4, "-": 4, "*": 5, "/": 5, "%": 0, "^": 0,
}  # fmt: skip

_Piece = str | nodes.Expr | nodes.Arith

_PLAIN_NAME = re.compile("[A-Za-z0-9](?:[-_.A-Za-z0-9]*[.A-Za-z0-9])?")
_NUMBER = re.compile("[0-9]+|0[xX][0-9A-Fa-f]+")


def to_text(expr: nodes.Expr) -> str:
    """Give the canonical text of an expression, in time linear in its size."""
    written: list[str] = []
    todo: list[_Piece] = [expr]
    while todo:
        piece = todo.pop()
        if isinstance(piece, str):
            written.append(piece)
        else:
            todo.extend(reversed(_pieces(piece)))
    return "".join(written)


def _pieces(node: nodes.Expr | nodes.Arith) -> list[_Piece]:
    """Give a node as text with the nodes below it still in it."""
    match node:
        case nodes.Everything():
            return []
        case nodes.And(terms):
            return _joined(" and ", terms, nodes.Or)
        case nodes.Or(terms):
            return _joined(" or ", terms, nodes.And)
        case nodes.Not(term):
            return ["not ", *_wrapped(term, needed=isinstance(term, nodes.And | nodes.Or))]
        case nodes.Match(qualifier, value):
            return [_qualifiers(qualifier), _value(value)]
        case nodes.Protocol(proto):
            return [_proto(proto)]
        case nodes.Relation(op, left, right):
            return [left, f" {op} ", right]
        case nodes.Word(word, args):
            return [_word(word, args)]
        case nodes.Field(word, tests):
            return [_field(word, tests)]
        case nodes.Number():
            return [_value(node)]
        case nodes.Length():
            return ["len"]
        case nodes.Load(proto, index, size):
            return [f"{_proto(proto)}[", index, f":{size}]" if size != 1 else "]"]
        case nodes.Negate(operand):
            return ["-", *_wrapped(operand, needed=isinstance(operand, nodes.Binary))]
        case nodes.Binary(op, left, right):
            return [
                *_wrapped(left, needed=_looser(left, op, _TIGHTNESS[op])),
                f" {op} ",
                *_wrapped(right, needed=_looser(right, op, _TIGHTNESS[op] + 1)),
            ]
        case _:
            assert_never(node)


def _joined(
    operator: str, terms: tuple[nodes.Expr, ...], bare: type[nodes.And | nodes.Or]
) -> list[_Piece]:
    """Give terms with an operator between them; the first may be a run of the other operator."""
    pieces: list[_Piece] = []
    for term in terms:
        joined = isinstance(term, nodes.And | nodes.Or)
        needed = joined and bool(pieces or not isinstance(term, bare))
        pieces += [operator] if pieces else []
        pieces += _wrapped(term, needed=needed)
    return pieces


def _wrapped(node: nodes.Expr | nodes.Arith, *, needed: bool) -> list[_Piece]:
    return ["(", node, ")"] if needed else [node]


def _looser(operand: nodes.Arith, op: nodes.Operator, tightness: int) -> bool:
    """Whether an operand would come apart beside an operator that binds so tightly."""
    match operand:
        case nodes.Binary(below):
            return not _TIGHTNESS[op] or _TIGHTNESS[below] < tightness
        case nodes.Negate():
            return not _TIGHTNESS[op]
        case _:
            return False


def _proto(proto: nodes.Proto) -> str:
    return "ether" if proto == "link" else proto


def _qualifiers(qualifier: nodes.Qualifier) -> str:
    proto = _proto(qualifier.proto) if qualifier.proto else None
    parts = (proto, qualifier.direction, qualifier.kind)
    return "".join(f"{part} " for part in parts if part)


def _value(value: nodes.Value) -> str:
    """Write what stands behind the qualifiers."""
    match value:
        case nodes.Number(number, name):
            return name or str(number)
        case nodes.Name(name, escaped):
            return f"\\{name}" if escaped else name
        case nodes.V4(address, bits, prefix, mask):
            text = format_v4(address, bits)
            if prefix is not None:
                return f"{text}/{prefix}"
            return f"{text} mask {format_v4(mask.address, mask.bits)}" if mask else text
        case nodes.V6(address, prefix):
            return format_v6(address) + (f"/{prefix}" if prefix is not None else "")
        case nodes.LinkAddress(octets):
            return octets.hex(":") if len(octets) == 6 else f"${octets[0] & 0xF:x}"
        case _:
            assert_never(value)


def _word(word: str, args: tuple[int | str | None, ...]) -> str:
    """Write any other primitive."""
    match word, args:
        case ("broadcast" | "multicast", (proto,)):
            return f"{'ether' if proto == 'link' else proto} {word}" if proto else word
        case "byte", (offset, op, number):
            return f"byte {offset} {op} {number}"
        case "type", (kind, subkind):
            return f"type {_argument(kind)} subtype {_argument(subkind)}"
        case "llc", ("rnr",):  # the one keyword that stands for a name
            return "llc rnr"
        case _:
            return " ".join([word, *map(_argument, args)])


def _argument(argument: float | str | None) -> str:
    """Write a word's argument: with a backslash where it would be no name without one."""
    if not isinstance(argument, str):
        return str(argument)
    if argument in KEYWORDS or argument in CONSTANTS or not _PLAIN_NAME.fullmatch(argument):
        return f"\\{argument}"
    if _NUMBER.fullmatch(argument) or is_dotted(argument) or is_mac(argument):
        return f"\\{argument}"
    return argument


def _field(word: str, tests: tuple[tuple[nodes.Comparison, int], ...]) -> str:
    """Write a field of ATM or SS7 and its alternatives."""
    if len(tests) > 1:
        return f"{word} ({' or '.join(str(number) for _, number in tests)})"
    ((op, number),) = tests
    return f"{word} {number}" if op == "=" else f"{word} {op} {number}"
