"""Words that see less, or more, than their name says: IPv4 alone, no fragments, ARP as well."""

from collections.abc import Iterator

from pcapfilter.expr.nodes import (
    V4,
    V6,
    Arith,
    Binary,
    Expr,
    Load,
    Match,
    Negate,
    Number,
    Protocol,
    Relation,
)
from pcapfilter.expr.text import to_text
from pcapfilter.tools.lint.finding import Finding
from pcapfilter.tools.lint.subject import Subject
from pcapfilter.tools.lint.tree import Place, changed, leaves, replaced_all
from pcapfilter.tools.spelling import Spelling

OVER_BOTH = {
    # what is looked into behind IPv4 alone, though IPv6 carries it too -> its protocol number
    "tcp": 6,
    "udp": 17,
    "sctp": 132,
    "pim": 103,
    "vrrp": 112,
}
IPV6_HEADER = 40
LONGEST = 500
"""Letters of a relation; a longer one, which may nest as deep, is not written anew."""

LATER_FRAGMENT = "ip[6:2] & 0x1fff != 0"
EXTENDED = "ip6[6] = 0 or ip6[6] = 43 or ip6[6] = 44 or ip6[6] = 60"
"""IPv6 packets with a hop-by-hop, routing, fragment or destination header first."""


def accessors(subject: Subject) -> Iterator[Finding]:
    """Find `tcp[13]` and the like: libpcap looks for the header behind IPv4 alone.

    They are one finding: of `tcp[13] & 2 != 0 and tcp[2:2] = 80` each keeps IPv6 out by itself.
    """
    places = [place for place in leaves(subject.expr) if _over_both(place)]
    changes = [(p.path, both) for p in places if (both := _for_both(subject, p))]
    rewritings = []
    if changes:
        text = replaced_all(subject.text, subject.expr, changes)
        rewritings.append(subject.rewriting(text, "IPv6 without extension headers as well"))
    if not changes or rewritings[0].alike:
        if len(changes) == len(places):
            return
        if subject.selects_some(_with_ipv6(subject, places)) is False:
            return
        only = [(p.path, f"ip and {subject.written(p.node.span)}") for p in places]
        text = replaced_all(subject.text, subject.expr, only)
        rewritings = [subject.rewriting(text, "the same, if IPv4 alone is meant")]
    names = ", ".join(
        dict.fromkeys(f"`{load.proto}[...]`" for p in places for load in _over_both(p))
    )
    spans = tuple(place.node.span for place in places)
    these = "this never holds" if len(places) == 1 else f"none of the {len(places)} tests holds"
    yield Finding(
        "ipv4-only", "warning", spans[0],
        f"{names} looks behind IPv4 alone: in an IPv6 packet {these}",
        tuple(rewritings), spans[1:],
    )  # fmt: skip


def _over_both(place: Place) -> list[Load]:
    """Give the packet accesses of a place into headers that IPv6 carries, too."""
    return [load for load in loads_of_expr(place.node) if load.proto in OVER_BOTH]


def _for_both(subject: Subject, place: Place) -> str:
    """Give a test with its like behind IPv6; nothing where it has none."""
    assert isinstance(place.node, Relation)
    sixth = _behind_ipv6(place.node)
    if not sixth:
        return ""
    sixth = Spelling(subject.text, place.node.span).of(sixth)
    return f"{subject.written(place.node.span)} or ({sixth})"


def loads_of(node: Relation) -> list[Load]:
    """Give the packet accesses of a relation."""
    found: list[Load] = []
    waiting: list[Arith] = [node.right, node.left]
    while waiting:
        match waiting.pop():
            case Load() as load:
                found.append(load)
                waiting.append(load.index)
            case Binary(_, left, right):
                waiting += [right, left]
            case Negate(operand):
                waiting.append(operand)
    return found


def _behind_ipv6(node: Relation) -> str:
    """Give the same test behind a fixed IPv6 header; nothing where it looks elsewhere, too."""
    loads = loads_of(node)
    protos = {load.proto for load in loads}
    if len(protos) != 1 or len(to_text(node)) > LONGEST:
        return ""
    [proto] = protos
    moved = node.replace(left=_moved(node.left), right=_moved(node.right))
    return f"ip6[6] = {OVER_BOTH[proto]} and {to_text(moved)}"


