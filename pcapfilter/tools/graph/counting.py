"""How often the packets of a capture take each way through a classic program.

A loop of its own runs the program on every packet and counts; where numba is there it is native
code, some ten million packets a second. The meaning is the reference machine's, with which the
tests compare it.
"""

from array import array
from collections.abc import Iterable
from typing import Any, NamedTuple

from pcapfilter.bpf import isa
from pcapfilter.bpf.flow import reachable, successors
from pcapfilter.bpf.program import Program
from pcapfilter.filter import native
from pcapfilter.packets import PacketBatch

# What a step does: an operator or a comparison, or one of these.
ADD, SUB, MUL, DIV, OR, AND, LSH, RSH, MOD, XOR, NEG, JEQ, JGT, JGE, JSET = range(15)
ABS, IND, MSH, IMM, MEM, LEN, STORE, MOVE, JA, RET = range(15, 25)
NAMES = (
    "add", "sub", "mul", "div", "or", "and", "lsh", "rsh", "mod", "xor", "neg", "jeq", "jgt", "jge",
    "jset", "abs", "ind", "msh", "imm", "mem", "len", "store", "move", "ja", "ret",
)  # fmt: skip
FIRST_JUMP = JEQ

# A step is six numbers: what it does, whether X takes part (as operand, or as what is loaded,
# stored or moved to), k, the size of a load, and where it goes on, and where otherwise.
ACT, BY_X, K, SIZE, TO, OTHERWISE, WIDTH = range(7)

CELLS = isa.MEMWORDS
MASK = 0xFFFFFFFF

SIGNATURE = "i64(u8*, u32*, u32*, u32*, i64, i64*, i64, i64*, i64*)"


class Counts(NamedTuple):
    """How often, by place in the program.

    `entered` counts how often an instruction was reached; `taken` how often a conditional jump
    was taken; `failed` the packets that an instruction rejected, by a load past their end or a
    division by zero. `seen` packets were looked at, of which `matched` were accepted.
    """

    seen: int
    matched: int
    entered: tuple[int, ...]
    taken: tuple[int, ...]
    failed: tuple[int, ...]


def count_ways(program: Program, batches: Iterable[PacketBatch]) -> Counts:
    """Run a program on packets, and count which ways they take."""
    steps, size = _steps(program), len(program)
    counts, cells = array("q", bytes(8 * 3 * size)), array("q", bytes(8 * CELLS))
    run = native(ways, SIGNATURE)
    seen = matched = 0
    for batch in batches:
        columns = (batch.buffer, batch.offsets, batch.caplens, batch.wirelens)
        matched += run(*columns, batch.count, steps, size, counts, cells)
        seen += batch.count
    return Counts(seen, matched, *(tuple(counts[i : i + size]) for i in (0, size, 2 * size)))


def _steps(program: Program) -> "array[int]":
    live = reachable(program)
    numbers = array("q")
    for pc in range(len(program)):
        numbers.extend(_step(program, pc) if pc in live else [0] * WIDTH)
    return numbers


def _step(program: Program, pc: int) -> list[int]:
    row, k = isa.ROWS[program[pc].code], program[pc].k
    follow = successors(program, pc) or (0,)
    name: str
    match row.kind:
        case "store" | "move":
            name, by_x = row.kind, "X" in (row.reads if row.kind == "store" else row.writes)
        case "load":
            name, by_x = row.mode, row.writes == "X"
        case "ret":
            name, by_x = "ret", row.mode == "a"
        case _:
            name, by_x = row.meaning or row.mode, row.mode == "x"
    return [NAMES.index(name), by_x, k, row.size, follow[0], follow[-1]]


def ways(
    buffer: Any, offsets: Any, caplens: Any, wirelens: Any, count: int,
    steps: Any, length: int, counts: Any, cells: Any,
) -> int:  # fmt: skip
    """Run the steps on every packet of a batch; add to `counts`, and give how many matched.

    `counts` has three columns of `length`: entered, taken, failed. (A loop: pcapfilter.engine.)
    """
    matched = 0
    for number in range(count):
        start, caplen, wirelen = offsets[number], caplens[number], wirelens[number]
        budget = length * (caplen + 1)
        for cell in range(CELLS):
            cells[cell] = 0
        a = x = at = verdict = 0
        while at >= 0:
            step = at * WIDTH
            act, by_x, k = steps[step + ACT], steps[step + BY_X], steps[step + K]
            to, failed, value = steps[step + TO], 0, a
            counts[at] = counts[at] + 1
            if act < FIRST_JUMP:
                operand = x if by_x != 0 else k
                if operand == 0 and act in (DIV, MOD):
                    failed = 1
                else:
                    a = operate(act, a, operand)
            elif act <= JSET:
                if holds(act, a, x if by_x != 0 else k) != 0:
                    counts[length + at] = counts[length + at] + 1
                else:
                    to = steps[step + OTHERWISE]
            elif act <= MSH:
                place = x + k if act == IND else k
                size = steps[step + SIZE]
                if place + size > caplen:
                    failed = 1
                else:
                    value = 0
                    for octet in range(size):
                        value = value * 256 + buffer[start + place + octet]
                    if act == MSH:
                        x = (value & 0xF) * 4
                    else:
                        a = value
            elif act <= LEN:
                value = k if act == IMM else wirelen if act == LEN else cells[k]
                if by_x != 0:
                    x = value
                else:
                    a = value
            elif act == STORE:
                cells[k] = x if by_x != 0 else a
            elif act == MOVE:
                if by_x != 0:
                    x = a
                else:
                    a = x
            elif act == JA:
                if to <= at:
                    budget -= 1
                    failed = 1 if budget < 0 else 0
            else:
                verdict = a if by_x != 0 else k
                to = -1
            if failed != 0:
                counts[2 * length + at] = counts[2 * length + at] + 1
                to = -1
            at = to
        if verdict != 0:
            matched += 1
    return matched


def operate(act: int, a: int, b: int) -> int:
    """Give what an operator makes of two words, as `bpf.alu` has it."""
    if act == ADD:
        return (a + b) & MASK
    if act == SUB:
        return (a - b) & MASK
    if act == MUL:
        return (a * b) & MASK
    if act == DIV:
        return a // b
    if act == MOD:
        return a % b
    if act == OR:
        return a | b
    if act == AND:
        return a & b
    if act == XOR:
        return a ^ b
    if act == LSH:
        return (a << b) & MASK if b < 32 else 0
    if act == RSH:
        return a >> b if b < 32 else 0
    return -a & MASK


def holds(act: int, a: int, b: int) -> int:
    """Tell whether a comparison holds, as `bpf.alu` has it."""
    if act == JEQ:
        return 1 if a == b else 0
    if act == JGT:
        return 1 if a > b else 0
    if act == JGE:
        return 1 if a >= b else 0
    return 1 if a & b != 0 else 0
