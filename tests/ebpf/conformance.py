"""Programs that show what one eBPF instruction does, for the kernel and for our machines alike.

A program for xdp takes three words from the packet, so that the verifier knows nothing of them:
r3 (left), r4 (right) and r0, with r3 on the stack as well. After the instruction, all that it may
have changed is folded into r9; so one program tries an instruction with many constants. The upper
half of r9 is folded into the lower, since a test run gives 32 bits.
"""

import struct
from collections.abc import Iterator

from pcapfilter.ebpf import isa
from pcapfilter.ebpf.program import Instruction, Program
from pcapfilter.engine.space import CONTEXT, PACKET, Space

EDGES = (
    0, 1, 2, 31, 32, 63, 64, 0x7F, 0x80, 0x7FFF, 0x8000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF,
    0x7FFFFFFFFFFFFFFF, 0x8000000000000000, 0xFFFFFFFFFFFFFFFF, 0x0123456789ABCDEF,
)  # fmt: skip
"""Words at their limits: shift counts, zero, the smallest and greatest of each width, minus one."""

CONSTANTS = (0, 1, 2, 31, 32, 33, 63, 64, 0x7F, 0x80, 0x1234, 0x7FFFFFFF, -1, -2, -0x80000000)

LOAD_BYTES = 189
"""bpf_xdp_load_bytes(context, offset, buffer, length)."""

Rows = list[tuple[int, int, int, int, int]]

_LEFT, _RIGHT, _RESULT, _SPARE, _CONTEXT, _DATA, _END, _SUM, _FRAME = 3, 4, 0, 5, 6, 7, 8, 9, 10
_MOV, _ADD, _MUL, _RSH, _XOR = (
    isa.ALU64 | op for op in (isa.MOV, isa.ADD, isa.MUL, isa.RSH, isa.XOR)
)
_LOAD, _STORE = isa.LDX | isa.MEM | isa.DW, isa.STX | isa.MEM | isa.DW
_EXIT = (isa.JMP | isa.EXIT, 0, 0, 0, 0)


def words(left: int, right: int, result: int = 0x1122334455667788) -> bytes:
    """Give the packet that brings these words."""
    return struct.pack("<QQQ", left, right, result) + bytes(range(200, 240))


def space(packet: bytes) -> Space:
    """Give what an xdp program reaches: the packet, and `struct xdp_md` that says where it lies."""
    found = struct.pack("<IIIIII", PACKET, PACKET + len(packet), 0, 0, 0, 0)
    return Space(bytearray(packet), bytearray(found))


ARGUMENT = CONTEXT
"""What r1 holds at the beginning."""


def load_bytes(reach: Space, _context: int, offset: int, buffer: int, length: int, _: int) -> int:
    """Do what the kernel's helper does."""
    reach.octets(buffer, length, write=True)[:] = reach.packet[offset : offset + length]
    return 0


def program_of(row: isa.Row, constants: tuple[int, ...]) -> Program:
    """Give the program that tries an instruction with each of some constants."""
    parts: Rows = [
        (_MOV | isa.X, _CONTEXT, 1, 0, 0),
        (isa.LDX | isa.MEM | isa.W, _DATA, 1, 0, 0),
        (isa.LDX | isa.MEM | isa.W, _END, 1, 4, 0),
        (_MOV | isa.K, _SUM, 0, 0, 0),
        (_MOV | isa.X, 2, _DATA, 0, 0),
        (_ADD | isa.K, 2, 0, 0, 64),
        (isa.JMP | isa.JLE | isa.X, 2, _END, 2, 0),
        (_MOV | isa.K, 0, 0, 0, 0),
        _EXIT,
    ]
    calls: list[int] = []
    for constant in constants:
        parts += [
            (_LOAD, _LEFT, _DATA, 0, 0),
            (_LOAD, _RIGHT, _DATA, 8, 0),
            (_LOAD, _RESULT, _DATA, 16, 0),
            (_STORE, _FRAME, _LEFT, -8, 0),
        ]
        if row.kind == "local":
            calls.append(len(parts) + 3)
        parts += [*_body(row, constant), *_fold()]
    parts += [(_MOV | isa.X, 0, _SUM, 0, 0), (_MOV | isa.X, 5, 0, 0, 0),
              (_RSH | isa.K, 5, 0, 0, 32), (_XOR | isa.X, 0, 5, 0, 0), _EXIT]  # fmt: skip
    for place in calls:
        parts[place] = (row.code, 0, 1, 0, len(parts) - place - 1)
    if calls:
        parts += [  # a function that uses r9 and a frame of its own, and gives r1 * 3 + r2
            (_MOV | isa.K, _SUM, 0, 0, 3), (_STORE, _FRAME, 2, -8, 0),
            (_MUL | isa.X, 1, _SUM, 0, 0), (_LOAD, 0, _FRAME, -8, 0),
            (_ADD | isa.X, 0, 1, 0, 0), _EXIT,
        ]  # fmt: skip
    return Program.of(parts)


