"""Host `user`, our own engine: r1 is the packet, r2 its captured length, r3 its wire length."""

from pcapfilter.codegen.ebpf.assemble import Assembly
from pcapfilter.codegen.ebpf.registers import (
    CAPTURED,
    LOAD,
    MOV32,
    MOV64,
    PACKET,
    REJECT,
    TURNS,
    WIRE,
    T,
    X,
    add,
    to_host_order,
)  # fmt: skip
from pcapfilter.ebpf import isa


def begin(out: Assembly, turns: int) -> None:
    """Allow loops `turns` turns for each captured octet, and that many once more."""
    if turns:
        out.emit(MOV64 | isa.X, TURNS, CAPTURED)
        out.emit(isa.ALU64 | isa.ADD | isa.K, TURNS, 0, 0, 1)
        out.emit(isa.ALU64 | isa.MUL | isa.K, TURNS, 0, 0, turns)


def fetch(out: Assembly, register: int, size: int, k: int, by_x: bool) -> None:
    """Compare the end of the load with the captured length, then load."""
    end = k + size
    if end >= 2**32:
        out.goto(REJECT)
        return
    if not by_x and end <= 2**15:
        out.jump(REJECT, isa.JMP | isa.JLT | isa.K, CAPTURED, 0, end)
        out.emit(LOAD[size], register, PACKET, k)
    else:
        if by_x:
            out.emit(MOV64 | isa.X, T, X)
            add(out, T, end)
        else:
            out.emit(MOV32 | isa.K, T, 0, 0, end)
        out.jump(REJECT, isa.JMP | isa.JGT | isa.X, T, CAPTURED)
        out.emit(isa.ALU64 | isa.ADD | isa.X, T, PACKET)
        out.emit(LOAD[size], register, T, -size)
    to_host_order(out, register, size)


def length(out: Assembly, register: int) -> None:
    """Give the length on the wire."""
    out.emit(MOV32 | isa.X, register, WIRE)
