"""eBPF of any host -> LLVM text of a function that reaches its memory by a table of parts.

The function is `i64 (ptr table)`. The table is words of 64 bits: how many parts there are, the
trap, whether a helper wants the run to end, where the packet lies and its length, r1 to r5, and
where the helpers' addresses are; then a row for each part, the stack first: where it begins and
ends for the program, where it begins in truth, and whether it may be written.

A function of the program is called by going there, and its `exit` goes back to where a stack of
places says: all is one function of LLVM's, in which r1 to r5 are everybody's.
"""

from pcapfilter.ebpf import flow, isa
from pcapfilter.ebpf.program import Program
from pcapfilter.engine.emitter import Emitter
from pcapfilter.engine.reasons import ACCESS, SHIFT, STOPPED, TOO_DEEP, UNALIGNED
from pcapfilter.engine.space import DEPTH, STACK_TOP

COUNT, TRAP, STOP, PACKET, LENGTH, ARGUMENTS, HELPERS, ROWS = 0, 1, 2, 3, 4, 5, 10, 11
"""Where the table has what; HELPERS is the address of theirs."""

_SAVED = range(6, isa.FRAME)

_REACH = f"""
define internal ptr @reach(ptr %table, i64 %at, i64 %size, i64 %write) noinline nounwind {{
entry:
  %count = load i64, ptr %table
  %end = add i64 %at, %size
  %wraps = icmp ult i64 %end, %at
  br i1 %wraps, label %nowhere, label %next
next:
  %number = phi i64 [ 0, %entry ], [ %after, %look ]
  %more = icmp ult i64 %number, %count
  br i1 %more, label %look, label %nowhere
look:
  %after = add i64 %number, 1
  %quarter = shl i64 %number, 2
  %index = add i64 %quarter, {ROWS}
  %row = getelementptr i64, ptr %table, i64 %index
  %row1 = getelementptr i64, ptr %row, i64 1
  %row2 = getelementptr i64, ptr %row, i64 2
  %row3 = getelementptr i64, ptr %row, i64 3
  %first = load i64, ptr %row
  %last = load i64, ptr %row1
  %writable = load i64, ptr %row3
  %starts = icmp uge i64 %at, %first
  %ends = icmp ule i64 %end, %last
  %may = icmp uge i64 %writable, %write
  %within = and i1 %starts, %ends
  %found = and i1 %within, %may
  br i1 %found, label %here, label %next
here:
  %base = load i64, ptr %row2
  %distance = sub i64 %at, %first
  %sum = add i64 %base, %distance
  %pointer = inttoptr i64 %sum to ptr
  ret ptr %pointer
nowhere:
  ret ptr null
}}
"""


def emit(program: Program, symbol: str, helpers: list[int]) -> str:
    """Give the LLVM text of a well-formed program; `helpers` are their numbers, in table order."""
    return _Function(program, helpers).text(symbol)


