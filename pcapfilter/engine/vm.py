"""The eBPF machine in plain Python, for programs of any host, with helpers of the caller's.

A program reaches its space and nothing else: an access anywhere else is a ProgramError with its pc.
Derived from the rows of ebpf.isa and the operators of ebpf.alu.
"""

from collections.abc import Callable, Mapping

from pcapfilter.ebpf import alu, flow, form, isa
from pcapfilter.ebpf.program import Program
from pcapfilter.engine.reasons import ENDLESS, MESSAGES, TOO_DEEP, UNALIGNED
from pcapfilter.engine.space import DEPTH, PACKET, STACK_TOP, Octets, Space
from pcapfilter.errors import ProgramError

Helper = Callable[[Space, int, int, int, int, int], int]
"""What `call` reaches: the program's space and r1 to r5 in, r0 out; unsigned words of 64 bits."""

_MASK = 2**64 - 1


class Machine:
    """An eBPF program, decoded once to be run many times."""

    __slots__ = ("_helpers", "_program", "_rows")

    def __init__(self, program: Program, helpers: Mapping[int, Helper] | None = None) -> None:
        """Decode a program; ProgramError where it is not well-formed."""
        self._helpers = helpers or {}
        form.check(program, self._helpers)
        self._program = program
        self._rows = [isa.row_of(i) for i in program]

    def run(self, packet: Octets, wirelen: int | None = None) -> int:
        """Give r0 of a program of host user after running on the captured octets of one packet."""
        caplen = len(packet)
        space = Space(memoryview(packet).toreadonly())
        return self.execute(space, PACKET, caplen, caplen if wirelen is None else wirelen)

    def execute(self, space: Space, *arguments: int) -> int:
        """Give r0 after running with these words in r1 and up."""
        registers = [0] * isa.REGISTERS
        registers[1 : 1 + len(arguments)] = (word & _MASK for word in arguments)
        registers[isa.FRAME] = STACK_TOP
        return _Run(self._program, self._helpers, registers, space).go(self._rows)


def run(program: Program, packet: Octets, wirelen: int | None = None) -> int:
    """Give the verdict of a program of host user on the captured octets of one packet."""
    return Machine(program).run(packet, wirelen)


class _OutsideError(Exception):
    """A load of a packet's octets that are not there, which ends the program with 0."""


class _Run:
    """One run: registers, memory and the places to come back to."""

    __slots__ = ("calls", "helpers", "pc", "program", "registers", "space")

    def __init__(
        self,
        program: Program,
        helpers: Mapping[int, Helper],
        registers: list[int],
        space: Space,
    ) -> None:
        self.program = program
        self.helpers = helpers
        self.registers = registers
        self.space = space
        self.calls: list[tuple[int, list[int]]] = []
        self.pc = 0

    def go(self, rows: list[isa.Row | None]) -> int:
        turns = isa.LONGEST_LOOP
        while True:
            row, pc = rows[self.pc], self.pc
            assert row is not None
            if row.kind == "exit" and not self.calls:
                return self.registers[0]
            try:
                self.pc = self.step(row)
            except _OutsideError:
                return 0
            except ProgramError as error:
                raise ProgramError(error.message, pc=pc) from None
            if self.pc <= pc:
                turns -= 1
                if turns == 0:
                    raise ProgramError(MESSAGES[ENDLESS], pc=pc)

    def step(self, row: isa.Row) -> int:
        """Run the instruction at `pc`, and give the next place."""
        pc, registers = self.pc, self.registers
        _, dst, src, off, imm = self.program[pc]
        follow = pc + 1
        mask = (1 << row.bits) - 1
        match row.kind:
            case "alu":
                right = (registers[src] if row.operand == "reg" else imm) & mask
                registers[dst] = alu.BINARY[row.meaning](registers[dst] & mask, right, row.bits)
            case "jump":
                right = (registers[src] if row.operand == "reg" else imm) & mask
                if alu.COMPARE[row.meaning](registers[dst] & mask, right, row.bits):
                    follow = flow.target(row, self.program, pc)
            case "load":
                registers[dst] = self.load(registers[src] + off, row.size)
            case "loadsx":
                word = self.load(registers[src] + off, row.size)
                registers[dst] = alu.signed(word, row.size * 8) & _MASK
            case "store":
                word = registers[src] if row.operand == "reg" else imm
                self.store(registers[dst] + off, row.size, word)
            case "unary":
                registers[dst] = alu.UNARY[row.meaning](registers[dst] & mask, row.bits)
            case "atomic":
                self.atomic(row, dst, src, off, imm)
            case "skb":
                index = registers[src] if row.operand == "reg" else 0
                registers[0] = self.packet_word((index + imm) & 0xFFFFFFFF, row.size)
            case "wide":
                registers[dst] = (self.program[pc + 1].imm << 32 | imm & 0xFFFFFFFF) & _MASK
                follow = pc + 2
            case "ja":
                follow = flow.target(row, self.program, pc)
            case "exit":
                follow, registers[6:] = self.calls.pop()
                self.space.depth -= 1
            case "local":
                if len(self.calls) + 1 >= DEPTH:
                    raise ProgramError(MESSAGES[TOO_DEEP])
                self.calls.append((follow, registers[6:]))
                self.space.depth += 1
                registers[isa.FRAME] -= isa.STACK
                follow = flow.target(row, self.program, pc)
            case "call":
                registers[0] = self.helpers[imm](self.space, *registers[1:6]) & _MASK
            case _:
                raise AssertionError(row.kind)  # form.check takes no other
        return follow

    def load(self, address: int, size: int) -> int:
        return int.from_bytes(self.space.octets(address, size), "little")

    def store(self, address: int, size: int, word: int) -> None:
        octets = self.space.octets(address, size, write=True)
        octets[:] = (word & ((1 << size * 8) - 1)).to_bytes(size, "little")

    def packet_word(self, at: int, size: int) -> int:
        octets = self.space.packet[at : at + size]
        if len(octets) < size:
            raise _OutsideError
        return int.from_bytes(octets, "big")

    def atomic(self, row: isa.Row, dst: int, src: int, off: int, variant: int) -> None:
        registers, mask = self.registers, (1 << row.bits) - 1
        address = registers[dst] + off
        if address % row.size:
            raise ProgramError(MESSAGES[UNALIGNED])
        octets = self.space.octets(address, row.size, write=True)
        old, new = int.from_bytes(octets, "little"), registers[src] & mask
        if row.meaning == "cmpxchg":
            if old == registers[0] & mask:
                octets[:] = new.to_bytes(row.size, "little")
            registers[0] = old
            return
        new = alu.BINARY[row.meaning](old, new, row.bits)
        octets[:] = new.to_bytes(row.size, "little")
        if variant & isa.FETCH:
            registers[src] = old
