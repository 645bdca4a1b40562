"""eBPF programs as immutable values, and their binary form."""

import struct
import sys
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from pcapfilter.errors import ProgramError

LAYOUT = struct.Struct("=BBhi")
"""`struct bpf_insn`: code, registers, off, imm, in the order of the host."""

_LIMITS = (
    ("code", 0, 0xFF), ("dst", 0, 15), ("src", 0, 15), ("off", -(2**15), 2**15 - 1),
    ("imm", -(2**31), 2**31 - 1),
)  # fmt: skip
"""The fields of an instruction in order, and the least and the greatest number of each."""

_DST_SHIFT, _SRC_SHIFT = (0, 4) if sys.byteorder == "little" else (4, 0)


class Instruction(NamedTuple):
    """One slot of eight octets, in the order of `struct bpf_insn`; off and imm are signed.

    A 64-bit load takes two slots: the second has code 0, and imm is the upper half.
    """

    code: int
    dst: int
    src: int
    off: int
    imm: int


def misfit(instruction: Instruction) -> str:
    """Say which number has no room in its field; nothing where all have."""
    for (name, least, greatest), number in zip(_LIMITS, instruction, strict=True):
        if not (isinstance(number, int) and least <= number <= greatest):
            return f"{name} is {least} to {greatest}, not {number!r}"
    return ""


class Program(tuple[Instruction, ...]):
    """A sequence of slots. Holds any numbers: `ebpf.check` tells whether they have a meaning."""

    __slots__ = ()

    @classmethod
    def of(cls, rows: Iterable[tuple[int, int, int, int, int]]) -> "Program":
        """Make a program of (code, dst, src, off, imm) rows.

        ProgramError for a number that does not fit.
        """
        made = cls(Instruction(*row) for row in rows)
        made.pack()
        return made

    def pack(self) -> bytes:
        """Give the program as an array of `struct bpf_insn`, for bpf(2).

        ProgramError where a number has no room in its field.
        """
        for pc, instruction in enumerate(self):
            if found := misfit(instruction):
                raise ProgramError(found, pc=pc)
        return b"".join(
            LAYOUT.pack(i.code, i.dst << _DST_SHIFT | i.src << _SRC_SHIFT, i.off, i.imm)
            for i in self
        )

    @classmethod
    def unpack(cls, octets: bytes) -> "Program":
        """Read an array of `struct bpf_insn`; ProgramError unless whole instructions."""
        if len(octets) % LAYOUT.size:
            raise ProgramError(f"{len(octets)} bytes are not a whole number of instructions")
        return cls(
            Instruction(code, pair >> _DST_SHIFT & 15, pair >> _SRC_SHIFT & 15, off, imm)
            for code, pair, off, imm in LAYOUT.iter_unpack(octets)
        )

    def __iter__(self) -> Iterator[Instruction]:
        """Give the slots in order."""
        return super().__iter__()
