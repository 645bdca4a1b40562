"""Classic BPF -> eBPF: one function per kind of row, one table of hosts.

libpcap's meaning is kept by explicit instructions: a load past the captured octets, an `x + k` that
passes 2**32 and a division by zero go to REJECT, a shift by 32 or more gives 0, and A, X and M[]
begin at 0. Only what can be reached is translated.

A backward jump (of `ip protochain`) spends one of the turns that a host allows, so that every
program ends. For host user these are len(program) * (captured length + 1), which the loop of a
protochain never uses up; in the kernel a packet with more than TURNS extension headers is rejected.
There, loops that lie one after another begin to count anew each: the verifier would otherwise
follow the second loop with each number of turns that the first may leave.
"""

from operator import index

from pcapfilter.bpf import flow, isa
from pcapfilter.bpf import program as bpf
from pcapfilter.codegen.ebpf.assemble import Assembly, Label
from pcapfilter.codegen.ebpf.hosts import HOSTS, Host
from pcapfilter.codegen.ebpf.registers import REJECT, TURNS, A, X
from pcapfilter.ebpf import isa as to
from pcapfilter.ebpf import program as ebpf
from pcapfilter.errors import ProgramError, UnsupportedError

_MOV = to.ALU | to.MOV
_OPERATORS = {
    "add": to.ADD, "sub": to.SUB, "mul": to.MUL, "div": to.DIV, "mod": to.MOD, "or": to.OR,
    "and": to.AND, "xor": to.XOR, "lsh": to.LSH, "rsh": to.RSH,
}  # fmt: skip
_COMPARISONS = {
    "jeq": (to.JEQ, to.JNE), "jgt": (to.JGT, to.JLE), "jge": (to.JGE, to.JLT),
    "jset": (to.JSET, None),
}  # fmt: skip
"""The eBPF comparison, and the one that is true when it is false."""


def translate(
    program: bpf.Program, *, host: str = "user", match: int | None = None, other: int | None = None
) -> ebpf.Program:
    """Give the eBPF program for a host that decides as the classic program does.

    `match` and `other` change what it returns: 32 bits, signed or not. ProgramError where the
    classic program has no meaning, UnsupportedError for a host that there is no code for.
    """
    for name, value in (("match", match), ("other", other)):
        if value is not None and not -(1 << 31) <= index(value) < 1 << 32:
            raise ValueError(f"{name} must be {-(1 << 31)} to {(1 << 32) - 1}, not {value}")
    row = HOSTS.get(host)
    if row is None:
        raise UnsupportedError(f"no eBPF for host {host!r} (there is: {', '.join(HOSTS)})")
    if match is not None:
        row = row._replace(match=match)
    if other is not None:
        if host == "socket" and other != 0:
            raise UnsupportedError("in a socket filter, a packet that does not match gives 0")
        row = row._replace(other=other)
    return _Translation(program, row).run()


