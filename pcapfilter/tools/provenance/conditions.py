"""Conditions, term by term: which blocks they have, and what is known once they hold."""

from collections.abc import Iterator

from pcapfilter.codegen.build import All, Any, Cond, Inverse
from pcapfilter.codegen.cfg import Block
from pcapfilter.expr import nodes
from pcapfilter.expr.nodes import Expr
from pcapfilter.tools.fields_values import VERSIONS
from pcapfilter.tools.provenance.places import LINK_HEADER, Known
from pcapfilter.tools.provenance.values import Question, Reader

TRANSPORTS = {
    # what a protocol field stands for -> the header that follows
    "tcp": "TCP", "udp": "UDP", "sctp": "SCTP", "icmp": "ICMP", "icmp6": "ICMPv6", "igmp": "IGMP",
    "ah": "AH", "fragment header": "fragment header",
}  # fmt: skip
FRAGMENT = TRANSPORTS["fragment header"]
FROM_LOADS: dict[str, Known] = {
    # protocol of a load -> the headers that it looks into
    **{word: Known("IPv4", header) for word, header in TRANSPORTS.items() if word != "icmp6"},
    "icmp6": Known("IPv6", "ICMPv6"),
    "link": Known(LINK_HEADER),
    "ip": Known("IPv4"),
    "ip6": Known("IPv6"),
    "arp": Known("ARP"),
    "rarp": Known("RARP"),
    "decnet": Known("DECnet"),
}


STEPPING = {
    # word -> the header that it looks into, behind the type field
    "vlan": Known("VLAN"), "mpls": Known("MPLS"), "pppoes": Known("PPPoE"),
    "geneve": Known(tunnel="Geneve"),
}  # fmt: skip
INSIDE = frozenset(("llc", "pppoed", "lane"))
"""Words that look behind the link-layer header, or at what it says follows."""


def blocks_of(cond: Cond) -> Iterator[Block]:
    """Give the blocks of a condition, in the order in which they are tested."""
    stack = [cond]
    while stack:
        here = stack.pop()
        match here:
            case Block():
                yield here
            case Inverse():
                stack.append(here.term)
            case All() | Any():
                stack += reversed(here.terms)


def flat(cond: All) -> Iterator[Cond]:
    """Give the terms of a conjunction, with those of conjunctions inside it."""
    stack: list[Cond] = [cond]
    while stack:
        here = stack.pop()
        if isinstance(here, All):
            stack += reversed(here.terms)
        else:
            yield here


def supposed(node: Expr) -> Known:
    """Give what a primitive looks into, whatever it tests: of a relation, where its loads agree.

    The right side of a relation has no guards.
    """
    match node:
        case nodes.Relation(_, left, right):
            return _looked_into(left, right)
        case (
            nodes.Field() | nodes.Match(qualifier=nodes.Qualifier(proto="link", kind=None | "host"))
        ):
            return Known(LINK_HEADER)
        case nodes.Word(word) if word in STEPPING:
            return STEPPING[word]
        case nodes.Word(word, args) if word not in INSIDE and not {"ip", "ip6"} & {*args}:
            return Known(LINK_HEADER)
        case _:
            return Known()


def _looked_into(*sides: nodes.Arith) -> Known:
    found: set[Known] = set()
    stack = [*sides]
    while stack:
        match stack.pop():
            case nodes.Load(proto, index, _):
                found.add(FROM_LOADS.get(proto, Known()))
                stack.append(index)
            case nodes.Negate(operand):
                stack.append(operand)
            case nodes.Binary(_, left, right):
                stack += (left, right)
            case _:
                continue
    known = [one for one in found if one.network]
    if not known:
        return Known()
    first = known[0]
    for other in known[1:]:
        first = first.both(other)
    transports = {one.transport for one in known if one.transport}
    return first._replace(transport=transports.pop() if len(transports) == 1 else "")


def learn(cond: Cond, known: Known, reader: Reader) -> Known:
    """Read the blocks of a condition in order; give what is known where it holds."""
    match cond:
        case Block():
            question = reader.read(cond, known)
            return known if question is None else _taught(question, known, holds=True)
        case Inverse(term=Block() as block):
            question = reader.read(block, known)
            return known if question is None else _taught(question, known, holds=False)
        case Inverse(term=term):
            learn(term, known, reader)
            return known
        case All():
            for term in flat(cond):
                known = learn(term, known, reader)
            return known
        case Any():
            found = [learn(term, known, reader) for term in cond.terms]
            result = found[0]
            for other in found[1:]:
                result = result.both(other)
            network, transport = (
                result.network or known.network,
                result.transport or known.transport,
            )
            return result._replace(network=network, transport=transport)


def _taught(question: Question, known: Known, *, holds: bool) -> Known:
    """Add to what is known what the answer to a question says."""
    field, wanted = question.value.field, question.wanted.constant
    if field is None or wanted is None:
        return known
    if not holds:
        is_type = field.name in {"EtherType", "VLAN EtherType"} and question.asks == "jgt"
        return known._replace(network="LLC") if is_type else known
    if question.asks != "jeq":
        return known
    name = field.known(wanted >> question.value.shift)
    if not name:
        return known
    if field.name in {"IPv4 protocol", "IPv6 next header", "fragment header next header"}:
        transport = TRANSPORTS.get(name, name)
        supposed_else = known.transport and transport != FRAGMENT
        return known if supposed_else else known._replace(transport=transport)
    if name in VERSIONS.values() and known.network in VERSIONS.values():
        return known._replace(network=name)
    if known.network and known.network not in {"LLC", "ISO"}:
        return known
    if field.header == "LLC" and name != "ISO" and field.name != "SNAP EtherType":
        return known._replace(network="LLC")
    return known._replace(network=name)
