"""What each eBPF instruction is in LLVM's text, but for how memory is reached and functions end.

Registers are stack slots of 64 bits, which LLVM makes into values. An instruction is a block `pcN`
that ends in a branch to what follows. What a program may not do is a trap: a block that says where
and why, and ends the run. So does a backward jump that is taken more than LONGEST_LOOP times.
"""

from abc import ABC, abstractmethod

from pcapfilter.ebpf import flow, isa
from pcapfilter.ebpf.program import Program
from pcapfilter.engine.reasons import ENDLESS
from pcapfilter.errors import ProgramError

_OPERATORS = {
    "add": "add", "sub": "sub", "mul": "mul", "or": "or", "and": "and", "xor": "xor",
    "lsh": "shl", "rsh": "lshr", "arsh": "ashr",
    "div": "udiv", "mod": "urem", "sdiv": "sdiv", "smod": "srem",
}  # fmt: skip
_COMPARISONS = {
    "jeq": "eq", "jne": "ne", "jgt": "ugt", "jge": "uge", "jlt": "ult", "jle": "ule",
    "jsgt": "sgt", "jsge": "sge", "jslt": "slt", "jsle": "sle",
}  # fmt: skip


FEW, MANY = 4, 128
"""How many constants a register is compared with at once: fewer are not worth it, nor are more."""