class _Translation:
    """One program on its way to one host."""

    __slots__ = ("counting", "host", "live", "loops", "out", "program")

    def __init__(self, program: bpf.Program, host: Host) -> None:
        self.program = program
        self.host = host
        self.live = flow.reachable(program)
        self.loops = flow.loops(program)
        anew = host.turns is not None and len(self.loops) > 1 and _apart(self.loops)
        self.counting = frozenset(self.loops if anew else ())
        self.out = Assembly()

    def run(self) -> ebpf.Program:
        self.begin()
        for pc in sorted(self.live):
            if pc in self.counting:
                self.out.place((pc,))
                self.out.emit(_MOV | to.K, TURNS, 0, 0, self.host.turns or 0)
            self.out.place(pc)
            self.step(pc)
        self.out.place(REJECT)
        self.leave(self.host.other)
        return self.out.program()

    def begin(self) -> None:
        """Set A, X, the scratch cells that are read, and the turns of loops."""
        out = self.out
        turns = self.host.turns or len(self.program)
        self.host.begin(out, turns if self.loops else 0)
        out.emit(_MOV | to.K, A, 0, 0, 0)
        out.emit(_MOV | to.K, X, 0, 0, 0)
        rows = [(isa.ROWS[self.program[pc].code], self.program[pc].k) for pc in sorted(self.live)]
        for cell in sorted({k for row, k in rows if row.mode == "mem" and k < isa.MEMWORDS}):
            out.emit(to.ST | to.MEM | to.W, to.FRAME, 0, _cell(cell), 0)

    def leave(self, verdict: int) -> None:
        self.out.emit(_MOV | to.K, A, 0, 0, verdict & 0xFFFFFFFF)
        self.out.emit(to.JMP | to.EXIT)

    def step(self, pc: int) -> None:
        """Translate the instruction at `pc`; control then falls through to the next place."""
        instruction = self.program[pc]
        row = isa.ROWS[instruction.code]
        k = instruction.k
        match row.kind:
            case "load":
                self.load(row, k, pc)
            case "store":
                source = A if row.reads == "A" else X
                self.out.emit(to.STX | to.MEM | to.W, to.FRAME, source, _cell(k, pc))
            case "alu":
                self.alu(row, k)
            case "move":
                dst, src = (X, A) if row.writes == "X" else (A, X)
                self.out.emit(_MOV | to.X, dst, src)
            case "jump":
                self.jump(row, pc)
            case "ret":
                self.ret(row, k)

    def load(self, row: isa.Row, k: int, pc: int) -> None:
        out, dst = self.out, A if row.writes == "A" else X
        match row.mode:
            case "abs" | "ind":
                self.host.fetch(out, dst, row.size, k, row.mode == "ind")
            case "msh":
                self.host.fetch(out, X, row.size, k, False)
                out.emit(to.ALU | to.AND | to.K, X, 0, 0, 0xF)
                out.emit(to.ALU | to.LSH | to.K, X, 0, 0, 2)
            case "imm":
                out.emit(_MOV | to.K, dst, 0, 0, k)
            case "mem":
                out.emit(to.LDX | to.MEM | to.W, dst, to.FRAME, _cell(k, pc))
            case _:
                self.host.length(out, dst)

    def alu(self, row: isa.Row, k: int) -> None:
        out = self.out
        if row.meaning == "neg":
            out.emit(to.ALU | to.NEG, A)
            return
        code = to.ALU | _OPERATORS[row.meaning]
        shift, division = row.meaning in {"lsh", "rsh"}, row.meaning in {"div", "mod"}
        if row.mode == "k":
            if division and k == 0:
                out.goto(REJECT)
            elif shift and k >= 32:
                out.emit(_MOV | to.K, A, 0, 0, 0)
            else:
                out.emit(code | to.K, A, 0, 0, k)
            return
        if division:
            out.jump(REJECT, to.JMP32 | to.JEQ | to.K, X, 0, 0)
        elif shift:
            out.emit(to.JMP32 | to.JLT | to.K, X, 0, 1, 32)
            out.emit(_MOV | to.K, A, 0, 0, 0)
        out.emit(code | to.X, A, X)

    def jump(self, row: isa.Row, pc: int) -> None:
        out, k = self.out, self.program[pc].k
        follow = flow.successors(self.program, pc)
        if row.mode == "ja":
            if follow[0] <= pc:
                out.jump(REJECT, to.JMP | to.JEQ | to.K, TURNS, 0, 0)
                out.emit(to.ALU64 | to.ADD | to.K, TURNS, 0, 0, -1)
            out.goto(self.way(pc, follow[0]))
            return
        yes, no = follow
        operator, inverse = _COMPARISONS[row.meaning]
        if yes == pc + 1 and inverse is not None:
            operator, yes, no = inverse, no, yes
        self.branch(self.way(pc, yes), to.JMP32 | operator, k if row.mode == "k" else None)
        out.goto(self.way(pc, no))

    def way(self, pc: int, place: int) -> Label:
        """Give the label that leads to a place: into a loop, by way of its new count of turns."""
        return (place,) if place > pc and place in self.counting else place

    def branch(self, label: Label, code: int, k: int | None) -> None:
        """Jump where A compares so with k, or with X."""
        if k is None:
            self.out.jump(label, code | to.X, A, X)
        else:
            self.out.jump(label, code | to.K, A, 0, k)

    def ret(self, row: isa.Row, k: int) -> None:
        out, match = self.out, self.host.match
        if row.mode == "k":
            if k == 0:
                self.leave(self.host.other)
            else:
                self.leave(k if match is None else match)
            return
        out.jump(REJECT, to.JMP32 | to.JEQ | to.K, A, 0, 0)
        if match is not None:
            out.emit(_MOV | to.K, A, 0, 0, match & 0xFFFFFFFF)
        out.emit(to.JMP | to.EXIT)


def _apart(loops: dict[int, int]) -> bool:
    """Tell whether each loop ends before the next begins: none is begun anew by another."""
    starts, ends = sorted(loops), [loops[start] for start in sorted(loops)]
    return all(end < start for end, start in zip(ends, starts[1:], strict=False))


def _cell(cell: int, pc: int | None = None) -> int:
    """Give the place of M[cell] from r10."""
    if cell >= isa.MEMWORDS:
        raise ProgramError(f"no scratch cell M[{cell}]", pc=pc)
    return 4 * (cell - isa.MEMWORDS)
