"""Where each instruction of a program comes from: which primitive, and which field it reads.

    provenance_of(filter)   a program with an Origin beside each instruction, and its primitives
    .primitives             each with what it has become, before any optimisation: a condition
    .origins                one for each instruction

Optimiser passes change statements and move blocks, but make none; so what is known of a statement
before them is known of it after them.

places.py   which header an offset lies in         values.py   what a block computes, in words
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from pcapfilter.bpf import isa
from pcapfilter.bpf.program import Program
from pcapfilter.codegen import build
from pcapfilter.codegen.build import All, Any, Builder, Cond, Inverse, Target
from pcapfilter.codegen.cfg import Block, Graph, Stmt
from pcapfilter.codegen.layout import Layout, of_link
from pcapfilter.codegen.linearize import Place, linearize
from pcapfilter.codegen.link import prelude
from pcapfilter.codegen.lower import Part, lower
from pcapfilter.codegen.optimize import Work, steps
from pcapfilter.errors import FilterError, UnsupportedError
from pcapfilter.expr import nodes
from pcapfilter.expr.nodes import Expr
from pcapfilter.expr.text import to_text
from pcapfilter.filter import Filter
from pcapfilter.net.names import SystemResolver
from pcapfilter.parser import parse
from pcapfilter.tools.fields import Named
from pcapfilter.tools.provenance.places import LINK_HEADER, Known
from pcapfilter.tools.provenance.values import Question, Reader

__all__ = ["Origin", "Primitive", "Provenance", "Tracked", "build_tracked", "provenance_of"]

TRANSPORTS = {
    # what a protocol field stands for -> the header that follows
    "tcp": "TCP", "udp": "UDP", "sctp": "SCTP", "icmp": "ICMP", "icmp6": "ICMPv6", "igmp": "IGMP",
    "ah": "AH", "fragment header": "fragment header",
}  # fmt: skip
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


INSIDE = frozenset(("llc", "vlan", "mpls", "pppoed", "pppoes", "geneve", "lane"))
"""Words that look behind the link-layer header, or at what it says follows."""


class Primitive(NamedTuple):
    """One primitive of the text, and what it has become.

    `text` is canonical: inherited qualifiers are written out. `questions` tells of each block of
    the condition what it asks.
    """

    node: Expr
    text: str
    cond: Cond
    layout: Layout
    questions: dict[Block, Question]


class Origin(NamedTuple):
    """Where an instruction comes from.

    `primitives` are indices (several where equal blocks were made one; none for what belongs to
    the link layer or to the verdict). `field` is what a load reads, `asked` what a jump tests.
    """

    primitives: tuple[int, ...] = ()
    field: Named | None = None
    asked: Question | None = None


class Tracked(NamedTuple):
    """A graph before optimisation, with what each of its blocks and statements comes from."""

    expr: Expr
    graph: Graph
    primitives: list[Primitive]
    blocks: dict[Block, Origin]
    stmts: dict[Stmt, Origin]


class Provenance(NamedTuple):
    """A program, and where each of its instructions comes from."""

    text: str
    program: Program
    origins: tuple[Origin, ...]
    tracked: Tracked
    places: tuple[Place, ...]

    def spans(self, pc: int) -> tuple[tuple[int, int], ...]:
        """Give the places in the text that an instruction comes from."""
        found = (self.tracked.primitives[n].node.span for n in self.origins[pc].primitives)
        return tuple(dict.fromkeys((span.start, span.end) for span in found))

    def said(self, pc: int) -> str:
        """Give the primitives that an instruction comes from, as canonical text."""
        found = (self.tracked.primitives[n].text for n in self.origins[pc].primitives)
        return ", ".join(dict.fromkeys(found))


def provenance_of(made: Filter) -> Provenance:
    """Give the program of a Filter and where its instructions come from; `ret #0` if none matches.

    FilterError where the text is refused for its link type.
    """
    tracked = build_tracked(made)
    graph, blocks, stmts = tracked.graph, tracked.blocks, tracked.stmts
    if made.options.optimize and graph.optimizable:
        work, blocks, stmts = followed(tracked)
        try:
            for name in steps(work):
                if name == "share":
                    _join_equal(work, blocks, stmts)
        except FilterError as error:
            raise error.located(made.text) from None
        graph = work.graph()
    places: list[Place] = []
    program = linearize(graph, places)
    origins = tuple(
        _of_instruction(instruction.code, place, blocks, stmts)
        for instruction, place in zip(program, places, strict=True)
    )
    return Provenance(made.text, program, origins, tracked, tuple(places))


def build_tracked(made: Filter) -> Tracked:
    """Give the graph of a Filter's text, before optimisation, with what each part comes from."""
    link, snaplen, netmask, _, resolver, source, swapped = made.options
    target = Target(link, snaplen, netmask, resolver or SystemResolver(), source, swapped)
    try:
        expr = parse(made.text)
        start = of_link(link.dlt)
        if start is None:
            raise UnsupportedError(f"unknown data link type {link.dlt}", span=expr.span)
        if isinstance(expr, nodes.Everything):
            return Tracked(expr, Graph(Block(k=snaplen)), [], {}, {})
        builder = Builder(target, start)
        parts: list[Part] = []
        condition = lower(builder, expr, parts)
        registers = {cell: name for name, cell in builder.variables.items()}
        blocks: dict[Block, Origin] = {}
        stmts: dict[Stmt, Origin] = {}
        primitives = [
            _read(part, n, link.dlt, registers, blocks, stmts) for n, part in enumerate(parts)
        ]
        attached = prelude.attach(builder, condition)
    except FilterError as error:
        raise error.located(made.text) from None
    graph = build.wire(attached, snaplen, optimizable=builder.optimizable)
    reader = Reader(start, link.dlt, registers, filling=True)
    for block in {graph.root: None, build.head(condition): None}:
        _read_prelude(block, reader, blocks, stmts)
    return Tracked(expr, graph, primitives, blocks, stmts)