class _Function(Emitter):
    """The text of one program."""

    __slots__ = ("helpers", "sites")

    def __init__(self, program: Program, helpers: list[int]) -> None:
        super().__init__(program)
        self.helpers = helpers
        rows = ((pc, isa.row_of(program[pc])) for pc in sorted(flow.reachable(program)))
        self.sites = [pc for pc, row in rows if row is not None and row.kind == "local"]

    def text(self, symbol: str) -> str:
        self.lines.append("entry:")
        self.registers()
        for register in range(isa.REGISTERS):
            self.write(register, "0")
        for register in range(1, 6):
            self.write(register, self.field(ARGUMENTS + register - 1))
        self.write(isa.FRAME, str(STACK_TOP))
        self.lines += [
            "  %depth = alloca i64, align 8",
            "  store i64 0, ptr %depth",
            f"  %places = alloca [{DEPTH} x i64], align 8",
            f"  %saved = alloca [{DEPTH * len(_SAVED)} x i64], align 8",
        ]
        self.body(sorted(flow.reachable(self.program)))
        head = f"define i64 @{symbol}(ptr %table) nounwind {{"
        return "\n".join([*self.declarations(), _REACH, head, *self.lines, "}", ""])

    def slot(self, index: int) -> str:
        """The address of a word of the table."""
        return self.let(f"getelementptr i64, ptr %table, i64 {index}")

    def field(self, index: int) -> str:
        """A word of the table."""
        return self.let(f"load i64, ptr {self.slot(index)}")

    def place(self, pc: int, register: int, off: int, row: isa.Row) -> str:
        """The address of an access, for which the parts are looked through."""
        at = self.let(f"add i64 {self.read(register)}, {off}")
        if row.kind == "atomic":
            rest = self.let(f"and i64 {at}, {row.size - 1}")
            self.trap_unless(self.let(f"icmp eq i64 {rest}, 0"), UNALIGNED, pc)
        writes = int(row.kind in {"store", "atomic"})
        call = f"call ptr @reach(ptr %table, i64 {at}, i64 {row.size}, i64 {writes})"
        found = self.let(call)
        self.trap_unless(self.let(f"icmp ne ptr {found}, null"), ACCESS, pc)
        return found

    def leave(self, reason: int, pc: int) -> list[str]:
        """Leave the trap in the table."""
        trap = f"%trapped{reason}_{pc}"
        return [
            f"  {trap} = getelementptr i64, ptr %table, i64 {TRAP}",
            f"  store i64 {reason << SHIFT | pc}, ptr {trap}",
            "  ret i64 0",
        ]

    def other(self, row: isa.Row, pc: int) -> None:
        match row.kind:
            case "local":
                self.enter(row, pc)
            case "call":
                self.help(pc)
            case _:
                self.packet_word(row, pc)

    def help(self, pc: int) -> None:
        """Call a helper, and end the run if it wants that."""
        functions = self.let(f"inttoptr i64 {self.field(HELPERS)} to ptr")
        number = self.helpers.index(self.program[pc].imm)
        slot = self.let(f"getelementptr i64, ptr {functions}, i64 {number}")
        function = self.let(f"inttoptr i64 {self.let(f'load i64, ptr {slot}')} to ptr")
        words = ", ".join(f"i64 {self.read(register)}" for register in range(1, 6))
        self.write(0, self.let(f"call i64 {function}({words})"))
        self.trap_unless(self.let(f"icmp eq i64 {self.field(STOP)}, 0"), STOPPED, pc)

    def packet_word(self, row: isa.Row, pc: int) -> None:
        """Load octets of the packet in network order; where it has ended, end the run with 0."""
        i, bits = self.program[pc], row.size * 8
        at = self.let(f"add i64 {self.read(i.src) if row.operand == 'reg' else '0'}, {i.imm}")
        at = self.let(f"and i64 {at}, {0xFFFFFFFF}")
        end = self.let(f"add i64 {at}, {row.size}")
        within = self.let(f"icmp ule i64 {end}, {self.field(LENGTH)}")
        self.lines += [
            f"  br i1 {within}, label %in{pc}, label %over{pc}",
            f"over{pc}:",
            "  ret i64 0",
            f"in{pc}:",
        ]
        address = self.let(f"add i64 {self.field(PACKET)}, {at}")
        place = self.let(f"inttoptr i64 {address} to ptr")
        word = self.let(f"load i{bits}, ptr {place}, align 1")
        self.write(0, self.swapped(word, bits) if bits > 8 else word, bits)

    def enter(self, row: isa.Row, pc: int) -> None:
        """Call a function of the program: note the place, keep r6 to r9, and take a frame."""
        depth = self.let("load i64, ptr %depth")
        self.trap_unless(self.let(f"icmp ult i64 {depth}, {DEPTH - 1}"), TOO_DEEP, pc)
        place = self.let(f"getelementptr i64, ptr %places, i64 {depth}")
        self.lines.append(f"  store i64 {pc}, ptr {place}")
        for register, kept in self.kept(depth):
            self.lines.append(f"  store i64 {self.read(register)}, ptr {kept}")
        self.lines.append(f"  store i64 {self.let(f'add i64 {depth}, 1')}, ptr %depth")
        self.move_frame(-isa.STACK)
        self.lines.append(f"  br label %{self.way(pc, flow.target(row, self.program, pc))}")

    def end(self, pc: int) -> None:
        """Return from a function of the program, or from the program."""
        if self.sites:
            depth = self.let("load i64, ptr %depth")
            outermost = self.let(f"icmp eq i64 {depth}, 0")
            self.lines += [
                f"  br i1 {outermost}, label %end{pc}, label %return{pc}",
                f"return{pc}:",
            ]
            depth = self.let(f"sub i64 {depth}, 1")
            self.lines.append(f"  store i64 {depth}, ptr %depth")
            for register, kept in self.kept(depth):
                self.write(register, self.let(f"load i64, ptr {kept}"))
            self.move_frame(isa.STACK)
            slot = self.let(f"getelementptr i64, ptr %places, i64 {depth}")
            place = self.let(f"load i64, ptr {slot}")
            ways = " ".join(f"i64 {n}, label %{self.way(pc, n + 1)}" for n in self.sites)
            self.lines += [f"  switch i64 {place}, label %end{pc} [ {ways} ]", f"end{pc}:"]
        super().end(pc)

    def kept(self, depth: str) -> list[tuple[int, str]]:
        """The registers that a call keeps, and the addresses where."""
        first = self.let(f"mul i64 {depth}, {len(_SAVED)}")
        indices = [self.let(f"add i64 {first}, {n}") for n in range(len(_SAVED))]
        places = [self.let(f"getelementptr i64, ptr %saved, i64 {index}") for index in indices]
        return list(zip(_SAVED, places, strict=True))

    def move_frame(self, step: int) -> None:
        """Move the end of the frame, and how far down the stack may be reached."""
        self.write(isa.FRAME, self.let(f"add i64 {self.read(isa.FRAME)}, {step}"))
        slots = [self.slot(ROWS), self.slot(ROWS + 2)]
        for slot in slots:
            moved = self.let(f"add i64 {self.let(f'load i64, ptr {slot}')}, {step}")
            self.lines.append(f"  store i64 {moved}, ptr {slot}")
