"""The three listings of `tcpdump -d`, `-dd` and `-ddd`: print and read back.

Source of the forms: what tcpdump 4.99 with libpcap 1.10 prints.
"""

from pcapfilter.bpf import isa
from pcapfilter.bpf.program import Instruction, Program


def listing(program: Program, style: str = "d") -> str:
    """Give the program in one of tcpdump's styles (d, dd or ddd), without a final newline."""
    match style:
        case "d":
            return "\n".join(line(i, pc) for pc, i in enumerate(program))
        case "dd":
            return "\n".join(f"{{ {i.code:#x}, {i.jt}, {i.jf}, 0x{i.k:08x} }}," for i in program)
        case "ddd":
            rows = [f"{i.code} {i.jt} {i.jf} {i.k}" for i in program]
            return "\n".join([str(len(program)), *rows])
        case _:
            raise ValueError(f"no such style of listing: {style!r} (d, dd or ddd)")


def line(instruction: Instruction, pc: int) -> str:
    """Give one instruction as `tcpdump -d` prints it at place `pc`."""
    code, jt, jf, k = instruction
    row = isa.ROWS.get(code)
    if row is None:
        mnemonic, operand = "unimp", f"{code:#x}"
    else:
        mnemonic = row.mnemonic
        signed = k - 2**32 if k >= 2**31 and row.operand.find("{k}") >= 0 else k
        target = (pc + 1 + (k - 2**32 if k >= 2**31 else k)) & 0xFFFFFFFF
        operand = row.operand.format(k=signed, to=target)
    text = f"({pc:03d}) {mnemonic:<8} "
    if row is not None and row.kind == "jump" and row.mode != "ja":
        return f"{text}{operand:<16} jt {pc + 1 + jt}\tjf {pc + 1 + jf}"
    return text + operand
