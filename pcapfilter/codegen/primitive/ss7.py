"""The words of SS7's MTP2 and MTP3, and their forms for high-speed links (h...).

Source: ITU-T Q.703 (length indicator), Q.704 (routing label), Annex A of Q.703 (high-speed links).
"""

from collections.abc import Callable
from typing import NamedTuple

from pcapfilter.bpf import isa
from pcapfilter.codegen import build, layout
from pcapfilter.codegen.build import Builder, Cond
from pcapfilter.codegen.cfg import Stmt
from pcapfilter.expr.nodes import Comparison

START = {
    # link type: where MTP2 begins
    layout.MTP2: 0,
    layout.MTP2_WITH_PHDR: 4,
    layout.ERF: 20,
}


class Label(NamedTuple):
    """A field of the routing label: its place, size and mask, and how a value is laid out in it."""

    place: int
    size: int
    mask: int
    largest: int
    laid_out: Callable[[int], int]


def _destination(value: int) -> int:
    return (value & 0xFF) << 24 | (value >> 8) << 16


def _origin(value: int) -> int:
    return (value & 0x3) << 22 | (value >> 2 & 0xFF) << 8 | value >> 10


def _plain(value: int) -> int:
    return value


def _high_nibble(value: int) -> int:
    return value << 4


LABELS = {
    "sio": Label(3, 1, 0xFF, 0xFF, _plain),
    "opc": Label(4, 4, 0x00C0FF0F, 0x3FFF, _origin),
    "dpc": Label(4, 4, 0xFF3F0000, 0x3FFF, _destination),
    "sls": Label(7, 1, 0xF0, 0xF, _high_nibble),
}
HIGH_SPEED = 3
"""How much further the label is on a high-speed link."""


class Unit(NamedTuple):
    """Signal units by their length indicator: above `low`, and not above `high` where given."""

    low: int
    high: int | None


UNITS: dict[str, Unit | None] = {"fisu": None, "lssu": Unit(0, 2), "msu": Unit(2, None)}
LENGTH_PLACE, LENGTH_MASK = 2, 0x3F
HIGH_SPEED_LENGTH_PLACE, HIGH_SPEED_LENGTH_MASK, HIGH_SPEED_SHIFT = 4, 0xFF80, 7


def unit(b: Builder, word: str) -> Cond:
    """Test for a kind of signal unit."""
    high_speed = word.startswith("h")
    start = START.get(b.layout.link)
    if start is None:
        b.refuse(f"'{word}' supported only on {'MTP2_HSL' if high_speed else 'MTP2'}")

    def length() -> list[Stmt]:
        if high_speed:
            load = b.from_header(start + HIGH_SPEED_LENGTH_PLACE, 2)
            return [*load, Stmt(isa.ALU | isa.AND | isa.K, HIGH_SPEED_LENGTH_MASK)]
        load = b.from_header(start + LENGTH_PLACE, 1)
        return [*load, Stmt(isa.ALU | isa.AND | isa.K, LENGTH_MASK)]

    shift = HIGH_SPEED_SHIFT if high_speed else 0
    bounds = UNITS[word.removeprefix("h")]
    if bounds is None:
        return build.equal(length(), 0)
    above = build.above(length(), bounds.low << shift)
    if bounds.high is None:
        return above
    return build.all_of(above, build.Inverse(build.above(length(), bounds.high << shift)))


def label(b: Builder, word: str, tests: tuple[tuple[Comparison, int], ...]) -> Cond:
    """Test a field of the routing label against alternatives."""
    name = word.removeprefix("h")
    row = LABELS[name]
    start = START.get(b.layout.link)
    if start is None:
        b.refuse(f"'{name}' supported only on SS7")
    place = start + row.place + (HIGH_SPEED if word != name else 0)
    terms = []
    for op, value in tests:
        if value > row.largest:
            b.fail(f"{name} value {value} too big; max value = {row.largest}")
        load = b.from_header(place, row.size)
        if row.laid_out is not _plain:
            load = [*load, Stmt(isa.ALU | isa.AND | isa.K, row.mask)]
        terms.append(build.compared(load, op, row.laid_out(value)))
    return build.any_of(*terms)