def _moved(arith: Arith) -> Arith:
    """Give the same value, read behind a fixed IPv6 header."""
    match arith:
        case Load(_, Number(place), size):
            return Load("ip6", Number(IPV6_HEADER + place), size)
        case Load(_, index, size):
            return Load("ip6", Binary("+", Number(IPV6_HEADER), _moved(index)), size)
        case Binary(_, left, right):
            return arith.replace(left=_moved(left), right=_moved(right))
        case Negate(operand):
            return arith.replace(operand=_moved(operand))
        case _:
            return arith


def _with_ipv6(subject: Subject, places: list[Place]) -> str:
    """Give the IPv6 packets that would be decided upon if the tests could hold for them."""
    tree = subject.expr
    for place in places:
        tree = changed(tree, place.path, Protocol(_over_both(place)[0].proto))
    return f"ip6 and ({to_text(tree)})"


def loads_of_expr(node: Expr) -> list[Load]:
    """Give the packet accesses of a primitive."""
    return loads_of(node) if isinstance(node, Relation) else []


def ports(subject: Subject) -> Iterator[Finding]:
    """Find ports: they are not seen in later fragments, nor behind IPv6 extension headers."""
    places = [
        place for place in leaves(subject.expr)
        if isinstance(place.node, Match) and place.node.qualifier.kind in {"port", "portrange"}
    ]  # fmt: skip
    if not places or subject.constant:
        return
    missed = []
    for what, test in (
        ("later fragments (they carry no ports)", LATER_FRAGMENT),
        ("packets with IPv6 extension headers", EXTENDED),
    ):
        text = replaced_all(
            subject.text, subject.expr,
            [(place.path, f"{_written(subject, place)} or {test}") for place in _last(places)],
        )  # fmt: skip
        rewriting = subject.rewriting(text, f"{what} as well, whatever their ports")
        if not rewriting.alike:
            missed.append((what, rewriting))
    if missed:
        spans = tuple(place.node.span for place in places)
        misses = " and ".join(what for what, _ in missed)
        yield Finding(
            "port", "note", spans[0],
            f"ports are looked for right behind the IP header: {misses} never match them",
            tuple(rewriting for _, rewriting in missed), spans[1:],
        )  # fmt: skip


def _last(places: list[Place]) -> list[Place]:
    """Give the last of the places below each node: what is added there need not be repeated."""
    return [*{place.path[:-1]: place for place in places}.values()]


def _written(subject: Subject, place: Place) -> str:
    """Give a primitive as it is written; spelled out where the text leaves something out."""
    own = subject.text[slice(*place.node.span)]
    return own if len(own.split()) > 1 else to_text(place.node)


def hosts(subject: Subject) -> Iterator[Finding]:
    """Find `host` and `net` without a protocol: they match ARP and RARP packets, too."""
    places = [
        place for place in leaves(subject.expr)
        if isinstance(place.node, Match)
        and place.node.qualifier.proto is None
        and place.node.qualifier.kind in {None, "host", "net"}
    ]  # fmt: skip
    if not places or subject.constant:
        return
    changes = [(place.path, _of_ip(subject, place)) for place in places]
    text = replaced_all(subject.text, subject.expr, changes)
    rewriting = subject.rewriting(text, "IP alone")
    if rewriting.alike:
        return
    spans = tuple(place.node.span for place in places)
    yield Finding(
        "arp", "note", spans[0],
        "an address without a protocol is looked for in ARP and RARP packets, too",
        (rewriting,), spans[1:],
    )  # fmt: skip


def _of_ip(subject: Subject, place: Place) -> str:
    """Give an address as one of IP."""
    node, own = place.node, _written(subject, place)
    assert isinstance(node, Match)
    match node.value:
        case V4() | Number():
            return f"ip {own}"
        case V6():
            return f"ip6 {own}"
        case _:
            known = [f"{ip} {own}" for ip in ("ip", "ip6") if subject.program(f"{ip} {own}")]
            return " or ".join(known) or own
