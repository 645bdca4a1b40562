"""eBPF programs by chance: octets, any fields, and programs that mostly run."""

from hypothesis import strategies as st

from pcapfilter.ebpf import form, isa
from pcapfilter.ebpf.program import Instruction, Program
from tests.ebpf.conformance import CONSTANTS, EDGES

HELPER = 4
"""The helper that a drawn program may call."""

_ROWS = [row for row in isa.ROWS.values() if row.kind not in {"exit", "object", "kernel"}]
_MEMORY = [row for row in _ROWS if row.size and row.kind != "skb"]
_FILTER_ROWS = [row for row in _ROWS if row.kind not in {"call", "local", "skb"}]
_EXIT = Instruction(isa.JMP | isa.EXIT, 0, 0, 0, 0)

octets = st.lists(st.binary(min_size=8, max_size=8), max_size=12).map(b"".join)
"""Programs of any octets."""

fields = st.lists(
    st.tuples(
        st.sampled_from([row.code for row in isa.ROWS.values()]),
        st.integers(0, 11),
        st.integers(0, 11),
        st.integers(-6, 8) | st.sampled_from((16, 32, -(2**15), 2**15 - 1)),
        st.sampled_from(CONSTANTS) | st.sampled_from([row.variant for row in isa.ROWS.values()]),
    ),
    max_size=8,
).map(Program.of)
"""Programs of instructions that there are, with any fields."""


@st.composite
def programs(draw: st.DrawFn, *, filters: bool = False) -> Program:
    """Give a well-formed program, which ends or goes on for ever, and may go anywhere in memory.

    As a filter, it is mostly one that the checker takes: r0 and r4 to r9 hold numbers, memory is
    reached by r1 and r10, and there are neither calls nor legacy loads.
    """
    slots = [
        *_constants(0, draw(st.sampled_from(EDGES))),
        *_constants(4, draw(st.sampled_from(EDGES))),
    ]
    starts = [0, 2, *range(4, 9)]
    for register in (5, 6, 7, 8, 9):
        origin = draw(st.sampled_from((4, 0) if filters else (1, 10, 4, 0)))
        slots.append(Instruction(isa.ALU64 | isa.MOV | isa.X, register, origin, 0, 0))
    rows = _FILTER_ROWS if filters else _ROWS
    for _ in range(draw(st.integers(1, 14))):
        starts.append(len(slots))
        row = draw(st.sampled_from(_MEMORY if draw(st.integers(0, 2)) == 0 else rows))
        slots.append(_filter_step(draw, row) if filters else _step(draw, row))
        if row.kind == "wide":
            slots.append(Instruction(0, 0, 0, 0, draw(st.sampled_from(CONSTANTS))))
    starts.append(len(slots))
    slots.append(_EXIT)
    return Program(_led(draw, slot, pc, starts) for pc, slot in enumerate(slots))


def _constants(register: int, word: int) -> list[Instruction]:
    low, high = (n - 2**32 if n >= 2**31 else n for n in (word & 0xFFFFFFFF, word >> 32))
    return [Instruction(isa.LDDW, register, 0, 0, low), Instruction(0, 0, 0, 0, high)]


def _step(draw: st.DrawFn, row: isa.Row) -> Instruction:
    """Any fields that the row has a use for, memory near where it is."""
    register = st.integers(0, 9)
    off = draw(st.integers(-17, 20))
    place = draw(st.sampled_from((1, 10, 10, 6, 7)))
    if place == isa.FRAME and draw(st.booleans()):
        off = draw(_IN_FRAME)
    return _made(row, draw(register), draw(register), place, off, draw(st.sampled_from(CONSTANTS)))


def _filter_step(draw: st.DrawFn, row: isa.Row) -> Instruction:
    """The same within what a filter may do, now and then a little beyond."""
    numbers = st.sampled_from((0, 4, 5, 6, 7, 8, 9))
    reads = row.kind in {"load", "loadsx"}
    place = 1 if reads and draw(st.booleans()) else isa.FRAME
    off = draw(st.integers(-2, 24) if place == 1 else _IN_FRAME)
    return _made(row, draw(numbers), draw(numbers), place, off, draw(st.sampled_from(CONSTANTS)))


_IN_FRAME = st.sampled_from((-8, -16, -24, -504, -512))


def _made(row: isa.Row, dst: int, src: int, place: int, off: int, imm: int) -> Instruction:
    """The instruction with the fields that it has a use for."""
    if row.kind in {"load", "loadsx"}:
        src = place
    elif row.size and row.kind != "skb":
        dst = place
    fields = [row.code, dst, src, off, HELPER if row.kind == "call" else imm]
    for name in form.unused(row):
        fields[isa.PLACES[name]] = 0
    if row.code in isa.VARIANT_FIELD:
        fields[isa.VARIANT_FIELD[row.code]] = row.variant
    return Instruction(*fields)


def _led(draw: st.DrawFn, slot: Instruction, pc: int, starts: list[int]) -> Instruction:
    """Let a jump or a call lead to an instruction, mostly forward."""
    row = isa.row_of(slot)
    if pc not in starts or row is None or row.kind not in {"jump", "ja", "local"}:
        return slot
    ahead = [start for start in starts if start > pc]
    step = draw(st.sampled_from(starts if draw(st.integers(0, 5)) == 0 else ahead)) - pc - 1
    if row.kind == "ja" and step == -1:
        step = 0
    by_imm = row.kind == "local" or (row.bits == 32 and row.kind == "ja")
    return slot._replace(imm=step) if by_imm else slot._replace(off=step)
