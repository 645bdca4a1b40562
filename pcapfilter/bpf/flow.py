"""Basic blocks and reachability of a straight Program, backward jumps included."""

from typing import NamedTuple

from pcapfilter.bpf import isa
from pcapfilter.bpf.program import Program, misfit
from pcapfilter.errors import ProgramError


class BasicBlock(NamedTuple):
    """Instructions start to end (exclusive) that run one after another, and where they lead.

    `successors` are starts of blocks: none after a return, the taken one first after a branch.
    """

    start: int
    end: int
    successors: tuple[int, ...]


def successors(program: Program, pc: int) -> tuple[int, ...]:
    """Give the places that may follow `pc`.

    ProgramError for a number without room in its field, an unknown code, or a stray jump.
    """
    instruction = program[pc]
    if found := misfit(instruction):
        raise ProgramError(found, pc=pc)
    row = isa.ROWS.get(instruction.code)
    if row is None:
        raise ProgramError(f"no such instruction: {instruction.code:#x}", pc=pc)
    if row.kind == "ret":
        return ()
    places: tuple[int, ...] = (pc + 1,)
    if row.kind == "jump":
        steps = (
            (isa.signed(instruction.k),)
            if row.mode == "ja"
            else (instruction.jt, instruction.jf)
        )  # fmt: skip
        places = tuple(pc + 1 + step for step in steps)
    for place in places:
        if not 0 <= place < len(program):
            what = "jump out of the program" if row.kind == "jump" else "runs past the end"
            raise ProgramError(what, pc=pc)
    return places


def reachable(program: Program) -> frozenset[int]:
    """Give the places that can be reached from the first instruction."""
    if not program:
        raise ProgramError("an empty program")
    seen = {0}
    waiting = [0]
    while waiting:
        for place in successors(program, waiting.pop()):
            if place not in seen:
                seen.add(place)
                waiting.append(place)
    return frozenset(seen)


def blocks(program: Program) -> tuple[BasicBlock, ...]:
    """Give the reachable basic blocks, by their place."""
    live = sorted(reachable(program))
    leaders = {0}
    for pc in live:
        follow = successors(program, pc)
        if isa.ROWS[program[pc].code].kind == "jump":
            leaders.update(follow)
    found: list[BasicBlock] = []
    for start in sorted(leaders):
        end = start
        while True:
            follow = successors(program, end)
            end += 1
            if not follow or end in leaders or isa.ROWS[program[end - 1].code].kind == "jump":
                break
        found.append(BasicBlock(start, end, tuple(dict.fromkeys(follow))))
    return tuple(found)


def loops(program: Program) -> dict[int, int]:
    """Give the places that reachable jumps lead back to, each with the last place of such a jump.

    `ip protochain` makes programs with loops.
    """
    found: dict[int, int] = {}
    for pc in sorted(reachable(program)):
        for place in successors(program, pc):
            if place <= pc:
                found[place] = pc
    return found


def has_loop(program: Program) -> bool:
    """Tell whether a reachable jump leads backward."""
    return bool(loops(program))
