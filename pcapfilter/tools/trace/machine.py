"""The classic machine, step by step: what the reference machine does, with a record of it.

It gives the verdicts of engine/reference.py (a test compares them), more slowly.
"""

from typing import Literal, NamedTuple

from pcapfilter.bpf import alu, isa
from pcapfilter.bpf.flow import successors
from pcapfilter.bpf.program import Program

Octets = bytes | bytearray | memoryview
End = Literal["return", "short", "division", "loop"]
"""How a run ends: at a `ret`, or rejected by a load beyond the packet, by a division by zero, or
because it went round too often."""


class Step(NamedTuple):
    """One instruction run: what A and X held before it, and where in the packet it looked.

    `place` is the first octet of a load, -1 where nothing of the packet is read. `taken` is the
    outcome of a conditional jump.
    """

    pc: int
    a: int
    x: int
    place: int = -1
    taken: bool | None = None


class Run(NamedTuple):
    """One packet's way through a program: its verdict, how it ended, and each step."""

    verdict: int
    end: End
    steps: tuple[Step, ...]


def run(program: Program, packet: Octets, wirelen: int | None = None) -> Run:
    """Run a program on the captured octets of one packet."""
    caplen = len(packet)
    budget = len(program) * (caplen + 1)
    wire = caplen if wirelen is None else wirelen
    a = x = pc = 0
    cells = [0] * isa.MEMWORDS
    steps: list[Step] = []
    while True:
        instruction = program[pc]
        row, k = isa.ROWS[instruction.code], instruction.k
        step = Step(pc, a, x)
        match row.kind:
            case "ret":
                steps.append(step)
                return Run(a if row.mode == "a" else k, "return", tuple(steps))
            case "load":
                value = _loaded(row, k, wire, cells)
                if value is None:
                    size = row.size
                    place = k + (x if row.mode == "ind" else 0)
                    step = step._replace(place=place)
                    if place + size > caplen:
                        return Run(0, "short", (*steps, step))
                    value = int.from_bytes(packet[place : place + size], "big")
                    value = (value & 0xF) << 2 if row.mode == "msh" else value
                a, x = (value, x) if row.writes == "A" else (a, value)
            case "store":
                cells[k] = a if row.reads == "A" else x
            case "alu" if row.meaning == "neg":
                a = alu.negate(a)
            case "alu":
                operand = x if row.mode == "x" else k
                if row.meaning in {"div", "mod"} and not operand:
                    return Run(0, "division", (*steps, step))
                a = alu.BINARY[row.meaning](a, operand)
            case "move":
                a, x = (x, x) if row.writes == "A" else (a, a)
            case _:
                follow = successors(program, pc)
                if row.mode == "ja":
                    budget -= follow[0] <= pc
                    if budget < 0:
                        return Run(0, "loop", (*steps, step))
                    pc = follow[0]
                else:
                    taken = alu.COMPARE[row.meaning](a, x if row.mode == "x" else k)
                    step = step._replace(taken=taken)
                    pc = follow[0] if taken else follow[-1]
                steps.append(step)
                continue
        steps.append(step)
        pc += 1


def _loaded(row: isa.Row, k: int, wire: int, cells: list[int]) -> int | None:
    """The value of a load that does not look into the packet."""
    match row.mode:
        case "imm":
            return k
        case "len":
            return wire
        case "mem":
            return cells[k]
        case _:
            return None
