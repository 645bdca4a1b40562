"""Basic blocks and reachability of an eBPF Program, by slots; backward jumps included.

A function of the program (a local call) is reached from where it is called.
"""

from typing import NamedTuple

from pcapfilter.ebpf import isa
from pcapfilter.ebpf.program import Program
from pcapfilter.errors import ProgramError


class BasicBlock(NamedTuple):
    """Instructions start to end (exclusive) that run one after another, and where they lead."""

    start: int
    end: int
    successors: tuple[int, ...]


def target(row: isa.Row, program: Program, pc: int) -> int:
    """Give the place that a jump or local call at `pc` leads to."""
    instruction = program[pc]
    by_imm = row.kind == "local" or (row.kind == "ja" and row.bits == 32)
    step = instruction.imm if by_imm else instruction.off
    return pc + 1 + step


def known(program: Program, pc: int) -> isa.Row:
    """Give the row of the instruction at `pc`; ProgramError where it has no meaning."""
    instruction = program[pc]
    row = isa.row_of(instruction)
    if row is None:
        place = isa.VARIANT_FIELD.get(instruction.code)
        of = "" if place is None else f" with {instruction._fields[place]} {instruction[place]}"
        raise ProgramError(f"no such instruction: {instruction.code:#x}{of}", pc=pc)
    return row


def successors(program: Program, pc: int) -> tuple[int, ...]:
    """Give the places that may follow `pc` in its function, the taken one of a jump first.

    ProgramError for an instruction without meaning, and for a jump out of the program or into
    the second slot of a 64-bit load.
    """
    row = known(program, pc)
    match row.kind:
        case "exit":
            return ()
        case "ja":
            places: tuple[int, ...] = (target(row, program, pc),)
        case "jump":
            places = (target(row, program, pc), pc + 1)
        case "wide" | "object":
            if pc + 1 >= len(program) or program[pc + 1].code != 0:
                raise ProgramError("the second half of a 64-bit load is missing", pc=pc)
            places = (pc + 2,)
        case _:
            places = (pc + 1,)
    for place in places:
        if not 0 <= place < len(program):
            what = "jump out of the program" if row.kind in {"ja", "jump"} else "runs past the end"
            raise ProgramError(what, pc=pc)
        if program[place].code == 0:
            raise ProgramError("jump into the middle of a 64-bit load", pc=pc)
    return places


def reachable(program: Program) -> frozenset[int]:
    """Give the places that can be reached from the first instruction, also by local calls."""
    if not program:
        raise ProgramError("an empty program")
    seen = {0}
    waiting = [0]
    while waiting:
        pc = waiting.pop()
        follow = successors(program, pc)
        row = isa.row_of(program[pc])
        if row is not None and row.kind == "local":
            start = target(row, program, pc)
            if not 0 <= start < len(program):
                raise ProgramError("call of a place outside the program", pc=pc)
            follow = (*follow, start)
        for place in follow:
            if place not in seen:
                seen.add(place)
                waiting.append(place)
    return frozenset(seen)


def blocks(program: Program) -> tuple[BasicBlock, ...]:
    """Give the reachable basic blocks, by their place."""
    live = reachable(program)
    leaders = {0}
    follow = {pc: successors(program, pc) for pc in live}
    for pc in live:
        row = isa.row_of(program[pc])
        if row is not None and row.kind in {"jump", "ja"}:
            leaders.update(follow[pc])
        elif row is not None and row.kind == "local":
            leaders.add(target(row, program, pc))
    found: list[BasicBlock] = []
    for start in sorted(leaders):
        pc = start
        while len(follow[pc]) == 1 and follow[pc][0] > pc and follow[pc][0] not in leaders:
            pc = follow[pc][0]
        found.append(BasicBlock(start, pc + 1, follow[pc]))
    return tuple(found)
