"""A program's listing with the field and the part of the text beside each instruction."""

from typing import NamedTuple

from pcapfilter.bpf import isa
from pcapfilter.bpf.program import Instruction
from pcapfilter.bpf.text import line
from pcapfilter.net.address import format_v4
from pcapfilter.tools.fields import called
from pcapfilter.tools.provenance import Origin, Provenance
from pcapfilter.tools.provenance.values import Value

SIGNS = {"jeq": "=", "jgt": ">", "jge": ">=", "jset": "&"}
LONGEST = 50
"""How much is shown of a computation."""


class Row(NamedTuple):
    """One instruction: as `tcpdump -d` prints it, what it is about, where in the text it is from.

    `origin` is canonical text, and is empty for what belongs to the link layer or the verdict.
    """

    listing: str
    about: str
    origin: str


def rows(found: Provenance) -> tuple[Row, ...]:
    """Give a row for each instruction."""
    return tuple(
        Row(line(instruction, pc).expandtabs(), about(instruction, origin), found.said(pc))
        for pc, (instruction, origin) in enumerate(zip(found.program, found.origins, strict=True))
    )


def about(instruction: Instruction, origin: Origin) -> str:
    """Say what an instruction reads, asks or decides; nothing of those that only compute."""
    row = isa.ROWS[instruction.code]
    if row.kind == "ret":
        return "reject" if row.mode == "k" and not instruction.k else "accept"
    if row.mode == "msh":
        return "IPv4 header length"
    if origin.field is not None:
        return origin.field.name
    if origin.asked is None:
        return ""
    value, asks, wanted = origin.asked
    if value.constant is not None:
        return ""
    if value.field is None or row.mode == "x":
        left = _cut(value.text)
        if origin.asked.frameless:
            return "no frame in the Geneve tunnel?"
        if row.mode == "x" and value.text == wanted.text:
            return ""
        if row.mode == "x":
            return f"{left} {SIGNS[row.meaning]} {_cut(wanted.text)}?"
        if row.meaning == asks != "jset":
            return f"{left} {SIGNS[asks]} {_number(instruction.k, value.text)}?"
        return f"{left} not 0?" if asks == "jeq" else f"{left} & {instruction.k:#x} not 0?"
    network = _network(value, instruction.k) if row.meaning == "jeq" else ""
    if network:
        return network
    if row.meaning == "jset":
        if value.field.bits == 1:
            return f"{value.text} set?"
        whole = (1 << value.field.bits) - 1 << value.shift
        return f"{value.text} not 0?" if instruction.k == whole else f"{value.text}?"
    if instruction.k & (1 << value.shift) - 1:  # bits that the field has not where it stands
        return f"{value.text} << {value.shift} {SIGNS[row.meaning]} {instruction.k:#x}?"
    return f"{value.text} {SIGNS[row.meaning]} {value.field.written(instruction.k >> value.shift)}?"


def _network(value: Value, wanted: int) -> str:
    """Ask whether a masked IPv4 address lies in a network; nothing where it is something else."""
    bits = value.field
    if bits is None or bits.field is None or bits.field.form != "ip4" or not value.shift:
        return ""
    if bits.at != bits.field.at or bits.whole or wanted & (1 << value.shift) - 1:
        return ""
    inner = "inner " * bits.name.startswith("inner ")
    name = f"{inner}{called(bits.header, bits.field)}"
    headers = [other.partition(" ")[0] for other in bits.others]
    if headers:
        name = f"{' or '.join(headers)} {name.partition(' ')[2]}"
    return f"{name} within {format_v4(wanted, 32)}/{bits.bits}?"


def _cut(text: str) -> str:
    return f"{text[:LONGEST]}..." if len(text) > LONGEST else text


def _number(value: int, beside: str) -> str:
    """Give a number that a computation is compared with: as one of bits, or a plain one."""
    return hex(value) if value > 9 and any(sign in beside for sign in "&|^") else str(value)
