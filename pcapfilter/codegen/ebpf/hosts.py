"""Where an eBPF filter runs: one row per host, with what differs between hosts and nothing else.

host   begins with                                 a match   no match   the rest
user   r1 packet, r2 captured, r3 wire length      1         0          our engine
"""

from collections.abc import Callable
from typing import NamedTuple

from pcapfilter.codegen.ebpf.assemble import Assembly
from pcapfilter.ebpf import isa

A, X, T, U, TURNS = 0, 7, 4, 5, 8
"""Registers: the accumulator, the index register, two for a moment's use, backward jumps left."""
PACKET, CAPTURED, WIRE = 1, 2, 3

REJECT = "reject"
"""The label that ends the program with no match."""

_SIZES = {1: isa.B, 2: isa.H, 4: isa.W}
_MOV64, _MOV32 = isa.ALU64 | isa.MOV, isa.ALU | isa.MOV
_LARGEST = 2**31 - 1


class Host(NamedTuple):
    """How a program for this host loads packet octets and lengths, and what it returns.

    `match` None stands for the classic program's own verdict.
    `fetch(out, register, size, k, by_x)` loads the octets at k, or at X + k, in network order as a
    number; `length(out, register)` gives the length on the wire; `captured(out, register)` how
    many octets there are.
    """

    match: int | None
    other: int
    fetch: Callable[[Assembly, int, int, int, bool], None]
    length: Callable[[Assembly, int], None]
    captured: Callable[[Assembly, int], None]


def _user_fetch(out: Assembly, register: int, size: int, k: int, by_x: bool) -> None:
    """Compare the end of the load with the captured length, then load."""
    end = k + size
    load = isa.LDX | isa.MEM | _SIZES[size]
    if end >= 2**32:
        out.goto(REJECT)
        return
    if not by_x and end <= 2**15:
        out.jump(REJECT, isa.JMP | isa.JLT | isa.K, CAPTURED, 0, end)
        out.emit(load, register, PACKET, k)
    else:
        if by_x:
            out.emit(_MOV64 | isa.X, T, X)
            _add(out, T, end)
        else:
            out.emit(_MOV32 | isa.K, T, 0, 0, end)
        out.jump(REJECT, isa.JMP | isa.JGT | isa.X, T, CAPTURED)
        out.emit(isa.ALU64 | isa.ADD | isa.X, T, PACKET)
        out.emit(load, register, T, -size)
    if size > 1:
        out.emit(isa.ALU | isa.END | isa.X, register, 0, 0, size * 8)


def _add(out: Assembly, register: int, number: int) -> None:
    if number > _LARGEST:
        out.emit(_MOV32 | isa.K, U, 0, 0, number)
        out.emit(isa.ALU64 | isa.ADD | isa.X, register, U)
    elif number:
        out.emit(isa.ALU64 | isa.ADD | isa.K, register, 0, 0, number)


def _user_length(out: Assembly, register: int) -> None:
    out.emit(_MOV32 | isa.X, register, WIRE)


def _user_captured(out: Assembly, register: int) -> None:
    out.emit(_MOV64 | isa.X, register, CAPTURED)


HOSTS: dict[str, Host] = {
    "user": Host(1, 0, _user_fetch, _user_length, _user_captured),
}
"""The hosts that there is code for, by name."""
