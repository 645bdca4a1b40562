"""The three listings of `tcpdump -d`, `-dd` and `-ddd`: print and read back.

Source of the forms: what tcpdump 4.99 with libpcap 1.10 prints.
"""

import re
from functools import cache

from pcapfilter.bpf import isa
from pcapfilter.bpf.program import Instruction, Program
from pcapfilter.errors import ProgramError

_WORD = 2**32
_LINE = re.compile(
    r"\((?P<pc>-?\d+)\)\s+(?P<mnemonic>\w+)\s*(?P<operand>.*?)"
    r"(?:\s+jt\s+(?P<jt>\d+)\s+jf\s+(?P<jf>\d+))?\s*"
)
_LONGEST = 1000
"""Characters of a line, at most: int() reads no number of more digits than some thousand."""
_INITIALIZER = re.compile(r"\{\s*(\w+)\s*,\s*(\w+)\s*,\s*(\w+)\s*,\s*(\w+)\s*\}\s*,?")
_LIMITS = (0xFFFF, 0xFF, 0xFF, 0xFFFFFFFF)


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
    elif row.mode == "abs" and k in isa.ANCILLARY:
        mnemonic, operand = row.mnemonic, f"[{isa.ANCILLARY[k]}]"
    else:
        mnemonic = row.mnemonic
        number = k if "{k:#x}" in row.operand else isa.signed(k)
        operand = row.operand.format(k=number, to=isa.signed((pc + 1 + k) % _WORD))
    text = f"({pc:03d}) {mnemonic:<8} "
    if isa.is_branch(code):
        return f"{text}{operand:<16} jt {pc + 1 + jt}\tjf {pc + 1 + jf}"
    return text + operand


def parse(text: str) -> Program:
    """Read a listing of any of the three styles; ProgramError names the line at fault.

    What a style does not show (k of an instruction without operand, jt of one that does not
    branch) comes back as 0.
    """
    lines = [(n, row.strip()) for n, row in enumerate(text.splitlines(), 1) if row.strip()]
    if not lines:
        return Program()
    match lines[0][1][0]:
        case "(":
            return Program(_read_line(row, pc, n) for pc, (n, row) in enumerate(lines))
        case "{":
            return Program(_read_initializer(row, n) for n, row in lines)
        case _:
            return _read_numbers(lines)


def _read_numbers(lines: list[tuple[int, str]]) -> Program:
    count, rows = lines[0][1], lines[1:]
    if count != str(len(rows)):
        raise ProgramError(f"line {lines[0][0]}: {count!r} is not the number of lines that follow")
    return Program(_fields(row.split(), n) for n, row in rows)


def _read_initializer(row: str, n: int) -> Instruction:
    found = _INITIALIZER.fullmatch(row)
    if found is None:
        raise ProgramError(f"line {n}: not of the form {{ code, jt, jf, k }},: {row!r}")
    return _fields(list(found.groups()), n)


def _fields(words: list[str], n: int) -> Instruction:
    try:
        code, jt, jf, k = (int(word, 0) for word in words)
    except ValueError:
        raise ProgramError(f"line {n}: not four numbers: {' '.join(words)!r}") from None
    for value, limit in zip((code, jt, jf, k), _LIMITS, strict=True):
        if not 0 <= value <= limit:
            raise ProgramError(f"line {n}: {value} is out of range (0 to {limit})")
    return Instruction(code, jt, jf, k)


def _read_line(row: str, pc: int, n: int) -> Instruction:
    found = _LINE.fullmatch(row) if len(row) <= _LONGEST else None
    if found is None:
        raise ProgramError(f"line {n}: not an instruction: {row!r}")
    if int(found["pc"]) != pc:
        raise ProgramError(f"line {n}: instruction ({found['pc']}) stands at place {pc}")
    code, k = _operand(found["mnemonic"], found["operand"], pc, n)
    if isa.is_branch(code) != (found["jt"] is not None):
        raise ProgramError(f"line {n}: jt and jf belong to a conditional jump: {row!r}")
    if found["jt"] is None:
        return Instruction(code, 0, 0, k)
    jt, jf = int(found["jt"]) - pc - 1, int(found["jf"]) - pc - 1
    return _fields([str(code), str(jt), str(jf), str(k)], n)


def _operand(mnemonic: str, operand: str, pc: int, n: int) -> tuple[int, int]:
    """Give the code and k that a mnemonic and operand stand for."""
    if mnemonic == "unimp" and re.fullmatch(r"0x[0-9a-f]{1,4}", operand):
        return int(operand, 16), 0
    forms = _forms().get(mnemonic)
    if forms is None:
        raise ProgramError(f"line {n}: no such instruction: {mnemonic!r}")
    for form, row in forms:
        found = form.fullmatch(operand)
        if found is None:
            continue
        named = found.groupdict()
        if named.get("name"):
            return row.code, next(k for k, name in isa.ANCILLARY.items() if name == named["name"])
        if named.get("to"):
            return row.code, (_word(named["to"], n) - pc - 1) % _WORD
        return row.code, _word(named.get("k") or "0", n)
    raise ProgramError(f"line {n}: {mnemonic} does not take {operand!r}")


def _word(spelt: str, n: int) -> int:
    """Give the 32 bits of a number that is written with a sign or without."""
    value = int(spelt, 0)
    if not -_WORD // 2 <= value < _WORD:
        raise ProgramError(f"line {n}: {value} does not fit into 32 bits")
    return value % _WORD


@cache
def _forms() -> dict[str, list[tuple[re.Pattern[str], isa.Row]]]:
    """The operand template of each row turned round, by mnemonic."""
    forms: dict[str, list[tuple[re.Pattern[str], isa.Row]]] = {}
    number = r"(?P<k>-?(?:0x[0-9a-f]+|\d+))"
    names = "|".join(isa.ANCILLARY.values())
    for row in isa.ROWS.values():
        shape = re.escape(row.operand.replace("{k:#x}", "{k}"))
        shape = shape.replace(r"\{to\}", r"(?P<to>-?\d+)").replace(r"\{k\}", number)
        if row.mode == "abs":
            shape += rf"|\[(?P<name>{names})\]"
        forms.setdefault(row.mnemonic, []).append((re.compile(shape), row))
    return forms
