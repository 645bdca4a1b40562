"""Classic BPF programs as immutable values, and their binary form."""

import struct
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from pcapfilter.errors import ProgramError

LAYOUT = struct.Struct("=HBBI")
"""`struct sock_filter`: code, jt, jf, k, in the order of the host."""


class Instruction(NamedTuple):
    """One instruction, in the order of `struct sock_filter`; k is unsigned."""

    code: int
    jt: int
    jf: int
    k: int


class Program(tuple[Instruction, ...]):
    """A sequence of instructions. Holds any codes: `bpf.check` tells whether it would be taken."""

    __slots__ = ()

    @classmethod
    def of(cls, rows: Iterable[tuple[int, int, int, int]]) -> "Program":
        """Make a program of (code, jt, jf, k) rows."""
        return cls(Instruction(*row) for row in rows)

    def pack(self) -> bytes:
        """Give the program as an array of `struct sock_filter`, for SO_ATTACH_FILTER."""
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