def _fold() -> Iterator[tuple[int, int, int, int, int]]:
    yield (_LOAD, _SPARE, _FRAME, -8, 0)
    for register in (_RESULT, _LEFT, _RIGHT, _SPARE):
        yield (_MUL | isa.K, _SUM, 0, 0, 0x01000193)
        yield (_ADD | isa.X, _SUM, register, 0, 0)


def _body(row: isa.Row, constant: int) -> Rows:
    """The instruction between what it needs before and after."""
    mark = (_ADD | isa.K, _RESULT, 0, 0, 77)
    forget: Rows = [(_MOV | isa.K, _LEFT, 0, 0, 0), (_MOV | isa.K, _RIGHT, 0, 0, 0)]
    imm = constant if row.operand == "imm" else 0
    match row.kind:
        case "alu" | "unary":
            return [_fields(row, _LEFT, _RIGHT if row.operand == "reg" else 0, 0, imm)]
        case "load" | "loadsx":
            return [_fields(row, _LEFT, _DATA, 24, 0), _fields(row, _RIGHT, _FRAME, -8, 0)]
        case "store" | "atomic":
            source = _RIGHT if row.operand == "reg" else 0
            return [_fields(row, _FRAME, source, -8, imm)]
        case "jump":
            return [_fields(row, _LEFT, _RIGHT if row.operand == "reg" else 0, 1, imm), mark]
        case "ja":
            skip = {16: (0, 1, 0), 32: (0, 0, 1)}[row.bits]
            return [(isa.JMP | isa.JEQ | isa.X, _LEFT, _RIGHT, 1, 0), (row.code, 0, *skip), mark]
        case "wide":
            return [_fields(row, _LEFT, 0, 0, constant), (0, 0, 0, 0, constant ^ 0x5A5A5A5A)]
        case "call":
            return [
                (_MOV | isa.X, 1, _CONTEXT, 0, 0), (_MOV | isa.K, 2, 0, 0, constant & 31),
                (_MOV | isa.X, 3, _FRAME, 0, 0), (_ADD | isa.K, 3, 0, 0, -8),
                (_MOV | isa.K, 4, 0, 0, 8), (row.code, 0, 0, 0, LOAD_BYTES), *forget,
            ]  # fmt: skip
        case "local":
            return [(_MOV | isa.X, 1, _LEFT, 0, 0), (_MOV | isa.X, 2, _RIGHT, 0, 0),
                    (_ADD | isa.K, 2, 0, 0, constant), (0, 0, 0, 0, 0), *forget]  # fmt: skip
        case _:
            return []


def _fields(row: isa.Row, dst: int, src: int, off: int, imm: int) -> Instruction:
    fields = [row.code, dst, src, off, imm]
    if row.code in isa.VARIANT_FIELD:
        fields[isa.VARIANT_FIELD[row.code]] = row.variant
    return Instruction(*fields)


def refused_by_kernel(row: isa.Row, constant: int) -> bool:
    """Tell whether the verifier takes for a mistake what has a meaning in RFC 9669."""
    if row.kind != "alu" or row.operand != "imm":
        return False
    if row.meaning in {"div", "mod", "sdiv", "smod"}:
        return constant == 0
    return row.meaning in {"lsh", "rsh", "arsh"} and not 0 <= constant < row.bits


def of_packet(row: isa.Row, constant: int, index: int) -> Program:
    """Give a socket filter that loads a number of the packet in the legacy way."""
    return Program.of([
        (_MOV | isa.X, _CONTEXT, 1, 0, 0),
        (_MOV | isa.K, _DATA, 0, 0, index),
        (_MOV | isa.K, _RESULT, 0, 0, 5),
        (row.code, 0, _DATA if row.operand == "reg" else 0, 0, constant),
        (_ADD | isa.K, _RESULT, 0, 0, 1),
        _EXIT,
    ])  # fmt: skip