class Emitter(ABC):
    """The text of one function in the making; what kind of function, a subclass knows."""

    __slots__ = ("lines", "loops", "names", "program", "reductions", "traps")

    def __init__(self, program: Program) -> None:
        self.program = program
        self.lines: list[str] = []
        self.names = 0
        self.traps: set[tuple[int, int]] = set()
        self.loops: set[tuple[int, int]] = set()
        self.reductions: set[int] = set()

    @abstractmethod
    def place(self, pc: int, register: int, off: int, row: isa.Row) -> str:
        """Add what sees to it that an access is within reach, and give its address."""

    @abstractmethod
    def leave(self, reason: int, pc: int) -> list[str]:
        """Give what ends a run by a trap."""

    def end(self, pc: int) -> None:  # noqa: ARG002 -- functions that are called need it
        """Add what `exit` does."""
        self.lines.append(f"  ret i64 {self.read(0)}")

    def other(self, row: isa.Row, pc: int) -> None:
        """Add an instruction of a kind that not every function has: this one has none."""
        raise ProgramError(f"no place for {row.meaning}", pc=pc)

    def body(self, pcs: list[int]) -> None:
        """Add the instructions at these places, and what they jump to."""
        self.lines += [
            "  %turns = alloca i64, align 8",
            f"  store i64 {isa.LONGEST_LOOP}, ptr %turns",
            "  br label %pc0",
        ]
        for pc in pcs:
            self.lines.append(f"pc{pc}:")
            self.step(pc)
        for pc, to in sorted(self.loops):
            self.turn(pc, to)
        for reason, pc in sorted(self.traps):
            self.lines += [f"trap{reason}_{pc}:", *self.leave(reason, pc)]

    def declarations(self) -> list[str]:
        """Give what the text calls of LLVM's."""
        return [
            *(f"declare i{bits} @llvm.bswap.i{bits}(i{bits})" for bits in (16, 32, 64)),
            "declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)",
            *(f"declare i1 @llvm.vector.reduce.or.v{n}i1(<{n} x i1>)" for n in self.reductions),
        ]

    def registers(self) -> None:
        """Add the slots of all registers."""
        for register in range(isa.REGISTERS):
            self.lines.append(f"  %r{register} = alloca i64, align 8")

    def let(self, value: str) -> str:
        """Add `%n = value`, and give the name."""
        self.names += 1
        self.lines.append(f"  %v{self.names} = {value}")
        return f"%v{self.names}"

    def read(self, register: int, bits: int = 64) -> str:
        """Add the reading of a register, or of its lower bits."""
        word = self.let(f"load i64, ptr %r{register}")
        return word if bits == 64 else self.let(f"trunc i64 {word} to i{bits}")

    def write(self, register: int, word: str, bits: int = 64, *, extend: str = "zext") -> None:
        """Add the writing of a register, with what the other bits become."""
        if bits < 64:
            word = self.let(f"{extend} i{bits} {word} to i64")
        self.lines.append(f"  store i64 {word}, ptr %r{register}")

    def trap_unless(self, truth: str, reason: int, pc: int) -> None:
        """Go on only where something holds."""
        self.names += 1
        self.traps.add((reason, pc))
        self.lines += [
            f"  br i1 {truth}, label %on{self.names}, label %trap{reason}_{pc}",
            f"on{self.names}:",
        ]

    def step(self, pc: int) -> None:
        """Add one instruction, and the branch to what follows."""
        _, dst, src, off, imm = self.program[pc]
        row = isa.row_of(self.program[pc])
        assert row is not None
        match row.kind:
            case "alu":
                self.alu(row, pc)
            case "unary":
                self.unary(row, dst)
            case "load" | "loadsx":
                place = self.place(pc, src, off, row)
                word = self.let(f"load i{row.size * 8}, ptr {place}, align 1")
                extend = "sext" if row.kind == "loadsx" else "zext"
                self.write(dst, word, row.size * 8, extend=extend)
            case "store":
                bits = row.size * 8
                word = self.read(src, bits) if row.operand == "reg" else constant(imm, bits)
                place = self.place(pc, dst, off, row)
                self.lines.append(f"  store i{bits} {word}, ptr {place}, align 1")
            case "atomic":
                self.atomic(row, pc)
            case "wide":
                upper = self.program[pc + 1].imm
                self.write(dst, str(upper << 32 | imm & 0xFFFFFFFF))
            case "jump":
                self.jump(row, pc)
                return
            case "exit":
                self.end(pc)
                return
            case "local":
                self.other(row, pc)
                return
            case "ja":
                pass
            case _:
                self.other(row, pc)
        self.lines.append(f"  br label %{self.way(pc, flow.successors(self.program, pc)[0])}")

    def right(self, row: isa.Row, pc: int) -> str:
        """The second operand, at the row's width."""
        i = self.program[pc]
        return self.read(i.src, row.bits) if row.operand == "reg" else constant(i.imm, row.bits)

    def alu(self, row: isa.Row, pc: int) -> None:
        """Add `dst = dst op operand`."""
        i, bits = self.program[pc], row.bits
        right = self.right(row, pc)
        if row.meaning.startswith("movs"):
            size = int(row.meaning[4:])
            if size < bits:
                cut = self.let(f"trunc i{bits} {right} to i{size}")
                right = self.let(f"sext i{size} {cut} to i{bits}")
        elif row.meaning != "mov":
            right = self.operator(row.meaning, self.read(i.dst, bits), right, bits)
        self.write(i.dst, right, bits)

    def operator(self, meaning: str, left: str, right: str, bits: int) -> str:
        """Add an operator of ebpf.alu, and give what it gives."""
        operator, kind = _OPERATORS[meaning], f"i{bits}"
        match meaning:
            case "lsh" | "rsh" | "arsh":
                right = self.let(f"and {kind} {right}, {bits - 1}")
                return self.let(f"{operator} {kind} {left}, {right}")
            case "div" | "mod" | "sdiv" | "smod":
                return self.divide(meaning, left, right, bits)
            case _:
                return self.let(f"{operator} {kind} {left}, {right}")

    def divide(self, meaning: str, left: str, right: str, bits: int) -> str:
        """Divide by 1 where LLVM has no value, and choose the right one after."""
        kind, divides = f"i{bits}", meaning.endswith("div")
        zero = self.let(f"icmp eq {kind} {right}, 0")
        safe = self.let(f"select i1 {zero}, {kind} 1, {kind} {right}")
        if meaning[0] == "s":
            minus = self.let(f"icmp eq {kind} {right}, -1")
            safe = self.let(f"select i1 {minus}, {kind} 1, {kind} {safe}")
        result = self.let(f"{_OPERATORS[meaning]} {kind} {left}, {safe}")
        if meaning == "sdiv":
            turned = self.let(f"sub {kind} 0, {left}")
            result = self.let(f"select i1 {minus}, {kind} {turned}, {kind} {result}")
        return self.let(f"select i1 {zero}, {kind} {'0' if divides else left}, {kind} {result}")

    def unary(self, row: isa.Row, dst: int) -> None:
        """Add a negation, a cut or a change of byte order."""
        if row.meaning == "neg":
            word = self.read(dst, row.bits)
            self.write(dst, self.let(f"sub i{row.bits} 0, {word}"), row.bits)
            return
        size = int(row.meaning.lstrip("belswap"))
        word = self.read(dst, size)
        if not row.meaning.startswith("le"):
            word = self.swapped(word, size)
        self.write(dst, word, size)

    def swapped(self, word: str, bits: int) -> str:
        """The octets of a word in the other order."""
        return self.let(f"call i{bits} @llvm.bswap.i{bits}(i{bits} {word})")

    def atomic(self, row: isa.Row, pc: int) -> None:
        """Add an access that nobody sees half of."""
        i, bits = self.program[pc], row.bits
        kind, order = f"i{bits}", f"seq_cst, align {row.size}"
        place = self.place(pc, i.dst, i.off, row)
        word = self.read(i.src, bits)
        if row.meaning == "cmpxchg":
            pair = f"cmpxchg ptr {place}, {kind} {self.read(0, bits)}, {kind} {word} seq_cst"
            both = self.let(f"{pair} {order}")
            self.write(0, self.let(f"extractvalue {{ {kind}, i1 }} {both}, 0"), bits)
            return
        operator = "xchg" if row.meaning == "mov" else row.meaning
        old = self.let(f"atomicrmw {operator} ptr {place}, {kind} {word} {order}")
        if i.imm & isa.FETCH:
            self.write(i.src, old, bits)

    def jump(self, row: isa.Row, pc: int) -> None:
        """Add a comparison and the branch that it decides."""
        kind = f"i{row.bits}"
        follow = flow.successors(self.program, pc)
        alike = self.alike(row, pc)
        if FEW <= len(alike) <= MANY and follow[0] > pc:
            self.any_of(row, pc, alike)
            return
        left, right = self.read(self.program[pc].dst, row.bits), self.right(row, pc)
        if row.meaning == "jset":
            left, right, comparison = self.let(f"and {kind} {left}, {right}"), "0", "ne"
        else:
            comparison = _COMPARISONS[row.meaning]
        truth = self.let(f"icmp {comparison} {kind} {left}, {right}")
        way = self.way(pc, follow[0])
        self.lines.append(f"  br i1 {truth}, label %{way}, label %pc{follow[1]}")

    def alike(self, row: isa.Row, pc: int) -> list[str]:
        """The constants that a register is compared with from here on, to go to the same place."""
        found: list[str] = []
        first, place = self.program[pc], pc
        if row.meaning == "jeq" and row.operand == "imm":
            for code, dst, _, off, imm in self.program[pc:]:
                if (code, dst, place + off) != (first.code, first.dst, pc + first.off):
                    break
                found.append(f"i{row.bits} {constant(imm, row.bits)}")
                place += 1
        return found

    def any_of(self, row: isa.Row, pc: int, constants: list[str]) -> None:
        """Add a comparison with all of some constants at once.

        A search among them would branch on what packets hold, which no processor can foresee.
        """
        count, kind = len(constants), f"i{row.bits}"
        vector = f"<{count} x {kind}>"
        word = self.read(self.program[pc].dst, row.bits)
        first = self.let(f"insertelement {vector} poison, {kind} {word}, i64 0")
        zeros = f"<{count} x i32> zeroinitializer"
        all_ = self.let(f"shufflevector {vector} {first}, {vector} poison, {zeros}")
        equal = self.let(f"icmp eq {vector} {all_}, <{', '.join(constants)}>")
        reduce = f"@llvm.vector.reduce.or.v{count}i1(<{count} x i1> {equal})"
        self.reductions.add(count)
        truth = self.let(f"call i1 {reduce}")
        target = flow.successors(self.program, pc)[0]
        self.lines.append(f"  br i1 {truth}, label %pc{target}, label %pc{pc + count}")

    def way(self, pc: int, to: int) -> str:
        """The label that leads to a place: where it leads back, by way of a count of turns."""
        if to > pc:
            return f"pc{to}"
        self.loops.add((pc, to))
        return f"back{pc}_{to}"

    def turn(self, pc: int, to: int) -> None:
        """Count one turn of a loop, and go on or give up."""
        self.lines.append(f"back{pc}_{to}:")
        left = self.let("load i64, ptr %turns")
        less = self.let(f"sub i64 {left}, 1")
        self.lines.append(f"  store i64 {less}, ptr %turns")
        self.trap_unless(self.let(f"icmp ne i64 {less}, 0"), ENDLESS, pc)
        self.lines.append(f"  br label %pc{to}")


def constant(imm: int, bits: int) -> str:
    """Give a number of an instruction at a width."""
    return str(imm & ((1 << bits) - 1))