def followed(tracked: Tracked) -> tuple[Work, dict[Block, Origin], dict[Stmt, Origin]]:
    """Begin to optimise a graph; give what its copies come from."""
    work = Work(tracked.graph)
    blocks: dict[Block, Origin] = {}
    stmts: dict[Stmt, Origin] = {}
    for node, block in zip(work.nodes, list(tracked.graph.blocks()), strict=True):
        blocks[node] = tracked.blocks.get(block, Origin())
        for copy, stmt in zip(node.stmts, block.stmts, strict=True):
            stmts[copy] = tracked.stmts.get(stmt, Origin())
    return work, blocks, stmts


# ---- reading a primitive -----------------------------------------------------------------------


def _read(
    part: Part,
    number: int,
    outermost: int,
    registers: Mapping[int, str],
    blocks: dict[Block, Origin],
    stmts: dict[Stmt, Origin],
) -> Primitive:
    tunnel = part.node.word == "geneve" if isinstance(part.node, nodes.Word) else False
    reader = Reader(part.layout, outermost, registers, filling=tunnel)
    supposed = Known(tunnel="Geneve") if tunnel else _supposed(part.node)
    _learn(part.cond, supposed, reader)
    for block in blocks_of(part.cond):
        blocks[block] = Origin((number,), None, reader.questions.get(block))
        for stmt in block.stmts:
            stmts[stmt] = Origin((number,), reader.reads.get(stmt))
    return Primitive(part.node, to_text(part.node), part.cond, part.layout, reader.questions)


def _read_prelude(
    block: Block, reader: Reader, blocks: dict[Block, Origin], stmts: dict[Stmt, Origin]
) -> None:
    """Read what stands in front of the first primitive: how long the link layer's headers are."""
    question = reader.read(block, Known())
    if block not in blocks:
        blocks[block] = Origin((), None, question)
    for stmt in block.stmts:
        if stmt not in stmts:
            stmts[stmt] = Origin((), reader.reads.get(stmt))


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


