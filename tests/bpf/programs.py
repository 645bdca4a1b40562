"""Random classic programs and packets, by seed."""

from random import Random

from pcapfilter.bpf import isa
from pcapfilter.bpf.program import Instruction, Program

_SMALL = (0, 1, 2, 3, 4, 8, 12, 14, 16, 20, 23, 26, 30, 31, 32, 34, 40, 60)
_LARGE = (0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFFFFF0, 0x10000, 0xFFFF, 0xFF)

_PLAIN = [row for row in isa.ROWS.values() if row.kind not in {"jump", "ret"}]
_JUMPS = [row for row in isa.ROWS.values() if row.kind == "jump"]
_NEEDS_STEADY = {
    row.code
    for row in _PLAIN
    if row.mode == "ind" or (row.meaning in {"lsh", "rsh"} and row.mode == "x")
}
_RETURNS = [row for row in isa.ROWS.values() if row.kind == "ret"]


def random_program(
    random: Random, *, length: int = 30, loops: bool = False, kernel: bool = False
) -> Program:
    """Make a program that the machines take: scratch cells are written before they are read.

    With `loops`, some jumps lead backward. With `kernel`, the program keeps to what the kernel
    means by libpcap's words: shifts by X under 32, and loads at x + k that do not wrap.
    """
    rows: list[Instruction] = []
    if random.random() < 0.7:
        rows.extend(Instruction(isa.ST, 0, 0, cell) for cell in range(isa.MEMWORDS))
    cells = bool(rows)
    end = len(rows) + random.randint(1, length)
    while len(rows) < end:
        rows.extend(_some(random, end - len(rows), cells=cells, kernel=kernel, loops=loops))
    rows = rows[:end]
    rows.append(Instruction(isa.RET | isa.K, 0, 0, random.choice((0, 1, 96, 262144, 0xFFFFFFFF))))
    return Program(_within(row, pc, rows, kernel=kernel) for pc, row in enumerate(rows))


def _some(
    random: Random, left: int, *, cells: bool, kernel: bool, loops: bool
) -> list[Instruction]:
    kind = random.random()
    if kind < 0.25:
        row = random.choice(_JUMPS)
        if row.mode == "ja":
            k = random.randrange(0, max(1, min(left, 6)))
            if loops and random.random() < 0.5:
                k = -random.randint(1, 12)
            return [Instruction(row.code, 0, 0, k % 2**32)]
        jt, jf = (random.randrange(0, max(1, min(left, 6))) for _ in "tf")
        return [Instruction(row.code, jt, jf, _number(random))]
    if kind < 0.29:
        return [Instruction(random.choice(_RETURNS).code, 0, 0, _number(random))]
    row = random.choice(_PLAIN)
    if row.mode == "mem" and not cells:
        return []
    if row.mode == "mem" or row.kind == "store":
        return [Instruction(row.code, 0, 0, random.randrange(isa.MEMWORDS))]
    if row.meaning in {"lsh", "rsh"} and row.mode == "k":
        return [Instruction(row.code, 0, 0, random.randrange(32))]
    if row.meaning in {"div", "mod"} and row.mode == "k":
        return [Instruction(row.code, 0, 0, _number(random) or 1)]
    if row.mode in {"abs", "msh", "ind"}:
        k = random.choice(_SMALL) if kernel or random.random() < 0.95 else random.choice(_LARGE)
        if k in isa.ANCILLARY:
            k = 0
        load = Instruction(row.code, 0, 0, k)
        return [*_steady(random), load] if kernel and row.mode == "ind" else [load]
    instruction = Instruction(row.code, 0, 0, _number(random))
    if kernel and row.meaning in {"lsh", "rsh"} and row.mode == "x":
        return [*_steady(random), instruction]
    return [instruction]


def _steady(random: Random) -> list[Instruction]:
    """Give X a small value."""
    return [Instruction(isa.LDX | isa.IMM, 0, 0, random.randrange(32))]


def _number(random: Random) -> int:
    return random.choice((random.choice(_SMALL), random.choice(_LARGE), random.getrandbits(32)))


def _within(row: Instruction, pc: int, rows: list[Instruction], *, kernel: bool) -> Instruction:
    """Bend a jump that would leave the program, or pass by the `_steady` of what it leads to."""

    def land(step: int) -> int:
        step = max(-pc - 1, min(step, len(rows) - pc - 2))
        glued = kernel and step > 0 and rows[pc + 1 + step].code in _NEEDS_STEADY
        return step - glued

    if row.code == isa.JMP | isa.JA:
        return row._replace(k=land(isa.signed(row.k)) % 2**32)
    if isa.is_branch(row.code):
        return row._replace(jt=land(row.jt), jf=land(row.jf))
    return row


def random_packet(random: Random, length: int) -> bytes:
    """Make a packet that starts like Ethernet with IPv4, so that loads find small numbers."""
    start = bytes.fromhex("00010203040506070809000008004500002800000000400600000a0000010a000002")
    octets = bytearray(start + random.randbytes(max(0, length - len(start))))[:length]
    for _ in range(random.randrange(4)):
        if octets:
            octets[random.randrange(len(octets))] = random.randrange(256)
    return bytes(octets)
