"""A load that reaches past the packet rejects it at once, under `not` and beside `or` as well."""

from collections.abc import Iterator

from pcapfilter.codegen import layout
from pcapfilter.expr.nodes import Expr, Load, Not, Number, Or, Relation
from pcapfilter.expr.text import to_text
from pcapfilter.tools.lint.families import loads_of
from pcapfilter.tools.lint.finding import Finding
from pcapfilter.tools.lint.subject import Subject
from pcapfilter.tools.lint.tree import Place, leaves, on_the_way, replaced
from pcapfilter.tools.spelling import Spelling

SURE = {
    # header -> octets of it that every packet with this header has
    "link": 14, "ip": 20, "ip6": 40, "arp": 28, "rarp": 28, "tcp": 20, "udp": 8, "sctp": 12,
    "icmp": 8, "icmp6": 4, "igmp": 8,
}  # fmt: skip
GUARDED = "asking first whether it is there"
IN_TRANSPORT = frozenset(("tcp", "udp", "sctp", "icmp", "igmp", "igrp", "pim", "vrrp", "carp"))


def failing(subject: Subject) -> Iterator[Finding]:
    """Find loads from beyond a header's fixed part, where a packet without them should match."""
    for place in leaves(subject.expr):
        node = place.node
        if not isinstance(node, Relation):
            continue
        far = [load for load in loads_of(node) if _may_fail(load)]
        above = on_the_way(subject.expr, place.path)[:-1]
        negated = any(isinstance(n, Not) for n in above)
        if not far or not (negated or _has_later_choice(subject.expr, place)):
            continue
        guarded = _guarded(subject, node, far)
        rewritings = []
        if guarded:
            text = replaced(subject.text, subject.expr, place.path, guarded)
            rewritings.append(subject.rewriting(text, GUARDED, theirs=True))
            if rewritings[0].relation == "same":
                continue
        where = "although it is under `not`" if negated else "although an `or` follows"
        what = ", ".join(dict.fromkeys(f"`{_text(subject, node, load)}`" for load in far))
        yield Finding(
            "short-packet", "warning", node.span,
            f"a packet that ends before {what} is rejected at once, {where}", tuple(rewritings),
        )  # fmt: skip


def _text(subject: Subject, node: Relation, load: Load) -> str:
    said = to_text(Relation("=", load, Number(0))).removesuffix(" = 0")
    return Spelling(subject.text, node.span).of(said)


def _may_fail(load: Load) -> bool:
    if not isinstance(load.index, Number):
        return True
    return load.index.value + load.size > SURE.get(load.proto, 0)


def _has_later_choice(root: Expr, place: Place) -> bool:
    """Tell whether an `or` has terms after the one that the relation is in."""
    nodes = on_the_way(root, place.path)
    return any(
        isinstance(node, Or) and step + 1 < len(node.terms)
        for node, step in zip(nodes, place.path, strict=False)
    )


def _guarded(subject: Subject, node: Relation, far: list[Load]) -> str:
    """Give the relation behind a test of the length; nothing where several places are too far."""
    if len(far) != 1:
        return ""
    [load] = far
    spelling = Spelling(subject.text, node.span)
    place = load.index.value if isinstance(load.index, Number) else 0
    end = place + load.size
    start = layout.of_link(subject.link.dlt)
    if start is None or start.payload.variable:
        return ""
    network = start.payload.constant + start.net
    if load.proto == "link":
        need = str(end)
    elif load.proto in {"ip", "ip6", "arp", "rarp"}:
        need = str(network + end)
    elif load.proto in IN_TRANSPORT:
        need = f"{network + end} + 4 * (ip[0] & 0xf)"
    elif load.proto == "icmp6":
        need = str(network + 40 + end)
    else:
        return ""
    if not isinstance(load.index, Number):
        index = to_text(Relation("=", load.index, Number(0))).removesuffix(" = 0")
        need += f" + ({spelling.of(index)})"
    return f"len >= {need} and {spelling.of(to_text(node))}"
