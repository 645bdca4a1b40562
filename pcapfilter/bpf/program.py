"""Classic BPF programs as immutable values, and their binary form."""

import struct
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from pcapfilter.errors import ProgramError

LAYOUT = struct.Struct("=HBBI")
"""`struct sock_filter`: code, jt, jf, k, in the order of the host."""

_LIMITS = (("code", 0xFFFF), ("jt", 0xFF), ("jf", 0xFF), ("k", 0xFFFFFFFF))
"""The fields of an instruction in order, and the greatest number of each; the least is 0."""


class Instruction(NamedTuple):
    """One instruction, in the order of `struct sock_filter`; k is unsigned."""

    code: int
    jt: int
    jf: int
    k: int


def misfit(instruction: Instruction) -> str:
    """Say which number has no room in its field; nothing where all have."""
    for (name, greatest), number in zip(_LIMITS, instruction, strict=True):
        if not (isinstance(number, int) and 0 <= number <= greatest):
            return f"{name} is 0 to {greatest}, not {number!r}"
    return ""


class Program(tuple[Instruction, ...]):
    """A sequence of instructions. Holds any numbers: `bpf.check` tells whether it is sound."""

    __slots__ = ()

    @classmethod
    def of(cls, rows: Iterable[tuple[int, int, int, int]]) -> "Program":
        """Make a program of (code, jt, jf, k) rows; ProgramError for a number that does not fit."""
        made = cls(Instruction(*row) for row in rows)
        made.pack()
        return made

    def pack(self) -> bytes:
        """Give the program as an array of `struct sock_filter`, for SO_ATTACH_FILTER.

        ProgramError where a number has no room in its field.
        """
        for pc, instruction in enumerate(self):
            if found := misfit(instruction):
                raise ProgramError(found, pc=pc)
        return b"".join(LAYOUT.pack(*instruction) for instruction in self)

    @classmethod
    def unpack(cls, octets: bytes) -> "Program":
        """Read an array of `struct sock_filter`; ProgramError unless whole instructions."""
        if len(octets) % LAYOUT.size:
            raise ProgramError(f"{len(octets)} bytes are not a whole number of instructions")
        return cls.of(LAYOUT.iter_unpack(octets))

    def __iter__(self) -> Iterator[Instruction]:
        """Give the instructions in order."""
        return super().__iter__()


NOTHING = Program.of([(0x06, 0, 0, 0)])
"""The program that selects no packet: `ret #0`."""
