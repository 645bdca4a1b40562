"""The classic machine in plain Python: the definition of right.

The meaning is libpcap's (its bpf_filter, found out by running it): A, X and M[] start at 0; a load
that reaches past the captured octets, or whose `x + k` passes 2**32, rejects the packet, and so
does a division by zero. Derived from the rows of bpf.isa and the operators of bpf.alu.

A backward jump spends one from a budget of len(program) * (captured length + 1), and when that is
gone the packet is rejected: libpcap would go round for ever. The loop of a protochain moves forward
in the packet on each turn and never comes near the budget.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from pcapfilter.bpf import alu, isa
from pcapfilter.bpf.flow import reachable, successors
from pcapfilter.bpf.program import Program
from pcapfilter.errors import ProgramError


class Step(NamedTuple):
    """A decoded instruction: what to do, how, with what, and where to go then (absolute places)."""

    act: str
    meaning: Callable[[int, int], int]
    k: int
    size: int
    to: int
    otherwise: int


class Machine:
    """A classic program, decoded once to be run on many packets."""

    __slots__ = ("_budget", "_steps")

    def __init__(self, program: Program) -> None:
        """Decode what can be reached of a program; ProgramError where it has no meaning."""
        self._steps = _decode(program)
        self._budget = len(program)

    def run(self, packet: bytes | bytearray | memoryview, wirelen: int | None = None) -> int:
        """Give the verdict on the captured octets of one packet: 0, or how many octets to keep."""
        steps, caplen = self._steps, len(packet)
        wire = caplen if wirelen is None else wirelen
        budget = self._budget * (caplen + 1)
        a = x = pc = 0
        cells = [0] * isa.MEMWORDS
        read = int.from_bytes
        while True:
            act, meaning, k, size, to, otherwise = steps[pc]
            pc = to
            match act:
                case "load abs A":
                    if k + size > caplen:
                        return 0
                    a = read(packet[k : k + size], "big")
                case "jump k":
                    if not meaning(a, k):
                        pc = otherwise
                case "ret k":
                    return k
                case "load ind A":
                    place = x + k
                    if place + size > caplen:
                        return 0
                    a = read(packet[place : place + size], "big")
                case "load msh X":
                    if k >= caplen:
                        return 0
                    x = (packet[k] & 0xF) << 2
                case "alu k A":
                    a = meaning(a, k)
                case "alu x A":
                    a = meaning(a, x)
                case "divide k A" if k == 0:
                    return 0
                case "divide x A" if x == 0:
                    return 0
                case "divide k A":
                    a = meaning(a, k)
                case "divide x A":
                    a = meaning(a, x)
                case "jump x":
                    if not meaning(a, x):
                        pc = otherwise
                case "jump ja":
                    pass
                case "jump back":
                    budget -= 1
                    if budget < 0:
                        return 0
                case "load imm A":
                    a = k
                case "load imm X":
                    x = k
                case "load mem A":
                    a = cells[k]
                case "load mem X":
                    x = cells[k]
                case "load len A":
                    a = wire
                case "load len X":
                    x = wire
                case "store A":
                    cells[k] = a
                case "store X":
                    cells[k] = x
                case "alu A":
                    a = alu.negate(a)
                case "move X":
                    x = a
                case "move A":
                    a = x
                case _:
                    return a


def run(
    program: Program, packet: bytes | bytearray | memoryview, wirelen: int | None = None
) -> int:
    """Give the program's verdict on the captured octets of one packet (see `Machine.run`)."""
    return machine(program).run(packet, wirelen)


@lru_cache(maxsize=64)
def machine(program: Program) -> Machine:
    """Give the machine of a program; those of the last programs are kept."""
    return Machine(program)


_UNREACHED = Step("unreached", max, 0, 0, 0, 0)


def _decode(program: Program) -> tuple[Step, ...]:
    live = reachable(program)
    return tuple(
        _step(program, pc) if pc in live else _UNREACHED for pc in range(len(program))
    )  # fmt: skip


def _step(program: Program, pc: int) -> Step:
    instruction = program[pc]
    row = isa.ROWS[instruction.code]
    follow = successors(program, pc) or (0,)
    if (row.kind == "store" or row.mode == "mem") and instruction.k >= isa.MEMWORDS:
        raise ProgramError(f"no scratch cell M[{instruction.k}]", pc=pc)
    meaning: Callable[[int, int], int] = alu.BINARY.get(row.meaning, max)
    if row.kind == "jump":
        meaning = alu.COMPARE.get(row.meaning, max)
    return Step(_act(row, follow[0], pc), meaning, instruction.k, row.size, follow[0], follow[-1])


def _act(row: isa.Row, to: int, pc: int) -> str:
    """Name what the machine does for a row: kind, mode and where the result goes."""
    match row.kind:
        case "jump" if row.mode == "ja" and to <= pc:
            return "jump back"
        case "jump" | "ret":
            return f"{row.kind} {row.mode}"
        case "store":
            return f"store {row.reads}"
        case "alu" if row.meaning in {"div", "mod"}:
            return f"divide {row.mode} A"
        case _:
            return " ".join(filter(None, (row.kind, row.mode, row.writes)))
