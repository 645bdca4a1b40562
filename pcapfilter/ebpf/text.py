"""The listing of an eBPF program, in the style of `bpftool prog dump xlated`: print and read back.

0: (b4) w0 = 0
1: (05) goto pc+0
2: (95) exit
"""

import re
from functools import cache

from pcapfilter.ebpf import form, isa
from pcapfilter.ebpf.alu import signed
from pcapfilter.ebpf.functions import name_of
from pcapfilter.ebpf.program import Instruction, Program
from pcapfilter.errors import ProgramError

_LINE = re.compile(r"(\d+): \(([0-9a-f]{2})\) (.*)")
_LONGEST = 1000
"""Characters of a line, at most: int() reads no number of more digits than some thousand."""
_HALF, _WORD = range(-(1 << 15), 1 << 15), range(-(1 << 31), 1 << 31)
_EITHER = range(-(1 << 31), 1 << 32)
_NUMBERS: dict[str, range] = {
    # number in a listing -> what there is room for; some are written with a sign or without
    "dst": range(16), "src": range(16), "off": _HALF, "imm": _EITHER, "hex": _EITHER,
    "wide": range(1 << 64), "next": _WORD,
}  # fmt: skip


def listing(program: Program) -> str:
    """Give the program a line per instruction; a 64-bit load is one line and counts for two."""
    lines: list[str] = []
    pc = 0
    while pc < len(program):
        lines.append(line(program, pc))
        pc += 2 if _wide(program, pc) and _known(program, pc) is not None else 1
    return "\n".join(lines)


def line(program: Program, pc: int) -> str:
    """Give the instruction at place `pc`, as `unknown` where a listing would not hold all of it."""
    instruction = program[pc]
    row = _known(program, pc)
    if row is None:
        words = " ".join(str(number) for number in instruction[1:])
        return f"{pc:4d}: ({instruction.code:02x}) unknown {words}"
    upper = program[pc + 1].imm if _wide(program, pc) else 0
    word = instruction.imm & 0xFFFFFFFF
    text = row.form.format(
        dst=instruction.dst,
        src=instruction.src,
        off=instruction.off,
        imm=instruction.imm,
        hex=word,
        next=upper,
        name=name_of(instruction.imm) if row.kind == "call" else "",
        wide=(upper & 0xFFFFFFFF) << 32 | word,
    )
    return f"{pc:4d}: ({instruction.code:02x}) {text}"


def _wide(program: Program, pc: int) -> bool:
    return program[pc].code == isa.LDDW


def _known(program: Program, pc: int) -> isa.Row | None:
    """The row of an instruction, unless it has more in its fields than the form shows."""
    row = isa.row_of(program[pc])
    if row is None or form.surplus(row, program, pc):
        return None
    return row


def parse(text: str) -> Program:
    """Read a listing; ProgramError names the line at fault."""
    slots: list[Instruction] = []
    for n, row in enumerate(text.splitlines(), 1):
        if not row.strip():
            continue
        found = _LINE.fullmatch(row.strip()) if len(row) <= _LONGEST else None
        if found is None:
            raise ProgramError(f"line {n}: not an instruction: {row.strip()!r}")
        if int(found[1]) != len(slots):
            raise ProgramError(f"line {n}: instruction {found[1]} stands at place {len(slots)}")
        slots.extend(_read(int(found[2], 16), found[3].strip(), n))
    return Program(slots)


def _read(code: int, form: str, n: int) -> list[Instruction]:
    if form.startswith("unknown "):
        numbers = re.fullmatch(r"unknown (\d+) (\d+) (-?\d+) (-?\d+)", form)
        if numbers is None:
            raise ProgramError(f"line {n}: not four numbers: {form!r}")
        fields = list(map(int, numbers.groups()))
        _check(dict(zip(("dst", "src", "off", "next"), fields, strict=True)), n)
        return [Instruction(code, *fields)]
    for pattern, row in _forms().get(code, []):
        found = pattern.fullmatch(form)
        if found is None:
            continue
        values = {name: int(number, 0) for name, number in found.groupdict().items()}
        _check(values, n)
        wide = values.get("wide", 0)
        imm = signed(values.get("hex", values.get("imm", wide)), 32)
        fields = [code, values.get("dst", 0), values.get("src", 0), values.get("off", 0), imm]
        if code in isa.VARIANT_FIELD:
            fields[isa.VARIANT_FIELD[code]] = row.variant
        first = Instruction(*fields)
        if row.code == isa.LDDW:
            return [first, Instruction(0, 0, 0, 0, values.get("next", signed(wide >> 32, 32)))]
        return [first]
    raise ProgramError(f"line {n}: code {code:02x} is not written {form!r}")


def _check(values: dict[str, int], n: int) -> None:
    """Refuse numbers that there is no room for."""
    for name, value in values.items():
        if value not in _NUMBERS[name]:
            raise ProgramError(f"line {n}: {value} does not fit into its field")


@cache
def _forms() -> dict[int, list[tuple[re.Pattern[str], isa.Row]]]:
    """Turn the templates of the rows into patterns, by code."""
    forms: dict[int, list[tuple[re.Pattern[str], isa.Row]]] = {}
    for row in isa.ROWS.values():
        shape = re.sub(r"(\\{\w+):[^}]*(\\})", r"\1\2", re.escape(row.form))
        for name in _NUMBERS:
            field, again = r"\{" + name + r"\}", rf"(?P={name})"
            shape = shape.replace(field, rf"(?P<{name}>[+-]?(?:0x[0-9a-f]+|\d+))", 1)
            shape = shape.replace(field, again)
        shape = shape.replace(r"\{name\}", r"\w*")
        forms.setdefault(row.code, []).append((re.compile(shape), row))
    return forms
