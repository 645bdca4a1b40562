"""The kernel's verdicts on a program, beside those of the reference machine."""

import time
from collections.abc import Iterator
from errno import ENOMEM
from typing import NamedTuple

from pcapfilter.bpf import check, isa
from pcapfilter.bpf.program import NOTHING, Program
from pcapfilter.engine import reference
from pcapfilter.errors import ProgramError
from pcapfilter.io.kernel import LONGEST, KernelFilter
from pcapfilter.net.linktype import LinkType
from pcapfilter.tools.crosscheck.rows import Verdict
from pcapfilter.tools.prove import Different, Grade, Question, Same, Side, Unknown
from pcapfilter.tools.prove.replay import KERNEL

EACH = 8
"""Packets of each verdict that are sent through."""

_EVERYTHING = Program.of([(isa.RET | isa.K, 0, 0, 1)])


class KernelAnswer(NamedTuple):
    """What came of it, and what there is to say."""

    verdict: Verdict
    note: str


def ask_kernel(program: Program, link: LinkType, more: list[bytes], timeout: float) -> KernelAnswer:
    """Prove that the kernel runs a program as libpcap does, and send packets through it as well.

    All of that takes about `timeout` seconds at the most.
    """
    deadline = time.monotonic() + timeout
    try:
        check.check(program)
    except ProgramError as error:
        return KernelAnswer(Verdict.REFUSES, f"the kernel refuses the program: {error}")
    try:
        attached = KernelFilter(program)
    except OSError as error:
        why = error.strerror
        if error.errno == ENOMEM:
            why = f"{len(program)} instructions take more memory than net.core.optmem_max allows"
        return KernelAnswer(Verdict.REFUSES, f"the kernel refuses the program: {why}")
    with attached:
        halfway = (time.monotonic() + deadline) / 2
        sent = [p for p in [*more, *packets(program, link, halfway)] if len(p) <= LONGEST]
        for packet in sent:
            if attached.selects(packet) != bool(reference.run(program, packet)):
                return _differs(program, packet)
    sides = Side(program), Side(program, KERNEL)
    question = Question(sides, Grade.EVERY, live=False, reach=LONGEST)
    match question.ask(deadline - time.monotonic(), link.name):
        case Different(witness):
            return _differs(program, witness.packet)
        case Same():
            note = f"the kernel agrees: proved, and seen on {_count(sent)}"
            return KernelAnswer(Verdict.AGREES, note)
        case Unknown(reason):
            note = f"the kernel agrees on {_count(sent)}, and nothing is proved: {reason}"
            return KernelAnswer(Verdict.UNKNOWN, note)


def _count(sent: list[bytes]) -> str:
    return f"{len(sent)} packet{'s' * (len(sent) != 1)}"


def _differs(program: Program, packet: bytes) -> KernelAnswer:
    does = "rejects" if reference.run(program, packet) else "selects"
    note = f"the kernel {does} this packet, unlike libpcap: {packet.hex()}"
    return KernelAnswer(Verdict.DIFFERS, note)


def packets(program: Program, link: LinkType, deadline: float) -> Iterator[bytes]:
    """Give packets that the program selects and packets that it rejects, by different ways."""
    for other in (NOTHING, _EVERYTHING):
        question = Question((Side(program), Side(other)), Grade.COMPLETE, live=False)
        for _ in range(EACH):
            found = question.ask(deadline - time.monotonic(), link.name)
            if not isinstance(found, Different):
                break
            yield found.witness.packet
