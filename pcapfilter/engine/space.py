"""The memory that an eBPF program can reach: packet, context, stack, and what a helper gave it.

Each part lies at addresses of its own, with gaps between them; nothing else has an address. The
packet's fit into 32 bits, so that a program that finds them in a context, as those for tc and xdp
do, runs here as it does in the kernel.
"""

from typing import NamedTuple

from pcapfilter.ebpf import isa
from pcapfilter.engine.reasons import outside
from pcapfilter.errors import ProgramError

Octets = bytes | bytearray | memoryview

PACKET = 1 << 28
CONTEXT = 1 << 32
_GIVEN = 1 << 40
STACK_TOP = 1 << 48
DEPTH = 8
"""Functions of a program that can be in each other's middle, as in the kernel."""
MOST_PARTS = 64
"""How many parts a space can have, beside the stack."""


class Part(NamedTuple):
    """Octets that lie side by side from an address on."""

    start: int
    octets: memoryview
    writable: bool


class Space:
    """What one run of a program can reach.

    `packet` lies at PACKET and `context` at CONTEXT; either can be written if its buffer can. The
    frames of a stack of zeros lie below STACK_TOP, `depth` + 1 of them in reach.
    """

    __slots__ = ("_given", "depth", "packet", "parts", "stack")

    def __init__(self, packet: Octets = b"", context: Octets = b"") -> None:
        self.packet = memoryview(packet).cast("B")
        self.stack = bytearray(isa.STACK * DEPTH)
        self.depth = 0
        self.parts: list[Part] = []
        self._given = _GIVEN
        self.add(PACKET, self.packet)
        if context:
            self.add(CONTEXT, memoryview(context).cast("B"))

    def add(self, start: int, octets: memoryview) -> None:
        """Let the program reach octets at an address."""
        if len(self.parts) == MOST_PARTS:
            raise ProgramError(f"more than {MOST_PARTS} parts of memory")
        self.parts.append(Part(start, octets, not octets.readonly))

    def give(self, buffer: Octets) -> int:
        """Let the program reach a buffer, for the rest of the run, and give its address."""
        start, octets = self._given, memoryview(buffer).cast("B")
        self.add(start, octets)
        self._given += len(octets) + 8192 & -4096
        return start

    def octets(self, address: int, size: int, *, write: bool = False) -> memoryview:
        """Give the octets at an address, as a view; ProgramError where the program has none."""
        address &= 2**64 - 1
        for start, octets, writable in self.parts:
            place = address - start
            if 0 <= place <= len(octets) - size and (writable or not write):
                return octets[place : place + size]
        place = address - STACK_TOP + len(self.stack)
        lowest = len(self.stack) - isa.STACK * (self.depth + 1)
        if lowest <= place <= len(self.stack) - size:
            return memoryview(self.stack)[place : place + size]
        raise ProgramError(outside(size, write=write))
