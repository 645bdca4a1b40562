"""eBPF of host `user` -> LLVM text of a filter.

The function is `i64 (ptr buffer, i64 offset, i64 captured, i64 wire)`, and gives r0.

`ebpf.check` has told what each register holds: a place in the packet is its offset there, a place
in the stack is known, so that only packet loads are checked as the program runs. Where the program
itself has compared with the captured length before, LLVM finds that and drops the check. A trap is
left in a global variable.

    r0 = *(u16 *)(r1 +12)    ->    %p = load i64, ptr %r1 ...; %e = add i64 %p, 12
                                   br i1 (%e and %e + 2 within captured), label %in, label %trap
"""

from pcapfilter.ebpf import check, isa
from pcapfilter.ebpf.program import Program
from pcapfilter.engine.emitter import Emitter
from pcapfilter.engine.jit import TRAP
from pcapfilter.engine.reasons import ACCESS, SHIFT

_PARAMETERS = "ptr %buffer, i64 %offset, i64 %captured, i64 %wire"


def emit(program: Program, symbol: str) -> str:
    """Give the LLVM text of a filter; ProgramError where the checker refuses it."""
    return _Filter(program).text(symbol)


class _Filter(Emitter):
    """The text of a filter."""

    __slots__ = ("holdings",)

    def __init__(self, program: Program) -> None:
        super().__init__(program)
        self.holdings = check.holdings(program)

    def text(self, symbol: str) -> str:
        self.lines += [
            "entry:",
            "  %packet = getelementptr i8, ptr %buffer, i64 %offset",
            f"  %frame = alloca [{isa.STACK} x i8], align 8",
            f"  call void @llvm.memset.p0.i64(ptr %frame, i8 0, i64 {isa.STACK}, i1 false)",
        ]
        self.registers()
        self.write(1, "0")
        self.write(2, "%captured")
        self.write(3, "%wire")
        self.body(sorted(self.holdings))
        return "\n".join(
            [
                f"@{TRAP} = hidden global i64 -1",
                *self.declarations(),
                f"define i64 @{symbol}({_PARAMETERS}) alwaysinline nounwind {{",
                *self.lines,
                "}",
                "",
            ]
        )

    def alu(self, row: isa.Row, pc: int) -> None:
        """Places in the stack are known: there is nothing to work out."""
        i, holds = self.program[pc], self.holdings[pc]
        if holds[i.dst] > check.PACKET and not row.meaning.startswith("mov"):
            return
        if row.operand == "reg" and holds[i.src] > check.PACKET:
            return
        super().alu(row, pc)

    def place(self, pc: int, register: int, off: int, row: isa.Row) -> str:
        """The address of an access; in the packet, only once its bounds have been compared."""
        holds = self.holdings[pc][register]
        if holds > check.PACKET:
            index = isa.STACK + check.stack_offset(holds, off)
            return self.let(f"getelementptr i8, ptr %frame, i64 {index}")
        start = self.let(f"add i64 {self.read(register)}, {off}")
        end = self.let(f"add i64 {start}, {row.size}")
        before = self.let(f"icmp ule i64 {start}, %captured")
        within = self.let(f"icmp ule i64 {end}, %captured")
        self.trap_unless(self.let(f"and i1 {before}, {within}"), ACCESS, pc)
        return self.let(f"getelementptr i8, ptr %packet, i64 {start}")

    def leave(self, reason: int, pc: int) -> list[str]:
        """Leave the trap in the global variable."""
        return [f"  store i64 {reason << SHIFT | pc}, ptr @{TRAP}", "  ret i64 0"]
