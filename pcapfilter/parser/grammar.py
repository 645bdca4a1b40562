"""The LALR grammar of the filter language: each rule builds one node, nothing else.

The docstrings are the grammar, read by PLY when tables.py is made. The operators `%` and `^` have
no precedence in libpcap: what follows one of them is taken whole as its right operand, and one of
them that follows another operator takes only the operand next to it.
"""
# ruff: noqa: D205, D400, D403  (a rule is not a sentence)

from typing import Any, NoReturn, cast

from pcapfilter.errors import FilterSyntaxError, Span
from pcapfilter.expr import nodes
from pcapfilter.parser import values
from pcapfilter.parser.lexer import LITERALS, SYNTAX_ERROR, Token
from pcapfilter.parser.raw import Bare, Group, Head, Negated, Pair, Qualified

tokens = (
    "PROTO", "SRC", "DST", "ADDRESS", "KIND", "PLAINKIND", "MASK", "BARE", "NUMBERED",
    "ENCAPSULATION", "NAMED", "REASON", "RNR", "LLC", "TYPE", "SUBTYPE", "DIR", "BYTE", "CAST",
    "FIELD", "LEN", "AND", "OR", "NOT", "RELATION", "SHIFT",
    "NUM", "ID", "EID", "HID", "HID6", "AID",
)  # fmt: skip
literals = LITERALS
precedence = (
    ("right", "LOOSE"),
    ("left", "|"),
    ("left", "&"),
    ("left", "SHIFT"),
    ("left", "+", "-"),
    ("left", "*", "/"),
    ("nonassoc", "NEGATE"),
    ("right", "%", "^"),
)
start = "filter"

Rule = Any  # PLY hands each rule its production: p[0] is what it makes, p[1]... what it is made of.


def _cover(first: Any, last: Any) -> Span:
    """Give the Span from the start of one part to the end of another."""
    return Span(first.span.start, last.span.end)


def _head(proto: Token | None, direction: Token | None, kind: Token | None) -> Head:
    """Give the qualifiers that stand before an identifier."""
    said = [part for part in (proto, direction, kind) if part]
    texts = [part.text if part else None for part in (proto, direction, kind)]
    return Head(nodes.Qualifier(*cast("Any", texts)), _cover(said[0], said[-1]))


def p_one(p: Rule) -> None:
    """expr : term
    term : rterm
    rterm : word
    id : nid
    pid : nid
    qid : pid
    direction : SRC
    | DST
    | ADDRESS
    either : NUM
    | ID
    byteop : '&'
    | '|'
    | '<'
    | '>'
    | '='
    relation : RELATION
    | '<'
    | '>'
    | '='
    arith : number
    | narith
    """
    p[0] = p[1]


# ---- and, or, not ------------------------------------------------------------------------------


def p_filter(p: Rule) -> None:
    """filter : expr
    |
    """
    p[0] = p[1] if len(p) > 1 else nodes.Everything()


def p_pair(p: Rule) -> None:
    """expr : expr AND term
    | expr AND id
    | expr OR term
    | expr OR id
    pid : qid AND id
    | qid OR id
    """
    p[0] = Pair("and" if p[2].type == "AND" else "or", p[1], p[3], _cover(p[1], p[3]))


def p_group(p: Rule) -> None:
    """id : '(' pid ')'
    rterm : '(' expr ')'
    """
    p[0] = Group(p[2], _cover(p[1], p[3]))


def p_negated(p: Rule) -> None:
    """nid : NOT id
    term : NOT term
    """
    p[0] = Negated(p[2], _cover(p[1], p[2]))


# ---- identifiers -------------------------------------------------------------------------------


def p_nid_name(p: Rule) -> None:
    """nid : ID"""
    p[0] = Bare(nodes.Name(p[1].text, bool(p[1].number), p[1].span), p[1].span)


def p_bare(p: Rule) -> None:
    """id : number
    qid : number
    nid : HID
    """
    p[0] = Bare(p[1], p[1].span)


def p_nid_prefix(p: Rule) -> None:
    """nid : HID '/' NUM"""
    p[0] = Bare(values.v4_prefix(p[1], p[3]), _cover(p[1], p[3]))


def p_nid_mask(p: Rule) -> None:
    """nid : HID MASK HID"""
    p[0] = Bare(values.v4_mask(p[1], p[3]), _cover(p[1], p[3]))


def p_nid_v6(p: Rule) -> None:
    """nid : HID6"""
    p[0] = Bare(values.v6(p[1]), p[1].span)


def p_nid_v6_prefix(p: Rule) -> None:
    """nid : HID6 '/' NUM"""
    p[0] = Bare(values.v6_prefix(p[1], p[3]), _cover(p[1], p[3]))


def p_nid_mac(p: Rule) -> None:
    """nid : EID"""
    p[0] = Bare(values.mac(p[1]), p[1].span)


def p_nid_arcnet(p: Rule) -> None:
    """nid : AID"""
    p[0] = Bare(values.arcnet(p[1]), p[1].span)


# ---- primitives --------------------------------------------------------------------------------


def p_rterm_head(p: Rule) -> None:
    """rterm : head id"""
    p[0] = Qualified(p[1], p[2], _cover(p[1], p[2]))


def p_rterm_proto(p: Rule) -> None:
    """rterm : PROTO"""
    p[0] = nodes.Protocol(p[1].text, p[1].span)


def p_rterm_relation(p: Rule) -> None:
    """rterm : arith relation arith"""
    p[0] = nodes.Relation(p[2].text, p[1], p[3], _cover(p[1], p[3]))