def _supposed(node: Expr) -> Known:
    """What a primitive looks into, whatever it tests: of a relation, where its loads agree.

    The right side of a relation has no guards.
    """
    match node:
        case nodes.Relation(_, left, right):
            return _looked_into(left, right)
        case (
            nodes.Field() | nodes.Match(qualifier=nodes.Qualifier(proto="link", kind=None | "host"))
        ):
            return Known(LINK_HEADER)
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


def _learn(cond: Cond, known: Known, reader: Reader) -> Known:
    """Read the blocks of a condition in order; give what is known where it holds."""
    match cond:
        case Block():
            question = reader.read(cond, known)
            return known if question is None else _taught(question, known, holds=True)
        case Inverse(term=Block() as block):
            question = reader.read(block, known)
            return known if question is None else _taught(question, known, holds=False)
        case Inverse(term=term):
            _learn(term, known, reader)
            return known
        case All():
            for term in _flat(cond):
                known = _learn(term, known, reader)
            return known
        case Any():
            found = [_learn(term, known, reader) for term in cond.terms]
            result = found[0]
            for other in found[1:]:
                result = result.both(other)
            return result


def _flat(cond: All) -> Iterator[Cond]:
    """The terms of a conjunction, with those of conjunctions inside it."""
    stack: list[Cond] = [cond]
    while stack:
        here = stack.pop()
        if isinstance(here, All):
            stack += reversed(here.terms)
        else:
            yield here


def _taught(question: Question, known: Known, *, holds: bool) -> Known:
    """Add to what is known what the answer to a question says."""
    field, wanted = question.value.field, question.wanted.constant
    if field is None or wanted is None:
        return known
    if not holds:
        is_type = field.name == "EtherType" and question.asks == "jgt"
        return known._replace(network="LLC") if is_type else known
    if question.asks != "jeq":
        return known
    name = field.known(wanted >> question.value.shift)
    if not name:
        return known
    if field.name in {"IPv4 protocol", "IPv6 next header", "fragment header next header"}:
        transport = TRANSPORTS.get(name, name)
        return known if known.transport else known._replace(transport=transport)
    if known.network and known.network not in {"LLC", "ISO"}:
        return known
    if field.header == "LLC" and name != "ISO" and field.name != "SNAP EtherType":
        return known._replace(network="LLC")
    return known._replace(network=name)


# ---- following it through the optimiser --------------------------------------------------------


def _join_equal(work: Work, blocks: dict[Block, Origin], stmts: dict[Stmt, Origin]) -> None:
    """Let blocks that were found equal, of which one is left, come from where either comes from."""
    first: dict[object, Block] = {}
    for node in reversed(work.down):
        real = [stmt for stmt in node.stmts if stmt.code >= 0]
        shape = node if node.jumps_inside else tuple((stmt.code, stmt.k) for stmt in real)
        key = (node.code, node.k, node.jt, node.jf, shape)
        kept = first.setdefault(key, node)
        if kept is not node:
            same = [stmt for stmt in kept.stmts if stmt.code >= 0]
            joined = _joined(blocks[kept], blocks[node])
            blocks[kept] = blocks[node] = joined
            for one, other in zip(same, real, strict=True):
                stmts[one] = stmts[other] = _joined(stmts[one], stmts[other])


def _joined(one: Origin, other: Origin) -> Origin:
    primitives = tuple(sorted({*one.primitives, *other.primitives}))
    field, asked = one.field or other.field, one.asked or other.asked
    if one.field is not None and other.field is not None:
        field = one.field.either(other.field)
    if one.asked is not None and other.asked is not None:
        asked = one.asked.either(other.asked)
    return Origin(primitives, field, asked)


def _of_instruction(
    code: int, place: Place, blocks: dict[Block, Origin], stmts: dict[Stmt, Origin]
) -> Origin:
    block, stmt = place
    found = blocks.get(block, Origin()) if stmt is None else stmts.get(stmt, Origin())
    row = isa.ROWS[code]
    looks = row.kind == "load" and row.mode in {"abs", "ind", "msh"}
    asks = row.kind == "jump" and row.mode != "ja"
    return Origin(found.primitives, found.field if looks else None, found.asked if asks else None)
