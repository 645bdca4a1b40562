"""Classic programs made ready for a live socket: put in place, behind a guard, or for user space.

Where the kernel takes a program, it sees the packet as the socket does: without the outermost VLAN
tag, and on a cooked socket without any link-layer header; it is asked for both as metadata. What it
cannot answer is judged in user space, by a program for packets with that metadata in front.

Source: linux/filter.h (SKF_AD_*); the LINKTYPE_LINUX_SLL and LINKTYPE_LINUX_SLL2 pages of the
registry at tcpdump.org.
"""

from typing import Literal, NamedTuple

from pcapfilter.bpf import isa
from pcapfilter.bpf.check import check
from pcapfilter.bpf.program import Instruction, Program
from pcapfilter.errors import ProgramError
from pcapfilter.packets import MAXIMUM_SNAPLEN

Direction = Literal["in", "out", "inout"]

PROTOCOL, PACKET_TYPE, INTERFACE, HARDWARE = (isa.ANCILLARY_BASE + at for at in (0, 4, 8, 28))
VLAN_TAG, VLAN_TAG_PRESENT = isa.ANCILLARY_BASE + 44, isa.ANCILLARY_BASE + 48

OUTGOING = 4
"""The packet type of what this machine sends."""

LOOPBACK = 772
"""The hardware type of loopback interfaces."""

METADATA: dict[int, int] = {
    # what the kernel is asked -> where in front of the packet the 32-bit answer stands
    PACKET_TYPE: 0,
    INTERFACE: 4,
    VLAN_TAG: 8,
    VLAN_TAG_PRESENT: 12,
}
METADATA_SIZE = 16


class Cooked(NamedTuple):
    """A made-up header: its size, and what the kernel is asked for a load of (place, size)."""

    size: int
    fields: dict[tuple[int, int], int]


COOKED: dict[str, Cooked] = {
    "LINUX_SLL": Cooked(16, {(0, 2): PACKET_TYPE, (14, 2): PROTOCOL}),
    "LINUX_SLL2": Cooked(20, {(0, 2): PROTOCOL, (4, 4): INTERFACE, (10, 1): PACKET_TYPE}),
}

EVERYTHING = Program.of([(isa.RET | isa.K, 0, 0, MAXIMUM_SNAPLEN)])

_LOAD = isa.LD | isa.W | isa.ABS
_EQUAL = isa.JMP | isa.JEQ | isa.K
_CLEAR = (isa.LD | isa.IMM, 0, 0, 0)
_REJECT = (isa.RET | isa.K, 0, 0, 0)


def guard(direction: Direction) -> Program:
    """Give instructions that let packets of one direction pass to what stands behind them.

    What is sent on a loopback interface comes back, so that it is seen twice: of `inout`, only what
    comes back passes there.
    """
    if direction == "inout":
        return Program.of(
            [
                (_LOAD, 0, 0, PACKET_TYPE),
                (_EQUAL, 0, 3, OUTGOING),
                (_LOAD, 0, 0, HARDWARE),
                (_EQUAL, 0, 1, LOOPBACK),
                _REJECT,
                _CLEAR,
            ]
        )
    reject, accept = (0, 1) if direction == "in" else (1, 0)
    return Program.of(
        [(_LOAD, 0, 0, PACKET_TYPE), (_EQUAL, reject, accept, OUTGOING), _REJECT, _CLEAR]
    )


def for_kernel(program: Program, before: Program, cooked: Cooked | None) -> Program:
    """Give the program, behind a guard, as the kernel is to run it.

    ProgramError, which says why, where the kernel cannot judge as the program does.
    """
    if cooked is not None:
        program = Program(_uncooked(pc, step, cooked) for pc, step in enumerate(program))
    made = Program((*before, *program))
    check(made)
    return made


def _uncooked(pc: int, step: Instruction, cooked: Cooked) -> Instruction:
    """A load from a cooked packet, as one from what the kernel has of it."""
    row = isa.ROWS[step.code]
    if row.kind != "load" or (row.mode == "abs" and step.k >= isa.ANCILLARY_BASE):
        return step
    if row.mode in {"abs", "ind", "msh"}:
        if step.k >= cooked.size:
            return step._replace(k=step.k - cooked.size)
        asked = cooked.fields.get((step.k, row.size)) if row.mode == "abs" else None
        if asked is None:
            raise ProgramError(f"no such field as [{step.k}:{row.size}] in the kernel", pc=pc)
        return Instruction(_LOAD, 0, 0, asked)
    if row.mode == "len":
        raise ProgramError("the length in the kernel is that without the cooked header", pc=pc)
    return step


def for_user(program: Program) -> Program:
    """Give the program for packets that have METADATA_SIZE octets of metadata in front of them."""
    return Program(map(_shifted, program))


def _shifted(step: Instruction) -> Instruction:
    row = isa.ROWS[step.code]
    if row.kind != "load" or row.mode not in {"abs", "ind", "msh"}:
        return step
    if row.mode == "abs" and step.k in METADATA:
        return Instruction(_LOAD, 0, 0, METADATA[step.k])
    if step.k + METADATA_SIZE > 0xFFFFFFFF or (row.mode == "abs" and step.k >= isa.ANCILLARY_BASE):
        return Instruction(*_REJECT)  # as a load outside the packet does
    return step._replace(k=step.k + METADATA_SIZE)