def p_head(p: Rule) -> None:
    """head : proto direction KIND"""
    p[0] = _head(p[1], p[2], p[3])


def p_head_direction(p: Rule) -> None:
    """head : proto direction"""
    p[0] = _head(p[1], p[2], None)


def p_head_kind(p: Rule) -> None:
    """head : proto KIND
    | proto PLAINKIND
    """
    p[0] = _head(p[1], None, p[2])


def p_proto(p: Rule) -> None:
    """proto : PROTO
    |
    """
    p[0] = p[1] if len(p) > 1 else None


def p_direction_either(p: Rule) -> None:
    """direction : SRC OR DST
    | DST OR SRC
    """
    p[0] = Token("DIRECTION", "src or dst", _cover(p[1], p[3]))


def p_direction_both(p: Rule) -> None:
    """direction : SRC AND DST
    | DST AND SRC
    """
    p[0] = Token("DIRECTION", "src and dst", _cover(p[1], p[3]))


# ---- words -------------------------------------------------------------------------------------


def p_word_cast(p: Rule) -> None:
    """word : proto CAST"""
    p[0] = nodes.Word(p[2].text, (p[1] and p[1].text,), _cover(p[1] or p[2], p[2]))


def p_word_bare(p: Rule) -> None:
    """word : BARE
    | ENCAPSULATION
    | LLC
    """
    p[0] = nodes.Word(p[1].text, (), p[1].span)


def p_word_number(p: Rule) -> None:
    """word : NUMBERED NUM
    | RNR NUM
    | REASON NUM
    """
    p[0] = nodes.Word(p[1].text, (p[2].number,), _cover(p[1], p[2]))


def p_word_name(p: Rule) -> None:
    """word : NAMED ID
    | REASON ID
    | LLC ID
    | LLC RNR
    """
    p[0] = nodes.Word(p[1].text, (p[2].text,), _cover(p[1], p[2]))


def p_word_encapsulation(p: Rule) -> None:
    """word : ENCAPSULATION number"""
    p[0] = nodes.Word(p[1].text, (p[2].value,), _cover(p[1], p[2]))


def p_word_byte(p: Rule) -> None:
    """word : BYTE NUM byteop NUM"""
    p[0] = nodes.Word("byte", (p[2].number, p[3].text, p[4].number), _cover(p[1], p[4]))


def p_word_wlan(p: Rule) -> None:
    """word : proto TYPE either
    | proto SUBTYPE ID
    | proto DIR either
    """
    p[0] = nodes.Word(p[2].text, (values.argument(p[3]),), _cover(p[1] or p[2], p[3]))


def p_word_wlan_subtype(p: Rule) -> None:
    """word : proto TYPE either SUBTYPE either"""
    arguments = (values.argument(p[3]), values.argument(p[5]))
    p[0] = nodes.Word("type", arguments, _cover(p[1] or p[2], p[5]))


def p_word_field(p: Rule) -> None:
    """word : FIELD NUM"""
    p[0] = nodes.Field(p[1].text, (("=", p[2].number),), _cover(p[1], p[2]))


def p_word_field_relation(p: Rule) -> None:
    """word : FIELD relation NUM"""
    p[0] = nodes.Field(p[1].text, ((p[2].text, p[3].number),), _cover(p[1], p[3]))


def p_word_field_list(p: Rule) -> None:
    """word : FIELD '(' alternatives ')'"""
    p[0] = nodes.Field(p[1].text, tuple(("=", n) for n in p[3]), _cover(p[1], p[4]))


def p_alternatives(p: Rule) -> None:
    """alternatives : NUM"""
    p[0] = [p[1].number]


def p_alternatives_more(p: Rule) -> None:
    """alternatives : alternatives OR NUM"""
    p[1].append(p[3].number)
    p[0] = p[1]


# ---- arithmetic --------------------------------------------------------------------------------


def p_narith_binary(p: Rule) -> None:
    """narith : arith '+' arith
    | arith '-' arith
    | arith '*' arith
    | arith '/' arith
    | arith '&' arith
    | arith '|' arith
    | arith SHIFT arith
    | arith '%' arith %prec LOOSE
    | arith '^' arith %prec LOOSE
    """
    p[0] = nodes.Binary(p[2].text, p[1], p[3], _cover(p[1], p[3]))


def p_narith_negate(p: Rule) -> None:
    """narith : '-' arith %prec NEGATE"""
    p[0] = nodes.Negate(p[2], _cover(p[1], p[2]))


def p_narith_load(p: Rule) -> None:
    """narith : PROTO '[' arith ']'"""
    p[0] = nodes.Load(p[1].text, p[3], 1, _cover(p[1], p[4]))


def p_narith_load_size(p: Rule) -> None:
    """narith : PROTO '[' arith ':' NUM ']'"""
    p[0] = nodes.Load(p[1].text, p[3], values.size(p[5]), _cover(p[1], p[6]))


def p_narith_len(p: Rule) -> None:
    """narith : LEN"""
    p[0] = nodes.Length(p[1].span)


def p_arith_group(p: Rule) -> None:
    """narith : '(' narith ')'
    number : '(' number ')'
    """
    p[0] = p[2].replace(span=_cover(p[1], p[3]))


def p_number(p: Rule) -> None:
    """number : NUM"""
    p[0] = nodes.Number(p[1].number, p[1].text, p[1].span)


def p_error(token: Token | None) -> NoReturn:
    """Refuse the text at this token, or at its end."""
    raise FilterSyntaxError(SYNTAX_ERROR, span=token.span if token else None)
