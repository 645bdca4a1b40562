"""Lowering: the one match over Expr, front to back through the text."""

from collections.abc import Callable
from typing import NamedTuple, assert_never

from pcapfilter.codegen import arith, build
from pcapfilter.codegen.build import Builder, Cond
from pcapfilter.codegen.encap import geneve, lane, mpls, pppoe, vlan
from pcapfilter.codegen.layout import Layout
from pcapfilter.codegen.primitive import (
    capture,
    cast,
    cell,
    llc_frame,
    match,
    pf,
    protocol,
    size,
    ss7,
    wireless_frame,
)
from pcapfilter.expr.nodes import (
    And,
    Everything,
    Expr,
    Field,
    Match,
    Not,
    Or,
    Protocol,
    Relation,
    Word,
)

WORDS: dict[str, Callable[..., Cond]] = {
    # word: what generates it, given the builder and the word's arguments
    "broadcast": cast.broadcast,
    "multicast": cast.multicast,
    "less": size.less,
    "greater": size.greater,
    "byte": size.byte,
    "llc": llc_frame.llc,
    "type": wireless_frame.frame_type,
    "subtype": wireless_frame.frame_subtype,
    "dir": wireless_frame.direction,
    "inbound": capture.inbound,
    "outbound": capture.outbound,
    "ifindex": capture.interface_index,
    "ifname": pf.interface,
    "rset": pf.ruleset,
    "rnr": pf.rule,
    "srnr": pf.subrule,
    "reason": pf.reason,
    "action": pf.action,
    "lane": lane.lane,
    "geneve": geneve.geneve,
    "vlan": vlan.vlan,
    "mpls": mpls.mpls,
    "pppoed": pppoe.pppoed,
    "pppoes": pppoe.pppoes,
}
OPTIONAL_ARGUMENT = frozenset(("broadcast", "multicast", "vlan", "mpls", "pppoes", "geneve", "llc"))


class Part(NamedTuple):
    """What one primitive has become, and the layout before it: for whoever explains a program."""

    node: Expr
    cond: Cond
    layout: Layout


def lower(b: Builder, root: Expr, parts: list[Part] | None = None) -> Cond:
    """Give the condition that an expression states; `b` is left as the text has made it.

    The primitives are added to `parts`, where that is given. The walk has its own stack:
    expressions may be thousands of nodes deep.
    """
    pending: list[tuple[Expr, bool]] = [(root, False)]
    done: list[Cond] = []
    while pending:
        node, ready = pending.pop()
        match node:
            case And() | Or() if not ready:
                pending.append((node, True))
                pending += [(term, False) for term in reversed(node.terms)]
            case And() | Or():
                count = len(node.terms)
                terms = done[-count:]
                del done[-count:]
                done.append(build.All(terms) if isinstance(node, And) else build.Any(terms))
            case Not() if not ready:
                pending += [(node, True), (node.term, False)]
            case Not():
                done.append(build.Inverse(done.pop()))
            case _:
                b.span, before = node.span, b.layout
                done.append(_primitive(b, node))
                if parts is not None:
                    parts.append(Part(node, done[-1], before))
    return done.pop()


def _primitive(b: Builder, node: Everything | Match | Protocol | Relation | Word | Field) -> Cond:
    match node:
        case Everything():
            return build.always(truth=True)
        case Match():
            return match.lower(b, node)
        case Protocol():
            return protocol.named(b, node.proto)
        case Relation():
            return arith.relation(b, node)
        case Word():
            return _word(b, node)
        case Field():
            if node.word in cell.FIELDS:
                return cell.field(b, node.word, node.tests)
            return ss7.label(b, node.word, node.tests)
        case _:
            assert_never(node)


def _word(b: Builder, node: Word) -> Cond:
    if node.word in cell.CIRCUITS or node.word in cell.CONNECTION_MESSAGES:
        return cell.circuit(b, node.word)
    if node.word.removeprefix("h") in ss7.UNITS:
        return ss7.unit(b, node.word)
    generate = WORDS[node.word]
    args = node.args or (None,) if node.word in OPTIONAL_ARGUMENT else node.args
    return generate(b, *args)
