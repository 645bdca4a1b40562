"""The eBPF instruction set as a table: one row per instruction, everything else derived from it.

Source: RFC 9669. One code can stand for several instructions that another field tells apart (`off`
of a division says whether it is signed): a row's key is its code and that field's value.

Forms are those of the kernel's disassembler, as templates over dst, src, off, imm; `hex` is imm as
an unsigned word, `wide` the 64-bit constant of a two-slot load, `next` the imm of its second slot,
and `name` what a helper is called. A field that neither the form nor the variant uses is 0 in a
sound program.
"""

from typing import NamedTuple

LD, LDX, ST, STX, ALU, JMP, JMP32, ALU64 = range(8)
K, X = 0x00, 0x08
W, H, B, DW = 0x00, 0x08, 0x10, 0x18
IMM, ABS, IND, MEM, MEMSX, ATOMIC = 0x00, 0x20, 0x40, 0x60, 0x80, 0xC0
(
    ADD, SUB, MUL, DIV, OR, AND, LSH, RSH, NEG, MOD, XOR, MOV, ARSH, END,
) = range(0x00, 0xE0, 0x10)  # fmt: skip
(
    JA, JEQ, JGT, JGE, JSET, JNE, JSGT, JSGE, CALL, EXIT, JLT, JLE, JSLT, JSLE,
) = range(0x00, 0xE0, 0x10)  # fmt: skip
LDDW = LD | DW | IMM
FETCH, XCHG, CMPXCHG = 0x01, 0xE1, 0xF1

REGISTERS = 11
FRAME = 10
"""r10, the register that holds the end of the stack frame and is never written."""
STACK = 512
"""Octets in the stack frame, below r10."""
LONGEST_LOOP = 2**24
"""Backward jumps that our machines let a program take on one packet before they call it endless."""


class Row(NamedTuple):
    """One instruction.

    `kind` is what a machine does: alu (dst = dst op operand), unary, load, loadsx, store, atomic,
    wide, skb, jump, ja, call (a helper), local (a function of the program), exit. `object` loads
    the address of something that the host has, and `kernel` calls a function of the kernel's.
    `operand` is reg (src) or imm. `bits` is the width worked at (or that `ja` takes its step from:
    16 for off, 32 for imm), and `size` the octets that move to or from memory.
    """

    code: int
    variant: int
    form: str
    kind: str
    meaning: str = ""
    operand: str = ""
    bits: int = 64
    size: int = 0


_SYMBOLS = (
    (ADD, "add", "+="), (SUB, "sub", "-="), (MUL, "mul", "*="), (DIV, "div", "/="),
    (OR, "or", "|="), (AND, "and", "&="), (LSH, "lsh", "<<="), (RSH, "rsh", ">>="),
    (MOD, "mod", "%="), (XOR, "xor", "^="), (MOV, "mov", "="), (ARSH, "arsh", "s>>="),
)  # fmt: skip

_COMPARISONS = (
    (JEQ, "jeq", "=="), (JGT, "jgt", ">"), (JGE, "jge", ">="), (JSET, "jset", "&"),
    (JNE, "jne", "!="), (JSGT, "jsgt", "s>"), (JSGE, "jsge", "s>="), (JLT, "jlt", "<"),
    (JLE, "jle", "<="), (JSLT, "jslt", "s<"), (JSLE, "jsle", "s<="),
)  # fmt: skip

_OBJECTS = (
    (1, "map[id:{imm}]"), (2, "map[id:{imm}][0]+{next}"), (3, "var[id:{imm}]"),
    (4, "subprog[{imm:+d}]"), (5, "map[idx:{imm}]"), (6, "map[idx:{imm}][0]+{next}"),
)  # fmt: skip
"""What a two-slot load may name instead of a number: RFC 9669, section 5.4."""

_SIZES = ((B, 1), (H, 2), (W, 4), (DW, 8))


def _alu_rows() -> list[Row]:
    rows: list[Row] = []
    for group, bits, r in ((ALU64, 64, "r"), (ALU, 32, "w")):
        dst, src = f"{r}{{dst}}", f"{r}{{src}}"
        for op, name, sign in _SYMBOLS:
            rows.append(Row(group | op | K, 0, f"{dst} {sign} {{imm}}", "alu", name, "imm", bits))
            rows.append(Row(group | op | X, 0, f"{dst} {sign} {src}", "alu", name, "reg", bits))
        for op, name, sign in ((DIV, "sdiv", "s/="), (MOD, "smod", "s%=")):
            rows.append(Row(group | op | K, 1, f"{dst} {sign} {{imm}}", "alu", name, "imm", bits))
            rows.append(Row(group | op | X, 1, f"{dst} {sign} {src}", "alu", name, "reg", bits))
        for size in (8, 16, 32) if bits == 64 else (8, 16):
            form = f"{dst} = (s{size}){src}"
            rows.append(Row(group | MOV | X, size, form, "alu", f"movs{size}", "reg", bits))
        rows.append(Row(group | NEG, 0, f"{dst} = -{dst}", "unary", "neg", "", bits))
    for code, name in ((ALU | END | K, "le"), (ALU | END | X, "be"), (ALU64 | END, "bswap")):
        for size in (16, 32, 64):
            form = f"r{{dst}} = {name}{size} r{{dst}}"
            rows.append(Row(code, size, form, "unary", f"{name}{size}"))
    return rows


