"""Whether an eBPF program is well-formed: its instructions, fields, registers, jumps and calls.

What RFC 9669 asks of any program, for whatever host, and of the instructions that nothing leads to
as well. A machine that runs well-formed programs has no more to see to than where memory is
accessed, how deep calls go, and that the program ends.
"""

from collections.abc import Collection, Iterator
from functools import cache

from pcapfilter.ebpf import flow, isa
from pcapfilter.ebpf.program import Instruction, Program, misfit
from pcapfilter.errors import ProgramError

_NEVER_WRITTEN = f"r{isa.FRAME} is never written"
_WRITES_DST = {"alu", "unary", "load", "loadsx", "wide", "object"}


def check(program: Program, helpers: Collection[int] | None = None) -> None:
    """Return if a program is well-formed; ProgramError says where it is not, and why.

    `helpers` are the numbers that `call` may have on a machine of ours, where there are neither the
    kernel's functions nor its objects; None is for programs that the kernel is to run.
    """
    if not program:
        raise ProgramError("an empty program")
    for pc, instruction in enumerate(program):
        if found := misfit(instruction):
            raise ProgramError(found, pc=pc)
    for pc in places(program):
        row = flow.known(program, pc)
        _fields(row, program[pc], pc)
        follow = flow.successors(program, pc)
        if found := surplus(row, program, pc):
            raise ProgramError(found, pc=pc)
        if row.kind == "ja" and follow == (pc,):
            raise ProgramError("a jump to itself does not end", pc=pc)
        if row.kind == "local":
            _local(row, program, pc)
        elif helpers is not None:
            _at_hand(row, program[pc], helpers, pc)


def places(program: Program) -> Iterator[int]:
    """Give where the instructions begin, one after another."""
    pc = 0
    while pc < len(program):
        yield pc
        pc += 2 if program[pc].code == isa.LDDW else 1


def _fields(row: isa.Row, instruction: Instruction, pc: int) -> None:
    """Refuse registers that are not there, writes to r10, and fields that should be 0."""
    highest = max(instruction.dst, instruction.src)
    if highest >= isa.REGISTERS:
        raise ProgramError(f"no register r{highest}", pc=pc)
    if row.kind in _WRITES_DST and instruction.dst == isa.FRAME:
        raise ProgramError(_NEVER_WRITTEN, pc=pc)
    fetches = row.kind == "atomic" and row.variant & isa.FETCH and row.variant != isa.CMPXCHG
    if fetches and instruction.src == isa.FRAME:
        raise ProgramError(_NEVER_WRITTEN, pc=pc)


def surplus(row: isa.Row, program: Program, pc: int) -> str:
    """Say what an instruction holds that it has no use for; nothing where that is nothing."""
    for name in unused(row):
        if program[pc][isa.PLACES[name]]:
            return f"{name} is not used here, and should be 0"
    if row.code == isa.LDDW:
        second = program[pc + 1] if pc + 1 < len(program) else Instruction(-1, 0, 0, 0, 0)
        upper = second.imm if "{wide" not in row.form and "{next" not in row.form else 0
        if second.code or second.dst or second.src or second.off or upper:
            return "the second half of a 64-bit load holds more than a number"
    return ""


@cache
def unused(row: isa.Row) -> tuple[str, ...]:
    """Name the fields that an instruction has no use for."""
    form = row.form.replace("{hex", "{imm").replace("{wide", "{imm")
    variant = isa.VARIANT_FIELD.get(row.code)
    return tuple(
        name
        for name, place in isa.PLACES.items()
        if name != "code" and f"{{{name}" not in form and place != variant
    )


def _at_hand(row: isa.Row, instruction: Instruction, helpers: Collection[int], pc: int) -> None:
    if row.kind == "call" and instruction.imm not in helpers:
        raise ProgramError(f"no helper {instruction.imm} here", pc=pc)
    if row.kind in {"object", "kernel"}:
        raise ProgramError("only the kernel has what this instruction names", pc=pc)


def _local(row: isa.Row, program: Program, pc: int) -> None:
    start = flow.target(row, program, pc)
    if not 0 <= start < len(program):
        raise ProgramError("call of a place outside the program", pc=pc)
    if program[start].code == 0:
        raise ProgramError("call of the middle of a 64-bit load", pc=pc)
