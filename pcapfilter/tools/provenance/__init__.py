"""Where each instruction of a program comes from: which primitive, and which field it reads.

    provenance_of(filter)   a program with an Origin beside each instruction, and its primitives
    .primitives             each with what it has become, before any optimisation: a condition
    .origins                one for each instruction

Optimiser passes change statements and move blocks, but make none; so what is known of a statement
before them is known of it after them.

loops.py        the loop of protochain
places.py       which header an offset lies in
values.py       what a block computes, in words
conditions.py   what is known where a condition holds
"""

from collections.abc import Mapping
from typing import NamedTuple

from pcapfilter.bpf import isa
from pcapfilter.bpf.program import Program
from pcapfilter.codegen import build
from pcapfilter.codegen.build import Builder, Cond, Target
from pcapfilter.codegen.cfg import Block, Graph, Stmt
from pcapfilter.codegen.layout import PAYLOAD, PREFIX, Layout, of_link
from pcapfilter.codegen.linearize import Place, linearize
from pcapfilter.codegen.link import prelude
from pcapfilter.codegen.lower import Part, lower
from pcapfilter.codegen.optimize import Work, steps, works
from pcapfilter.errors import FilterError, UnsupportedError
from pcapfilter.expr import nodes
from pcapfilter.expr.nodes import Expr
from pcapfilter.filter import Filter
from pcapfilter.net.names import SystemResolver
from pcapfilter.parser import parse
from pcapfilter.tools.fields import Named
from pcapfilter.tools.provenance.conditions import blocks_of, learn, supposed
from pcapfilter.tools.provenance.places import SHIFTING, Known
from pcapfilter.tools.provenance.values import Question, Reader
from pcapfilter.tools.spelling import canonical

__all__ = ["Origin", "Primitive", "Provenance", "Tracked", "build_tracked", "provenance_of"]


class Primitive(NamedTuple):
    """One primitive of the text, and what it has become.

    `text` is canonical: inherited qualifiers are written out; numbers are as they were written.
    `questions` tells of each block of the condition what it asks. `behind` are the words before it
    in the text that shift what follows them.
    """

    node: Expr
    text: str
    cond: Cond
    layout: Layout
    questions: dict[Block, Question]
    behind: tuple[str, ...] = ()


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
        try:
            graph, blocks, stmts = _followed(tracked)
        except FilterError as error:
            raise error.located(made.text) from None
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
        primitives: list[Primitive] = []
        shifted: tuple[str, ...] = ()
        for n, part in enumerate(parts):
            text = canonical(part.node, made.text)
            one = _read(part, text, n, link.dlt, registers, blocks, stmts)
            primitives.append(one._replace(behind=shifted))
            if isinstance(part.node, nodes.Word) and part.node.word in SHIFTING:
                shifted += (part.node.word,)
            for cell in _overwritten(part, registers):
                del registers[cell]
        attached = prelude.attach(builder, condition)
    except FilterError as error:
        raise error.located(made.text) from None
    graph = build.wire(attached, snaplen, optimizable=builder.optimizable)
    registers = {cell: name for name, cell in builder.variables.items()}
    reader = Reader(start, link.dlt, registers, filling=True)
    for block in {graph.root: None, build.head(condition): None}:
        _read_prelude(block, reader, blocks, stmts)
    return Tracked(expr, graph, primitives, blocks, stmts)


# ---- reading a primitive -----------------------------------------------------------------------


def _read(
    part: Part,
    text: str,
    number: int,
    outermost: int,
    registers: Mapping[int, str],
    blocks: dict[Block, Origin],
    stmts: dict[Stmt, Origin],
) -> Primitive:
    known = supposed(part.node)
    reader = Reader(part.layout, outermost, registers, filling=bool(known.tunnel))
    learn(part.cond, known, reader)
    if part.layout.overlay:
        reader.put_inside()
    for block in blocks_of(part.cond):
        blocks[block] = Origin((number,), None, reader.questions.get(block))
        for stmt in block.stmts:
            stmts[stmt] = Origin((number,), reader.reads.get(stmt), reader.asks.get(stmt))
    return Primitive(part.node, text, part.cond, part.layout, reader.questions)


def _overwritten(part: Part, registers: Mapping[int, str]) -> set[int]:
    """Give the registers of varying places that a primitive uses for its own computations.

    As in libpcap, a comparison may take them before they are taken for the places; what reads them
    after it does not find the header that it looks for.
    """
    return {
        stmt.k
        for block in blocks_of(part.cond)
        for stmt in block.stmts
        if stmt.code in {isa.ST, isa.STX} and registers.get(stmt.k) in {PREFIX, PAYLOAD}
    }


def _read_prelude(
    block: Block, reader: Reader, blocks: dict[Block, Origin], stmts: dict[Stmt, Origin]
) -> None:
    """Read what stands in front of the first primitive: how long the link layer's headers are."""
    question = reader.read(block, Known())
    if block not in blocks:
        blocks[block] = Origin((), None, question)
    for stmt in block.stmts:
        if stmt not in stmts:
            stmts[stmt] = Origin((), reader.reads.get(stmt), reader.asks.get(stmt))


# ---- following it through the optimiser --------------------------------------------------------


def _followed(tracked: Tracked) -> tuple[Graph, dict[Block, Origin], dict[Stmt, Origin]]:
    """Optimise a graph as `optimize` does; give what is left and what it comes from."""
    left, blocks, stmts = tracked.graph, tracked.blocks, tracked.stmts
    for work in works(tracked.graph):
        blocks, stmts = _copied(work, tracked)
        for name in steps(work):
            if name == "share":
                _join_equal(work, blocks, stmts)
        left = work.graph()
    return left, blocks, stmts


def _copied(work: Work, tracked: Tracked) -> tuple[dict[Block, Origin], dict[Stmt, Origin]]:
    """Give what the copies of blocks and statements come from, before the first step."""
    blocks: dict[Block, Origin] = {}
    stmts: dict[Stmt, Origin] = {}
    for node, block in zip(work.nodes, list(tracked.graph.blocks()), strict=True):
        blocks[node] = tracked.blocks.get(block, Origin())
        for copy, stmt in zip(node.stmts, block.stmts, strict=True):
            stmts[copy] = tracked.stmts.get(stmt, Origin())
    return blocks, stmts


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
