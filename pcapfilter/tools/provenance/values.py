"""What the statements of a block compute, in words: its loads as fields, its ending as a question.

A block is run once with names instead of numbers. What a register holds that the block did not
set is known where it is one of the layout's varying places, and nothing is said of it elsewhere.
"""

from collections.abc import Mapping
from typing import NamedTuple

from pcapfilter.bpf import alu, isa
from pcapfilter.codegen.cfg import Block, Stmt
from pcapfilter.codegen.layout import Layout
from pcapfilter.tools.fields import Named, asked_of_kernel, named
from pcapfilter.tools.provenance.loops import Loop
from pcapfilter.tools.provenance.places import LENGTHS, Known, locate

SIGNS = {
    "add": "+", "sub": "-", "mul": "*", "div": "/", "mod": "%", "and": "&", "or": "|", "xor": "^",
    "lsh": "<<", "rsh": ">>",
}  # fmt: skip

BITWISE = frozenset(("and", "or", "xor"))
UNKNOWN = "what was found before"
MANY, LONG = 8, 160
"""How many summands are told apart, and how many letters of a computation are shown."""


class Value(NamedTuple):
    """What a register holds: a sum of `base` and `parts`, and in words.

    Where it is a run of bits of the packet and nothing else, `field` names them; they stand in the
    value `shift` bits to the left. `difference` is what it was subtracted from what, if it was.
    """

    text: str
    base: int = 0
    parts: tuple[str, ...] = ()
    field: Named | None = None
    shift: int = 0
    difference: "tuple[Value, Value] | None" = None

    @property
    def constant(self) -> int | None:
        """The number that it is; None if it varies."""
        return None if self.parts else self.base


class Question(NamedTuple):
    """What a block's ending asks: how a value compares (`asks`: jeq, jgt, jge, jset) with another.

    `asks` is the meaning's name in bpf.alu.
    """

    value: Value
    asks: str
    wanted: Value

    def either(self, other: "Question") -> "Question":
        """Give the same question, about a field that is one of either's header."""
        if self.value.field is None or other.value.field is None:
            return self
        field = self.value.field.either(other.value.field)
        return self._replace(value=self.value._replace(field=field, text=field.name))

    @property
    def frameless(self) -> bool:
        """Whether it asks if a Geneve tunnel carries no frame: then two places are the same."""
        texts = self.value.text, self.wanted.text
        return texts[0].startswith("geneve header") and texts[1].startswith("geneve payload")


def number(value: int) -> Value:
    """Give the value that is a number."""
    return Value(str(value), value)


def varying(text: str) -> Value:
    """Give a value of which only words are known."""
    return Value(text, 0, (text,))


def _of_bits(field: Named, shift: int) -> Value:
    return Value(field.name, 0, (field.name,), field, shift)


CHAIN = _of_bits(named("header chain", 0, 8), 0)
HEADERS_SO_FAR = Value("length of the headers so far", 0, (LENGTHS,))
"""What A and X hold in the loop of protochain: the protocol that was said to follow, and where."""