def _jump_rows() -> list[Row]:
    rows: list[Row] = []
    for group, bits, r in ((JMP, 64, "r"), (JMP32, 32, "w")):
        for op, name, sign in _COMPARISONS:
            test, go = f"if {r}{{dst}} {sign} ", " goto pc{off:+d}"
            rows.append(Row(group | op | K, 0, f"{test}{{hex:#x}}{go}", "jump", name, "imm", bits))
            rows.append(Row(group | op | X, 0, f"{test}{r}{{src}}{go}", "jump", name, "reg", bits))
    return [
        *rows,
        Row(JMP | JA, 0, "goto pc{off:+d}", "ja", bits=16),
        Row(JMP32 | JA, 0, "gotol pc{imm:+d}", "ja", bits=32),
        Row(JMP | CALL, 0, "call {name}#{imm}", "call"),
        Row(JMP | CALL, 1, "call pc{imm:+d}", "local"),
        Row(JMP | CALL, 2, "call kernel-function#{imm}", "kernel"),
        Row(JMP | EXIT, 0, "exit", "exit"),
    ]


def _memory_rows() -> list[Row]:
    rows: list[Row] = [
        Row(LDDW, 0, "r{dst} = {wide:#x}", "wide"),
        *(Row(LDDW, variant, f"r{{dst}} = {form}", "object") for variant, form in _OBJECTS),
    ]
    for mode, width in _SIZES:
        bits = width * 8
        source, place = "(r{src} {off:+d})", f"*(u{bits} *)(r{{dst}} {{off:+d}})"
        rows += [
            Row(LDX | mode | MEM, 0, f"r{{dst}} = *(u{bits} *){source}", "load", size=width),
            Row(ST | mode | MEM, 0, f"{place} = {{imm}}", "store", "", "imm", size=width),
            Row(STX | mode | MEM, 0, f"{place} = r{{src}}", "store", "", "reg", size=width),
        ]
        if width < 8:
            form = f"r{{dst}} = *(s{bits} *){source}"
            rows.append(Row(LDX | mode | MEMSX, 0, form, "loadsx", size=width))
            skb = f"r0 = *(u{bits} *)skb"
            rows.append(Row(LD | mode | ABS, 0, f"{skb}[{{imm}}]", "skb", "", "imm", size=width))
            form = f"{skb}[r{{src}} + {{imm}}]"
            rows.append(Row(LD | mode | IND, 0, form, "skb", "", "reg", size=width))
    return rows


def _atomic_rows() -> list[Row]:
    rows: list[Row] = []
    for mode, width in ((W, 4), (DW, 8)):
        code, bits = STX | mode | ATOMIC, width * 8
        suffix = "64" if width == 8 else ""
        place = f"(u{bits} *)(r{{dst}} {{off:+d}})"

        def row(variant: int, form: str, name: str, code: int = code, width: int = width) -> Row:
            return Row(code, variant, form, "atomic", name, "reg", width * 8, width)

        for op, name, sign in ((ADD, "add", "+="), (OR, "or", "|="), (AND, "and", "&="),
                               (XOR, "xor", "^=")):  # fmt: skip
            rows.append(row(op, f"lock *{place} {sign} r{{src}}", name))
            form = f"r{{src}} = atomic{suffix}_fetch_{name}({place}, r{{src}})"
            rows.append(row(op | FETCH, form, name))
        rows.append(row(XCHG, f"r{{src}} = atomic{suffix}_xchg({place}, r{{src}})", "mov"))
        form = f"r0 = atomic{suffix}_cmpxchg({place}, r0, r{{src}})"
        rows.append(row(CMPXCHG, form, "cmpxchg"))
    return rows


ROWS: dict[tuple[int, int], Row] = {
    (row.code, row.variant): row
    for row in (*_alu_rows(), *_jump_rows(), *_memory_rows(), *_atomic_rows())
}
"""Every instruction that has a meaning, by its code and variant."""


PLACES = {"code": 0, "dst": 1, "src": 2, "off": 3, "imm": 4}
"""Where a field stands in an instruction."""


def _variant_fields() -> dict[int, int]:
    fields: dict[int, int] = {}
    for row in ROWS.values():
        if row.kind == "atomic" or (row.kind == "unary" and row.meaning != "neg"):
            fields[row.code] = PLACES["imm"]
        elif row.kind in {"call", "local", "kernel", "wide", "object"}:
            fields[row.code] = PLACES["src"]
        elif row.kind == "alu" and row.code & 0xF0 in {DIV, MOD, MOV}:
            fields[row.code] = PLACES["off"]
    return fields


VARIANT_FIELD: dict[int, int] = _variant_fields()
"""The field that tells instructions of one code apart, for the codes that have one."""


def row_of(instruction: tuple[int, int, int, int, int]) -> Row | None:
    """Give the row of an instruction, or None where it has no meaning."""
    code = instruction[0]
    field = VARIANT_FIELD.get(code)
    return ROWS.get((code, 0 if field is None else instruction[field]))
