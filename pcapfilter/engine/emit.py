"""eBPF of host `user` -> LLVM text.

The function is `i64 (ptr buffer, i64 offset, i64 captured, i64 wire)`, and gives r0.

Registers are stack slots of 64 bits, which LLVM makes into values. `ebpf.check` has told what each
register holds: a place in the packet is its offset there, a place in the stack is known, so that
only packet loads are checked as the program runs. Where the program itself has compared with the
captured length before, LLVM finds that and drops the check. A load outside the packet ends the
run: it stores its pc in a global variable and gives 0. So does a backward jump that is taken more
than LONGEST_LOOP times.

    r0 = *(u16 *)(r1 +12)    ->    %p = load i64, ptr %r1 ...; %e = add i64 %p, 12
                                   br i1 (%e and %e + 2 within captured), label %in, label %trap
"""

from pcapfilter.ebpf import check, flow, isa
from pcapfilter.ebpf.program import Program

TRAP = "pcapfilter_trap"
"""The global variable that holds the pc of a load outside the packet; -1 if there was none."""
ENDLESS = 2**32
"""What is added to the pc of a jump that was taken too often."""

_PARAMETERS = "ptr %buffer, i64 %offset, i64 %captured, i64 %wire"

_OPERATORS = {
    "add": "add", "sub": "sub", "mul": "mul", "or": "or", "and": "and", "xor": "xor",
    "lsh": "shl", "rsh": "lshr", "arsh": "ashr",
    "div": "udiv", "mod": "urem", "sdiv": "sdiv", "smod": "srem",
}  # fmt: skip
_COMPARISONS = {
    "jeq": "eq", "jne": "ne", "jgt": "ugt", "jge": "uge", "jlt": "ult", "jle": "ule",
    "jsgt": "sgt", "jsge": "sge", "jslt": "slt", "jsle": "sle",
}  # fmt: skip


def emit(program: Program, symbol: str) -> str:
    """Give the LLVM text of a program; ProgramError where the checker refuses it."""
    return _Emitter(program, symbol).text()


