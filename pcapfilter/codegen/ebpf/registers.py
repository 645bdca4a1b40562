"""What a translated program keeps in which register, and the few moves that every host makes.

r0  A                          r6  the kernel's context
r1, r2, r3  packet and lengths  r7  X
r4, r5  for a moment           r8  turns that loops may still take      r9  A meanwhile
"""

from pcapfilter.codegen.ebpf.assemble import Assembly
from pcapfilter.ebpf import isa

A, T, U, HOST, X, TURNS, SAVED = 0, 4, 5, 6, 7, 8, 9
PACKET, CAPTURED, WIRE = 1, 2, 3

REJECT = "reject"
"""The label that ends the program with no match."""

MOV64, MOV32 = isa.ALU64 | isa.MOV, isa.ALU | isa.MOV
LOAD = {size: isa.LDX | isa.MEM | mode for mode, size in ((isa.B, 1), (isa.H, 2), (isa.W, 4))}


def add(out: Assembly, register: int, number: int) -> None:
    """Add an unsigned word of 32 bits to a register of 64."""
    if number >= 2**31:
        out.emit(MOV32 | isa.K, U, 0, 0, number)
        out.emit(isa.ALU64 | isa.ADD | isa.X, register, U)
    elif number:
        out.emit(isa.ALU64 | isa.ADD | isa.K, register, 0, 0, number)


def to_host_order(out: Assembly, register: int, size: int) -> None:
    """Make a number of octets that were loaded in network order."""
    if size > 1:
        out.emit(isa.ALU | isa.END | isa.X, register, 0, 0, size * 8)
