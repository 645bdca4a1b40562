"""The classic BPF instruction set as a table: one row per opcode, everything else derived from it.

Encoding: `code` = class | size and mode, or operator and source (bpf(4); linux/filter.h).
A listing's operand is a template over k, or over `to`, the absolute target of a jump. libpcap runs
`ldx #pktlen` but has no name for it, and prints it as it prints an unknown code.
"""

from typing import NamedTuple

LD, LDX, ST, STX, ALU, JMP, RET, MISC = range(8)
W, H, B = 0x00, 0x08, 0x10
IMM, ABS, IND, MEM, LEN, MSH = 0x00, 0x20, 0x40, 0x60, 0x80, 0xA0
K, X, A = 0x00, 0x08, 0x10
ADD, SUB, MUL, DIV, OR, AND, LSH, RSH, NEG, MOD, XOR = range(0x00, 0xB0, 0x10)
JA, JEQ, JGT, JGE, JSET = range(0x00, 0x50, 0x10)
TAX, TXA = 0x00, 0x80

MEMWORDS = 16
"""Scratch cells, M[0] to M[15]."""

ANCILLARY_BASE = 0xFFFFF000
"""From here up, an absolute load asks the Linux kernel about the packet (SKF_AD_OFF)."""

ANCILLARY: dict[int, str] = {
    ANCILLARY_BASE + 4 * place: name
    for place, name in enumerate((
        "proto", "type", "ifidx", "nla", "nlan", "mark", "queue", "hatype",
        "rxhash", "cpu", "xor_x", "vlan_tci", "vlanp", "poff", "random", "vlan_tpid",
    ))
}  # fmt: skip
"""What the kernel can be asked (SKF_AD_*), by the k of the load; the names are libpcap's."""


class Row(NamedTuple):
    """One opcode: how it is written, what it reads and writes, and what it does.

    `kind` is what a machine does: load (A or X, from `mode`), store, alu, jump, ret, move.
    `reads` and `writes` are of the letters A, X, M (scratch) and P (packet).
    `meaning` names the row of `bpf.alu` for alu and jump; `size` is in octets for packet loads.
    """

    code: int
    mnemonic: str
    operand: str
    reads: str
    writes: str
    kind: str
    mode: str = ""
    size: int = 0
    meaning: str = ""


def _rows() -> list[Row]:
    rows: list[Row] = []
    for size, width, name in ((W, 4, "ld"), (H, 2, "ldh"), (B, 1, "ldb")):
        rows.append(Row(LD | size | ABS, name, "[{k}]", "P", "A", "load", "abs", width))
        rows.append(Row(LD | size | IND, name, "[x + {k}]", "PX", "A", "load", "ind", width))
    rows += [
        Row(LD | IMM, "ld", "#{k:#x}", "", "A", "load", "imm"),
        Row(LD | MEM, "ld", "M[{k}]", "M", "A", "load", "mem"),
        Row(LD | LEN, "ld", "#pktlen", "", "A", "load", "len"),
        Row(LDX | IMM, "ldx", "#{k:#x}", "", "X", "load", "imm"),
        Row(LDX | MEM, "ldx", "M[{k}]", "M", "X", "load", "mem"),
        Row(LDX | LEN, "unimp", "0x81", "", "X", "load", "len"),
        Row(LDX | B | MSH, "ldxb", "4*([{k}]&0xf)", "P", "X", "load", "msh", 1),
        Row(ST, "st", "M[{k}]", "A", "M", "store"),
        Row(STX, "stx", "M[{k}]", "X", "M", "store"),
    ]
    for op, name, constant in (
        (ADD, "add", "#{k}"), (SUB, "sub", "#{k}"), (MUL, "mul", "#{k}"), (DIV, "div", "#{k}"),
        (MOD, "mod", "#{k}"), (OR, "or", "#{k:#x}"), (AND, "and", "#{k:#x}"),
        (XOR, "xor", "#{k:#x}"), (LSH, "lsh", "#{k}"), (RSH, "rsh", "#{k}"),
    ):  # fmt: skip
        rows.append(Row(ALU | op | K, name, constant, "A", "A", "alu", "k", 0, name))
        rows.append(Row(ALU | op | X, name, "x", "AX", "A", "alu", "x", 0, name))
    rows.append(Row(ALU | NEG, "neg", "", "A", "A", "alu", "", 0, "neg"))
    rows.append(Row(JMP | JA, "ja", "{to}", "", "", "jump", "ja"))
    for op, name in ((JEQ, "jeq"), (JGT, "jgt"), (JGE, "jge"), (JSET, "jset")):
        rows.append(Row(JMP | op | K, name, "#{k:#x}", "A", "", "jump", "k", 0, name))
        rows.append(Row(JMP | op | X, name, "x", "AX", "", "jump", "x", 0, name))
    rows += [
        Row(RET | K, "ret", "#{k}", "", "", "ret", "k"),
        Row(RET | A, "ret", "", "A", "", "ret", "a"),
        Row(MISC | TAX, "tax", "", "A", "X", "move"),
        Row(MISC | TXA, "txa", "", "X", "A", "move"),
    ]
    return rows


ROWS: dict[int, Row] = {row.code: row for row in _rows()}
"""Every opcode that has a meaning, by its code."""


def is_branch(code: int) -> bool:
    """Tell whether this is a conditional jump, the only kind of instruction that uses jt and jf."""
    return code & 0x07 == JMP and code & 0xF0 != JA


def signed(k: int) -> int:
    """Read a word as two's complement, as a `ja` and a printed offset are meant."""
    return k - 2**32 if k >= 2**31 else k
