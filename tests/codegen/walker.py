"""Packets that take random ways through a program: bytes are chosen as they are asked for."""

import random

from pcapfilter.bpf import alu, isa
from pcapfilter.bpf.program import Program

_COMPARE = {isa.JEQ: "jeq", isa.JGT: "jgt", isa.JGE: "jge", isa.JSET: "jset"}
_BYTES = (0, 1, 2, 4, 5, 6, 8, 0x40, 0x45, 0x46, 0x4F, 0x60, 0x7F, 0x80, 0xFF)


class FaultError(Exception):
    """A load reaches past the end."""


class Walk:
    """One packet while it is made.

    `walk` gives the verdict that the program came to. After a division by zero (`divided`), which
    rejects the packet, it goes on, so that the packet suits a program that leaves it out.
    """

    def __init__(self, program: Program, length: int, draw: random.Random) -> None:
        self._program = program
        self._draw = draw
        self._bytes: list[int | None] = [None] * length
        self._length = length
        self.divided = False
        self._constants = [
            i.k for i in program if i.code & 0x0F == isa.JMP and isa.is_branch(i.code)
        ]

    def packet(self) -> bytes:
        """Give the packet, with random bytes where nothing was asked for."""
        draw = self._draw
        return bytes(draw.randrange(256) if octet is None else octet for octet in self._bytes)

    def load(self, offset: int, size: int) -> int:
        """Read, and decide the bytes that nobody has asked for yet."""
        if offset + size > self._length:
            raise FaultError
        for at in range(offset, offset + size):
            if self._bytes[at] is None:
                draw = self._draw
                self._bytes[at] = (
                    draw.choice(_BYTES) if draw.random() < 0.8 else draw.randrange(256)
                )
        return int.from_bytes(bytes(self._bytes[offset : offset + size]), "big")  # type: ignore[arg-type]  # none is None now

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
                        fresh = all(b is None for b in self._bytes[offset : offset + row.size])
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
                        a = self._steer(field, operand)
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

    def _steer(self, field: tuple[int, int, int], operand: int) -> int:
        """Decide a field near what it, or another field, is compared with."""
        offset, size, mask = field
        draw = self._draw
        top = (1 << 8 * size) - 1
        aim = draw.random()
        value: int | None = None
        if aim < 0.4:
            value = operand + draw.choice((0, 0, 0, 0, 1, -1))
        elif aim < 0.8 and self._constants:
            value = draw.choice(self._constants)
        if value is None or not 0 <= value <= top:
            return self.load(offset, size) & mask
        value |= draw.randrange(top + 1) & ~mask
        value &= top
        self._bytes[offset : offset + size] = value.to_bytes(size, "big")
        return value & mask
