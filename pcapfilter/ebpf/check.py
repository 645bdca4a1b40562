"""The rules of an eBPF program of host `user`, and what each register holds where.

A small verifier in the manner of the kernel's (Documentation/bpf/verifier.rst). Programs begin with
r1 = the packet, r2 = its captured length, r3 = its length on the wire, and r10 = the end of a stack
frame of zeros. A register holds nothing yet, a number, a place in the packet, or a known place in
the stack; a pointer is never turned into a number. So a machine needs to check nothing but the
bounds of packet loads, and those as it runs.
"""

from pcapfilter.ebpf import flow, form, isa
from pcapfilter.ebpf.program import Instruction, Program
from pcapfilter.errors import ProgramError

UNSET, NUMBER, PACKET = range(3)
_FRAME_END = 1024
"""What a register holds: UNSET, NUMBER, PACKET, or `_FRAME_END` + the offset from r10."""

Holds = tuple[int, ...]
"""What r0 to r10 hold."""

_AT_ENTRY: Holds = (UNSET, PACKET, NUMBER, NUMBER, *[UNSET] * 6, _FRAME_END)


def check(program: Program) -> None:
    """Return if the program of host `user` is sound; ProgramError says where it is not, and why."""
    holdings(program)


def holdings(program: Program) -> dict[int, Holds]:
    """Give what the registers hold before each reachable instruction."""
    form.check(program)
    before: dict[int, Holds] = {0: _AT_ENTRY}
    waiting = [0]
    while waiting:
        pc = waiting.pop()
        after = _after(program, pc, before[pc])
        for place in flow.successors(program, pc):
            known = before.get(place)
            if known is None:
                joined = after
            elif known == after:
                continue
            else:
                joined = tuple(
                    a if a == b else UNSET for a, b in zip(known, after, strict=True)
                )  # fmt: skip
                if joined == known:
                    continue
            before[place] = joined
            waiting.append(place)
    return before


def stack_offset(holds: int, off: int) -> int:
    """Give the offset from r10 of an access through a register that holds a place in the stack."""
    return holds - _FRAME_END + off


def _after(program: Program, pc: int, holds: Holds) -> Holds:
    """What the registers hold after the instruction at `pc`."""
    i = program[pc]
    row = isa.row_of(i)
    assert row is not None
    match row.kind:
        case "alu":
            return _write(holds, i.dst, _alu(row, i, holds, pc), pc)
        case "unary":
            _number(holds, i.dst, pc)
            return _write(holds, i.dst, NUMBER, pc)
        case "wide":
            return _write(holds, i.dst, NUMBER, pc)
        case "load" | "loadsx":
            _access(row, holds[i.src], i.src, i.off, pc)
            return _write(holds, i.dst, NUMBER, pc)
        case "store":
            _store(row, i, holds, pc)
            return holds
        case "atomic":
            return _atomic(row, i, holds, pc)
        case "jump":
            _compare(row, i, holds, pc)
            return holds
        case "exit":
            _number(holds, 0, pc)
            return holds
        case "ja":
            return holds
        case _:
            raise ProgramError("a program of host user calls nothing", pc=pc)


def _alu(row: isa.Row, i: Instruction, holds: Holds, pc: int) -> int:
    """What the destination of an operator holds."""
    moves = row.meaning == "mov"
    left = NUMBER if moves or row.meaning.startswith("movs") else holds[i.dst]
    right = holds[i.src] if row.operand == "reg" else NUMBER
    if UNSET in {left, right}:
        register = i.dst if left == UNSET else i.src
        raise ProgramError(f"r{register} holds nothing here", pc=pc)
    if left == right == NUMBER:
        return NUMBER
    if row.bits == 64:
        if moves:
            return right
        if row.meaning == "add" and {left, right} == {PACKET, NUMBER}:
            return PACKET
        if row.meaning == "sub" and left == PACKET:
            return PACKET if right == NUMBER else NUMBER
        if left > PACKET and row.operand == "imm" and row.meaning in {"add", "sub"}:
            step = left + i.imm if row.meaning == "add" else left - i.imm
            if _FRAME_END - isa.STACK <= step <= _FRAME_END:
                return step
    raise ProgramError("a pointer is used as a number", pc=pc)


def _write(holds: Holds, register: int, what: int, pc: int) -> Holds:
    if register == isa.FRAME:
        raise ProgramError("r10 is never written", pc=pc)
    if holds[register] == what:
        return holds
    return (*holds[:register], what, *holds[register + 1 :])


def _number(holds: Holds, register: int, pc: int) -> None:
    if holds[register] == UNSET:
        raise ProgramError(f"r{register} holds nothing here", pc=pc)
    if holds[register] != NUMBER:
        raise ProgramError("a pointer is used as a number", pc=pc)


def _access(row: isa.Row, what: int, register: int, off: int, pc: int) -> None:
    """Refuse an access through a number, or outside the stack frame."""
    if what in {UNSET, NUMBER}:
        raise ProgramError(f"r{register} is no pointer here", pc=pc)
    if what > PACKET:
        place = stack_offset(what, off)
        if not -isa.STACK <= place <= -row.size:
            raise ProgramError(f"r10 {place:+d} is outside the stack frame", pc=pc)


def _store(row: isa.Row, i: Instruction, holds: Holds, pc: int) -> None:
    _access(row, holds[i.dst], i.dst, i.off, pc)
    if holds[i.dst] == PACKET:
        raise ProgramError("the packet is not to be written", pc=pc)
    if row.operand == "reg":
        _number(holds, i.src, pc)


def _atomic(row: isa.Row, i: Instruction, holds: Holds, pc: int) -> Holds:
    _store(row, i, holds, pc)
    if stack_offset(holds[i.dst], i.off) % row.size:
        raise ProgramError("an atomic access to a place that is no multiple of its size", pc=pc)
    if row.meaning == "cmpxchg":
        _number(holds, 0, pc)
    return holds


def _compare(row: isa.Row, i: Instruction, holds: Holds, pc: int) -> None:
    if row.operand == "reg" and row.bits == 64 and holds[i.dst] == holds[i.src] == PACKET:
        return
    _number(holds, i.dst, pc)
    if row.operand == "reg":
        _number(holds, i.src, pc)
