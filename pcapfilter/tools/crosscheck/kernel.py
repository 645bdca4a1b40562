"""The kernel's verdicts on a program, beside those of the reference machine."""

from collections.abc import Iterator
from typing import NamedTuple

from pcapfilter.bpf import check, isa
from pcapfilter.bpf.program import Program
from pcapfilter.engine import reference
from pcapfilter.errors import ProgramError
from pcapfilter.io.kernel import LONGEST, KernelFilter
from pcapfilter.net.linktype import LinkType
from pcapfilter.tools.prove import Different, Grade, Question, Same, Side, Unknown
from pcapfilter.tools.prove.replay import KERNEL

EACH = 8
"""Packets of each verdict that are sent through."""

_EVERYTHING = Program.of([(isa.RET | isa.K, 0, 0, 1)])
_NOTHING = Program.of([(isa.RET | isa.K, 0, 0, 0)])


class KernelAnswer(NamedTuple):
    """Whether the kernel agrees (None: it cannot be asked, or it is unknown), and what to say."""

    agrees: bool | None
    note: str


def ask_kernel(program: Program, link: LinkType, more: list[bytes], timeout: float) -> KernelAnswer:
    """Prove that the kernel runs a program as libpcap does, and send packets through it as well."""
    try:
        check.check(program)
    except ProgramError as error:
        return KernelAnswer(None, f"the kernel takes no such program: {error}")
    try:
        attached = KernelFilter(program)
    except OSError as error:
        return KernelAnswer(None, f"the kernel refuses the program: {error.strerror}")
    with attached:
        sent = [p for p in [*more, *packets(program, link, timeout)] if len(p) <= LONGEST]
        for packet in sent:
            if attached.selects(packet) != bool(reference.run(program, packet)):
                return _differs(program, packet)
    sides = Side(program), Side(program, KERNEL)
    question = Question(sides, Grade.EVERY, live=False, reach=LONGEST)
    match question.ask(timeout, link.name):
        case Different(witness):
            return _differs(program, witness.packet)
        case Same():
            return KernelAnswer(True, f"the kernel agrees: proved, and seen on {len(sent)} packets")
        case Unknown(reason):
            return KernelAnswer(None, f"the kernel agrees on {len(sent)} packets; {reason}")


def _differs(program: Program, packet: bytes) -> KernelAnswer:
    does = "rejects" if reference.run(program, packet) else "selects"
    return KernelAnswer(False, f"the kernel {does} this packet, unlike libpcap: {packet.hex()}")


def packets(program: Program, link: LinkType, timeout: float) -> Iterator[bytes]:
    """Give packets that the program selects and packets that it rejects, by different ways."""
    for other in (_NOTHING, _EVERYTHING):
        question = Question((Side(program), Side(other)), Grade.COMPLETE, live=False)
        for _ in range(EACH):
            found = question.ask(timeout, link.name)
            if not isinstance(found, Different):
                break
            yield found.witness.packet
