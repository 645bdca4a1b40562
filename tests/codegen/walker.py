"""Packets that take random ways through a program: bytes are chosen as they are asked for."""

import random
from collections.abc import Iterator

from pcapfilter.bpf import alu, isa
from pcapfilter.bpf.program import Program

_COMPARE = {isa.JEQ: "jeq", isa.JGT: "jgt", isa.JGE: "jge", isa.JSET: "jset"}
_CONSTANTS = {isa.LD | isa.IMM, isa.ALU | isa.AND | isa.K}
_BYTES = (0, 1, 2, 4, 5, 6, 8, 0x40, 0x45, 0x46, 0x4F, 0x60, 0x7F, 0x80, 0xFF)


class FaultError(Exception):
    """A load reaches past the end."""


def lengths(program: Program) -> list[int]:
    """Lengths of packets that may matter: some usual ones, and those that the program asks for."""
    found = [80, 300, 300, 2600]
    wanted = [i.k for i in program if i.code & 0x07 in {isa.LD, isa.LDX} and i.k < 100000]
    wanted += [i.k for i in program if i.code & 0x07 == isa.JMP and i.k < 100000]
    if max(wanted, default=0) > 2500:
        found += [max(wanted) + 70] * 2
    measures = any(i.code == isa.LD | isa.LEN for i in program)
    if measures:
        found += [k + more for k in wanted if k > 20 for more in (0, 1)]
    return found


def packets(program: Program, draw: random.Random, tries: int) -> Iterator[bytes]:
    """Give packets of lengths that may matter, on which no load fails."""
    usual = lengths(program)
    for _ in range(tries):
        walk = Walk(program, draw.choice(usual), draw)
        try:
            walk.walk()
        except FaultError:
            continue
        yield walk.packet()


class Walk:
    """One packet while it is made.

    `walk` gives the verdict that the program came to. After a division by zero (`divided`), which
    rejects the packet, it goes on, so that the packet suits a program that leaves it out.
    """

    def __init__(self, program: Program, length: int, draw: random.Random) -> None:
        self._program = program
        self._draw = draw
        self._bytes: dict[int, int] = {}
        self._length = length
        self.divided = False
        self._constants = [
            i.k
            for i in program
            if (i.code & 0x0F == isa.JMP and isa.is_branch(i.code)) or i.code in _CONSTANTS
        ]

    def packet(self) -> bytes:
        """Give the packet, with random bytes where nothing was asked for."""
        made = bytearray(self._draw.randbytes(self._length))
        for at, octet in self._bytes.items():
            made[at] = octet
        return bytes(made)

    def load(self, offset: int, size: int) -> int:
        """Read, and decide the bytes that nobody has asked for yet."""
        if offset + size > self._length:
            raise FaultError
        for at in range(offset, offset + size):
            if at not in self._bytes:
                draw = self._draw
                self._bytes[at] = (
                    draw.choice(_BYTES) if draw.random() < 0.8 else draw.randrange(256)
                )
        return int.from_bytes(bytes(self._bytes[at] for at in range(offset, offset + size)), "big")

    def walk(self) -> int:
        """Run the program, steering at each test of a fresh field."""
        a = x = pc = 0
        cells = [0] * isa.MEMWORDS
        field: tuple[int, int, int] | None = None  # A is these bytes, masked
        while True:
            code, jt, jf, k = self._program[pc]
            row = isa.ROWS[code]
            pc += 1
            match row.kind:
                case "load":
                    if row.size:
                        offset = k + x if row.mode == "ind" else k
                        if row.mode == "msh":
                            x = (self.load(k, 1) & 15) * 4
                            continue
                        if offset + row.size > self._length:
                            raise FaultError
                        fresh = not any(
                            at in self._bytes for at in range(offset, offset + row.size)
                        )
                        field = (offset, row.size, alu.MASK) if fresh else None
                        if not fresh:
                            a = self.load(offset, row.size)
                        continue
                    value = {"imm": k, "len": self._length, "mem": cells[k & 15]}[row.mode]
                    if row.writes == "X":
                        x = value
                    else:
                        a, field = value, None
                case "ret":
                    return k
                case "jump" if row.mode == "ja":
                    pc += k if k < 2**31 else k - 2**32
                case "jump":
                    operand = x if row.mode == "x" else k
                    if field is not None:
                        a = self._steer(field, operand, bits=row.meaning == "jset")
                    field = None
                    pc += jt if alu.COMPARE[row.meaning](a, operand) else jf
                case "alu" if row.meaning == "and" and row.mode == "k" and field is not None:
                    field = (field[0], field[1], field[2] & k)
                case _:
                    if field is not None:
                        a, field = self.load(field[0], field[1]) & field[2], None
                    match row.kind, code:
                        case "store", isa.ST:
                            cells[k] = a
                        case "store", _:
                            cells[k] = x
                        case "move", _ if row.writes == "X":
                            x = a
                        case "move", _:
                            a = x
                        case _ if row.meaning == "neg":
                            a = alu.negate(a)
                        case _:
                            operand = x if row.mode == "x" else k
                            if not operand and row.meaning in {"div", "mod"}:
                                self.divided = True
                                a = 0
                                continue
                            a = alu.BINARY[row.meaning](a, operand)

    def _steer(self, field: tuple[int, int, int], operand: int, *, bits: bool) -> int:
        """Decide a field near what it, or another field, is compared with."""
        offset, size, mask = field
        draw = self._draw
        top = (1 << 8 * size) - 1
        aim = draw.random()
        value: int | None = None
        if aim < 0.3 and bits:
            value = operand & -operand if aim < 0.1 else operand & draw.randrange(top + 1)
        elif aim < 0.4:
            value = operand + draw.choice((0, 0, 0, 0, 1, -1))
        elif aim < 0.8 and self._constants:
            value = draw.choice(self._constants)
        if value is None or not 0 <= value <= top:
            return self.load(offset, size) & mask
        value |= draw.randrange(top + 1) & ~mask
        value &= top
        self._bytes.update(enumerate(value.to_bytes(size, "big"), offset))
        return value & mask
