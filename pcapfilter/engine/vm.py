"""The eBPF machine in plain Python, for programs of host `user` and with helpers of the caller's.

A program reaches its packet (r1, read only), its stack frames (below r10, zeros at first) and
nothing else: memory has addresses of its own here, and an access anywhere else is a ProgramError
with its pc. Derived from the rows of ebpf.isa and the operators of ebpf.alu.
"""

from collections.abc import Callable, Mapping

from pcapfilter.ebpf import alu, flow, isa
from pcapfilter.ebpf.program import Program
from pcapfilter.errors import ProgramError

Helper = Callable[[int, int, int, int, int], int]
"""What `call` reaches: r1 to r5 in, r0 out, all unsigned words of 64 bits."""

_PACKET = 1 << 32
_STACK_TOP = 1 << 48
_DEPTH = 8
"""Functions of a program that can be in each other's middle, as in the kernel."""
_MASK = 2**64 - 1


class Machine:
    """An eBPF program, decoded once to be run on many packets."""

    __slots__ = ("_helpers", "_program", "_rows")

    def __init__(self, program: Program, helpers: Mapping[int, Helper] | None = None) -> None:
        """Decode a program; ProgramError where it has no meaning."""
        live = flow.reachable(program)
        self._program = program
        self._helpers = helpers or {}
        self._rows = [isa.row_of(i) if pc in live else None for pc, i in enumerate(program)]

    def run(self, packet: bytes | bytearray | memoryview, wirelen: int | None = None) -> int:
        """Give r0 after running on the captured octets of one packet."""
        caplen = len(packet)
        registers = [0] * isa.REGISTERS
        registers[1:4] = _PACKET, caplen, caplen if wirelen is None else wirelen
        registers[isa.FRAME] = _STACK_TOP
        return _Run(self._program, self._helpers, registers, packet).go(self._rows)


def run(
    program: Program, packet: bytes | bytearray | memoryview, wirelen: int | None = None
) -> int:
    """Give the program's verdict on the captured octets of one packet."""
    return Machine(program).run(packet, wirelen)


class _Run:
    """One run: registers, stack and the places to come back to."""

    __slots__ = ("calls", "helpers", "packet", "pc", "program", "registers", "stack")

    def __init__(
        self,
        program: Program,
        helpers: Mapping[int, Helper],
        registers: list[int],
        packet: bytes | bytearray | memoryview,
    ) -> None:
        self.program = program
        self.helpers = helpers
        self.registers = registers
        self.packet = packet
        self.stack = bytearray(isa.STACK * _DEPTH)
        self.calls: list[tuple[int, list[int]]] = []
        self.pc = 0

    def go(self, rows: list[isa.Row | None]) -> int:
        turns = isa.LONGEST_LOOP
        while True:
            row, pc = rows[self.pc], self.pc
            if row is None:
                raise ProgramError("reached an instruction without meaning", pc=pc)
            if row.kind == "exit" and not self.calls:
                return self.registers[0]
            self.pc = self.step(row)
            if self.pc <= pc:
                turns -= 1
                if turns == 0:
                    raise ProgramError("the program does not end", pc=pc)

    def step(self, row: isa.Row) -> int:
        """Run the instruction at `pc`, and give the next place."""
        pc, registers = self.pc, self.registers
        _, dst, src, off, imm = self.program[pc]
        follow = pc + 1
        mask = (1 << row.bits) - 1
        match row.kind:
            case "alu":
                right = (registers[src] if row.operand == "reg" else imm) & mask
                self.write(dst, alu.BINARY[row.meaning](registers[dst] & mask, right, row.bits))
            case "jump":
                right = (registers[src] if row.operand == "reg" else imm) & mask
                if alu.COMPARE[row.meaning](registers[dst] & mask, right, row.bits):
                    follow = flow.target(row, self.program, pc)
            case "load":
                self.write(dst, self.load(registers[src] + off, row.size))
            case "loadsx":
                word = self.load(registers[src] + off, row.size)
                self.write(dst, alu.signed(word, row.size * 8) & _MASK)
            case "store":
                word = registers[src] if row.operand == "reg" else imm
                self.store(registers[dst] + off, row.size, word)
            case "unary":
                self.write(dst, alu.UNARY[row.meaning](registers[dst] & mask, row.bits))
            case "atomic":
                self.atomic(row, dst, src, off, imm)
            case "wide":
                self.write(dst, (self.program[pc + 1].imm << 32 | imm & 0xFFFFFFFF) & _MASK)
                follow = pc + 2
            case "ja":
                follow = flow.target(row, self.program, pc)
            case "exit":
                follow, registers[6:] = self.calls.pop()
            case "local":
                if len(self.calls) + 1 >= _DEPTH:
                    raise ProgramError("functions call each other too deep", pc=pc)
                self.calls.append((follow, registers[6:]))
                registers[isa.FRAME] -= isa.STACK
                follow = flow.target(row, self.program, pc)
            case "call" if imm in self.helpers:
                registers[0] = self.helpers[imm](*registers[1:6]) & _MASK
            case _:
                raise ProgramError(f"not available to this host: {row.kind} {imm}", pc=pc)
        return follow

    def write(self, register: int, word: int) -> None:
        if register >= isa.FRAME:
            raise ProgramError(f"r{register} is never written", pc=self.pc)
        self.registers[register] = word

    def load(self, address: int, size: int) -> int:
        buffer, place = self.locate(address, size)
        return int.from_bytes(buffer[place : place + size], "little")

    def store(self, address: int, size: int, word: int) -> None:
        buffer, place = self.locate(address, size)
        if buffer is not self.stack:
            raise ProgramError("the packet is not to be written", pc=self.pc)
        self.stack[place : place + size] = (word & ((1 << size * 8) - 1)).to_bytes(size, "little")

    def locate(self, address: int, size: int) -> tuple[bytes | bytearray | memoryview, int]:
        """Give the buffer and the index in it that an address stands for."""
        place = (address & _MASK) - _PACKET
        if 0 <= place <= len(self.packet) - size:
            return self.packet, place
        place = (address & _MASK) - _STACK_TOP + len(self.stack)
        if 0 <= place <= len(self.stack) - size:
            return self.stack, place
        raise ProgramError(f"{size} octets outside packet and stack", pc=self.pc)

    def atomic(self, row: isa.Row, dst: int, src: int, off: int, variant: int) -> None:
        registers, mask = self.registers, (1 << row.bits) - 1
        address = registers[dst] + off
        old, new = self.load(address, row.size), registers[src] & mask
        if row.meaning == "cmpxchg":
            if old == registers[0] & mask:
                self.store(address, row.size, new)
            self.write(0, old)
            return
        self.store(address, row.size, alu.BINARY[row.meaning](old, new, row.bits))
        if variant & isa.FETCH:
            self.write(src, old)
