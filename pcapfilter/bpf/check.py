"""The rules by which the Linux kernel takes or refuses a classic program.

The rules are those of SO_ATTACH_FILTER (Documentation/networking/filter.rst; found out and compared
by attaching programs to a socket). They promise that a program ends, stays within itself and reads
no scratch cell that it has not written; packet loads are checked as it runs.
"""

from collections.abc import Callable

from pcapfilter.bpf import isa
from pcapfilter.bpf.program import Instruction, Program, misfit
from pcapfilter.errors import ProgramError

LONGEST = 4096
"""Instructions in a classic program (BPF_MAXINSNS)."""

_ALL_CELLS = (1 << isa.MEMWORDS) - 1


def check(program: Program) -> None:
    """Return if the kernel would take the program; ProgramError says where and why it would not."""
    if not program:
        raise ProgramError("an empty program")
    if len(program) > LONGEST:
        raise ProgramError(f"{len(program)} instructions are more than {LONGEST}")
    for pc, instruction in enumerate(program):
        if found := misfit(instruction):
            raise ProgramError(found, pc=pc)
        row = isa.ROWS.get(instruction.code)
        if row is None:
            raise ProgramError(f"no such instruction: {instruction.code:#x}", pc=pc)
        rule = _RULES.get(row.kind)
        fault = rule(row, instruction, len(program) - pc - 1) if rule else ""
        if fault:
            raise ProgramError(fault, pc=pc)
    last = len(program) - 1
    if isa.ROWS[program[last].code].kind != "ret":
        raise ProgramError("the last instruction is not a return", pc=last)
    _check_scratch(program)


def _load(row: isa.Row, i: Instruction, _after: int) -> str:
    if row.mode == "mem":
        return _cell(row, i, _after)
    if row.mode == "abs" and i.k >= isa.ANCILLARY_BASE and i.k not in isa.ANCILLARY:
        return f"no ancillary value {i.k:#x}"
    return ""


def _cell(_row: isa.Row, i: Instruction, _after: int) -> str:
    return "" if i.k < isa.MEMWORDS else f"no scratch cell M[{i.k}]"


def _alu(row: isa.Row, i: Instruction, _after: int) -> str:
    if row.mode == "k" and row.meaning in {"div", "mod"} and i.k == 0:
        return "division by zero"
    if row.mode == "k" and row.meaning in {"lsh", "rsh"} and i.k >= 32:
        return f"shift by {i.k}, which is more than 31"
    return ""


def _jump(row: isa.Row, i: Instruction, after: int) -> str:
    if row.mode == "ja":
        if isa.signed(i.k) < 0:
            return "backward jump"
        return "" if i.k < after else "jump past the end"
    return "" if max(i.jt, i.jf) < after else "jump past the end"


_RULES: dict[str, Callable[[isa.Row, Instruction, int], str]] = {
    "load": _load,
    "store": _cell,
    "alu": _alu,
    "jump": _jump,
}
"""By kind of row: (row, instruction, number of instructions after it) -> the fault, or nothing."""


def _check_scratch(program: Program) -> None:
    """Refuse a read of a cell that some way to it has not written.

    Cells are a bit mask. A return does not end what is known: the kernel lets the cells that
    were written before it hold for the instruction after it.
    """
    entering = [_ALL_CELLS] * len(program)
    written = 0
    for pc, instruction in enumerate(program):
        row = isa.ROWS[instruction.code]
        written &= entering[pc]
        if row.kind == "store":
            written |= 1 << instruction.k
        elif row.mode == "mem" and not written >> instruction.k & 1:
            raise ProgramError(f"M[{instruction.k}] is read before it is written", pc=pc)
        elif row.kind == "jump":
            steps = (instruction.k,) if row.mode == "ja" else (instruction.jt, instruction.jf)
            for step in steps:
                entering[pc + 1 + step] &= written
            written = _ALL_CELLS