class Reader:
    """Reads blocks of one primitive: with its layout, and the registers of varying places.

    `filling` tells that it is these blocks that fill such registers.
    """

    def __init__(
        self, layout: Layout, outermost: int, registers: Mapping[int, str], *, filling: bool
    ) -> None:
        self._layout, self._outermost, self._registers = layout, outermost, registers
        self._filling = filling
        self.reads: dict[Stmt, Named] = {}
        self.asks: dict[Stmt, Question] = {}
        self.questions: dict[Block, Question] = {}

    def read(self, block: Block, known: Known) -> Question | None:
        """Read a block where this much is known; give what its ending asks."""
        a = x = Value("IP header length", 0, (LENGTHS,)) if known.tunnel else varying(UNKNOWN)
        cells: dict[int, Value] = {}
        coming: dict[Stmt, list[tuple[Value, Value]]] = {}  # what A and X hold where a jump leads
        loop, outside, falling = Loop(block), known, True
        for stmt in block.stmts:
            if stmt.code < 0:
                continue
            row = isa.ROWS[stmt.code]
            if stmt in coming or not falling:
                a, x = _either([*coming.get(stmt, ()), *([(a, x)] if falling else [])])
            if stmt is loop.head:
                a, x = CHAIN, HEADERS_SO_FAR
            if stmt in loop.inside:
                known = outside._replace(transport=loop.inside[stmt])
            falling = row.kind != "jump"
            if row.kind == "load":
                value = self._load(stmt, row, x, cells, known)
                a, x = (value, x) if row.writes == "A" else (a, value)
            elif row.kind == "store":
                if self._filling and stmt.k in self._registers:
                    place = varying(self._registers[stmt.k])
                    a, x = (place, x) if row.reads == "A" else (a, place)
                cells[stmt.k] = a if row.reads == "A" else x
            elif row.kind == "alu":
                a = self._computed(row.meaning, a, x if row.mode == "x" else number(stmt.k))
            elif row.kind == "move":
                a, x = (a, a) if row.writes == "X" else (x, x)
            else:
                for target in filter(None, (stmt.jt, stmt.jf)):
                    coming.setdefault(target, []).append((a, x))
                if row.mode == "ja":
                    known = outside
                else:
                    self.asks[stmt] = _asked(a, row.meaning, number(stmt.k))
        if block.is_return:
            return None
        row = isa.ROWS[block.code]
        question = _asked(a, row.meaning, x if row.mode == "x" else number(block.k))
        self.questions[block] = question
        return question

    def put_inside(self) -> None:
        """Call all fields inner ones: those of a packet within a packet."""
        self.reads = {stmt: field.inner for stmt, field in self.reads.items()}
        for block, question in self.questions.items():
            field = question.value.field
            if field is not None:
                value = question.value._replace(field=field.inner, text=field.inner.name)
                self.questions[block] = question._replace(value=value)

    def _load(
        self, stmt: Stmt, row: isa.Row, x: Value, cells: dict[int, Value], known: Known
    ) -> Value:
        match row.mode:
            case "imm":
                return number(stmt.k)
            case "len":
                return varying("packet length")
            case "mem":
                if stmt.k in cells:
                    return cells[stmt.k]
                name = self._registers.get(stmt.k)
                return varying(name or f"M[{stmt.k}]")
            case "msh":
                self._note(stmt, isa.signed(stmt.k), (), 1, known)
                return Value("IPv4 header length", 0, (LENGTHS,))
            case "abs" if stmt.k in isa.ANCILLARY:
                found = asked_of_kernel(isa.ANCILLARY[stmt.k])
                self.reads[stmt] = found
                return Value(found.name, 0, (found.name,), found)
            case "abs":
                return self._note(stmt, isa.signed(stmt.k), (), row.size, known)
            case _:
                return self._note(stmt, isa.signed(stmt.k) + x.base, x.parts, row.size, known)

    def _note(
        self, stmt: Stmt, constant: int, parts: tuple[str, ...], size: int, known: Known
    ) -> Value:
        """Note which field a load reads, and give it as a value."""
        spot = locate(self._layout, self._outermost, known, isa.signed(constant & alu.MASK), parts)
        found = named(spot.header, 8 * spot.at, 8 * size)
        if spot.varying:
            place = f"{spot.at} + {spot.varying}" if spot.at else spot.varying
            found = Named("", 0, 8 * size, f"{spot.header} octet [{place}]")
        self.reads[stmt] = found
        return Value(found.name, 0, (found.name,), found)

    def _computed(self, meaning: str, a: Value, b: Value) -> Value:
        if meaning == "neg":
            if a.constant is not None:
                return number(alu.negate(a.constant))
            return varying(f"-{a.text}")
        if a.constant is not None and b.constant is not None:
            if meaning in {"div", "mod"} and not b.constant:
                return varying("a division by zero")
            return number(alu.BINARY[meaning](a.constant, b.constant))
        if meaning == "add":
            if not b.parts and not b.base:
                return a
            text, parts = _text(meaning, a, b), (*a.parts, *b.parts)
            return Value(text, a.base + b.base, parts if len(parts) < MANY else (text,))
        if meaning == "and" and 0 in (a.constant, b.constant):
            return number(0)
        if meaning == "sub":
            return varying(_text(meaning, a, b))._replace(difference=(a, b))
        if b.constant is not None and a.field is not None:
            narrowed = _narrowed(meaning, a, a.field, b.constant)
            if narrowed is not None:
                return narrowed
        return varying(_text(meaning, a, b))


def _either(states: list[tuple[Value, Value]]) -> tuple[Value, Value]:
    """Give what A and X hold where several ways meet: nothing is known of what differs."""
    if not states:
        return varying(UNKNOWN), varying(UNKNOWN)
    (a, x), *others = states
    same_a, same_x = all(b == a for b, _ in others), all(y == x for _, y in others)
    return a if same_a else varying(UNKNOWN), x if same_x else varying(UNKNOWN)


def _asked(a: Value, meaning: str, wanted: Value) -> Question:
    """Give the question in its plainest form."""
    if meaning == "jeq" and wanted.constant == 0 and a.difference is not None:
        return Question(a.difference[0], meaning, a.difference[1])
    if meaning == "jset" and wanted.constant is not None and a.field is not None:
        bits = masked(a.field, a.shift, wanted.constant)
        if bits is not None:
            return Question(_of_bits(*bits), meaning, wanted)
    return Question(a, meaning, wanted)


def _narrowed(meaning: str, a: Value, field: Named, k: int) -> Value | None:
    """Give the bits of a field that a mask or a shift leaves; None where it is something else."""
    if meaning == "and":
        bits = masked(field, a.shift, k)
        return None if bits is None else _of_bits(*bits)
    if meaning == "rsh" and k == a.shift:
        return _of_bits(field, 0)
    if meaning == "lsh" and k == 2 and not a.shift and field.name.endswith("IPv4 header length"):
        return Value(field.name, 0, (LENGTHS,))
    return None


def masked(field: Named, shift: int, mask: int) -> tuple[Named, int] | None:
    """Give the one run of bits of a field that a mask covers, and how far to the left it stands."""
    mask &= ((1 << field.bits) - 1) << shift
    low = (mask & -mask).bit_length() - 1
    if not mask or mask >> low & (mask >> low) + 1:
        return None
    bits = mask.bit_length() - low
    if bits == field.bits:
        return field, shift
    if not field.header:
        return None  # its place is not known
    return named(field.header, field.at + field.bits - (low - shift) - bits, bits), low


def _text(meaning: str, a: Value, b: Value) -> str:
    """Write a computation; what it does bit by bit, with numbers in hexadecimal."""
    joined = any(f" {sign} " in a.text for sign in SIGNS.values())
    one = f"({a.text})" if a.field is None and joined else a.text
    k = b.constant
    other = hex(k) if k is not None and k > 9 and meaning in BITWISE else b.text
    text = f"{one} {SIGNS[meaning]} {other}"
    return text if len(text) < LONG else f"{text[:LONG]}..."