class _Emitter:
    """The text of one function in the making."""

    __slots__ = ("holdings", "lines", "loops", "names", "program", "symbol", "traps")

    def __init__(self, program: Program, symbol: str) -> None:
        self.program = program
        self.symbol = symbol
        self.holdings = check.holdings(program)
        self.lines: list[str] = []
        self.names = 0
        self.traps: list[int] = []
        self.loops: list[tuple[int, int]] = []

    def text(self) -> str:
        self.prologue()
        for pc in sorted(self.holdings):
            self.lines.append(f"pc{pc}:")
            self.step(pc)
        for pc, to in self.loops:
            self.turn(pc, to)
        for pc in self.traps:
            self.lines += [
                f"trap{pc}:",
                f"  store i64 {pc}, ptr @{TRAP}",
                "  ret i64 0",
            ]
        return "\n".join(
            [
                f"@{TRAP} = hidden global i64 -1",
                *(f"declare i{bits} @llvm.bswap.i{bits}(i{bits})" for bits in (16, 32, 64)),
                "declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)",
                f"define i64 @{self.symbol}({_PARAMETERS}) alwaysinline nounwind {{",
                *self.lines,
                "}",
                "",
            ]
        )

    def prologue(self) -> None:
        self.lines += [
            "entry:",
            "  %packet = getelementptr i8, ptr %buffer, i64 %offset",
            f"  %frame = alloca [{isa.STACK} x i8], align 8",
            f"  call void @llvm.memset.p0.i64(ptr %frame, i8 0, i64 {isa.STACK}, i1 false)",
        ]
        for register in range(isa.REGISTERS):
            self.lines.append(f"  %r{register} = alloca i64, align 8")
        self.lines += [
            "  store i64 0, ptr %r1",
            "  store i64 %captured, ptr %r2",
            "  store i64 %wire, ptr %r3",
            "  %turns = alloca i64, align 8",
            f"  store i64 {isa.LONGEST_LOOP}, ptr %turns",
            "  br label %pc0",
        ]

    def let(self, value: str) -> str:
        """Add `%n = value`, and give the name."""
        self.names += 1
        self.lines.append(f"  %v{self.names} = {value}")
        return f"%v{self.names}"

    def read(self, register: int, bits: int = 64) -> str:
        word = self.let(f"load i64, ptr %r{register}")
        return word if bits == 64 else self.let(f"trunc i64 {word} to i{bits}")

    def write(self, register: int, word: str, bits: int = 64, *, extend: str = "zext") -> None:
        if bits < 64:
            word = self.let(f"{extend} i{bits} {word} to i64")
        self.lines.append(f"  store i64 {word}, ptr %r{register}")

    def step(self, pc: int) -> None:
        """Add one instruction, and the branch to what follows."""
        _, dst, src, off, imm = self.program[pc]
        row = isa.row_of(self.program[pc])
        assert row is not None
        follow = flow.successors(self.program, pc)
        match row.kind:
            case "alu":
                self.alu(row, pc)
            case "unary":
                self.unary(row, dst)
            case "load" | "loadsx":
                place = self.place(pc, src, off, row.size)
                word = self.let(f"load i{row.size * 8}, ptr {place}, align 1")
                extend = "sext" if row.kind == "loadsx" else "zext"
                self.write(dst, word, row.size * 8, extend=extend)
            case "store":
                bits = row.size * 8
                word = self.read(src, bits) if row.operand == "reg" else _constant(imm, bits)
                place = self.place(pc, dst, off, row.size)
                self.lines.append(f"  store i{bits} {word}, ptr {place}, align 1")
            case "atomic":
                self.atomic(row, pc)
            case "wide":
                upper = self.program[pc + 1].imm
                self.write(dst, str(upper << 32 | imm & 0xFFFFFFFF))
            case "jump":
                self.jump(row, pc, follow)
                return
            case "exit":
                self.lines.append(f"  ret i64 {self.read(0)}")
                return
            case _:
                pass
        self.lines.append(f"  br label %{self.way(pc, follow[0])}")

    def right(self, row: isa.Row, pc: int) -> str:
        """The second operand, at the row's width."""
        i = self.program[pc]
        return self.read(i.src, row.bits) if row.operand == "reg" else _constant(i.imm, row.bits)

    def alu(self, row: isa.Row, pc: int) -> None:
        i, bits = self.program[pc], row.bits
        if self.holdings[pc][i.dst] > check.PACKET and row.meaning != "mov":
            return
        if row.operand == "reg" and self.holdings[pc][i.src] > check.PACKET:
            return
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
        if row.meaning == "neg":
            word = self.read(dst, row.bits)
            self.write(dst, self.let(f"sub i{row.bits} 0, {word}"), row.bits)
            return
        size = int(row.meaning.lstrip("belswap"))
        word = self.read(dst, size)
        if not row.meaning.startswith("le"):
            word = self.let(f"call i{size} @llvm.bswap.i{size}(i{size} {word})")
        self.write(dst, word, size)

    def place(self, pc: int, register: int, off: int, size: int) -> str:
        """The address of an access; in the packet, only once its bounds have been compared."""
        holds = self.holdings[pc][register]
        if holds > check.PACKET:
            index = isa.STACK + check.stack_offset(holds, off)
            return self.let(f"getelementptr i8, ptr %frame, i64 {index}")
        start = self.let(f"add i64 {self.read(register)}, {off}")
        end = self.let(f"add i64 {start}, {size}")
        before = self.let(f"icmp ule i64 {start}, %captured")
        within = self.let(f"icmp ule i64 {end}, %captured")
        both = self.let(f"and i1 {before}, {within}")
        self.lines += [f"  br i1 {both}, label %in{pc}, label %trap{pc}", f"in{pc}:"]
        self.traps.append(pc)
        return self.let(f"getelementptr i8, ptr %packet, i64 {start}")

    def atomic(self, row: isa.Row, pc: int) -> None:
        """Nobody else sees the frame: a load, an operator and a store will do."""
        i, bits = self.program[pc], row.bits
        kind = f"i{bits}"
        place = self.place(pc, i.dst, i.off, row.size)
        old, word = self.let(f"load {kind}, ptr {place}, align 1"), self.read(i.src, bits)
        if row.meaning == "cmpxchg":
            same = self.let(f"icmp eq {kind} {old}, {self.read(0, bits)}")
            word = self.let(f"select i1 {same}, {kind} {word}, {kind} {old}")
        elif row.meaning != "mov":
            word = self.operator(row.meaning, old, word, bits)
        self.lines.append(f"  store {kind} {word}, ptr {place}, align 1")
        if row.meaning == "cmpxchg":
            self.write(0, old, bits)
        elif i.imm & isa.FETCH:
            self.write(i.src, old, bits)

    def jump(self, row: isa.Row, pc: int, follow: tuple[int, ...]) -> None:
        kind = f"i{row.bits}"
        left, right = self.read(self.program[pc].dst, row.bits), self.right(row, pc)
        if row.meaning == "jset":
            left, right, comparison = self.let(f"and {kind} {left}, {right}"), "0", "ne"
        else:
            comparison = _COMPARISONS[row.meaning]
        truth = self.let(f"icmp {comparison} {kind} {left}, {right}")
        way = self.way(pc, follow[0])
        self.lines.append(f"  br i1 {truth}, label %{way}, label %pc{follow[1]}")

    def way(self, pc: int, to: int) -> str:
        """The label that leads to a place: where it leads back, by way of a count of turns."""
        if to > pc:
            return f"pc{to}"
        self.loops.append((pc, to))
        return f"back{pc}"

    def turn(self, pc: int, to: int) -> None:
        """Count one turn of a loop, and go on or give up."""
        self.lines.append(f"back{pc}:")
        left = self.let("load i64, ptr %turns")
        less = self.let(f"sub i64 {left}, 1")
        self.lines.append(f"  store i64 {less}, ptr %turns")
        over = self.let(f"icmp eq i64 {less}, 0")
        self.lines += [
            f"  br i1 {over}, label %endless{pc}, label %pc{to}",
            f"endless{pc}:",
            f"  store i64 {pc + ENDLESS}, ptr @{TRAP}",
            "  ret i64 0",
        ]


def _constant(imm: int, bits: int) -> str:
    return str(imm & ((1 << bits) - 1))
