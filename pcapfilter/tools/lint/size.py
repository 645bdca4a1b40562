"""Programs that the places where filters are put would not take."""

from collections.abc import Iterator

from pcapfilter.bpf import check
from pcapfilter.errors import ProgramError
from pcapfilter.tools.lint.finding import Finding
from pcapfilter.tools.lint.subject import Subject

XT_BPF = 64
"""Instructions in a program for the firewall's bpf match (XT_BPF_MAX_NUM_INSTR)."""


def kernel(subject: Subject) -> Iterator[Finding]:
    """Find programs that the kernel refuses for a socket: too long, or with a loop."""
    try:
        check.check(subject.own)
    except ProgramError as error:
        yield Finding(
            "kernel", "warning", subject.expr.span,
            f"the kernel refuses this program for a socket: {error.message}",
        )  # fmt: skip


def firewall(subject: Subject) -> Iterator[Finding]:
    """Find programs too long for iptables' bpf match."""
    length = len(subject.own)
    if XT_BPF < length <= check.LONGEST:
        yield Finding(
            "xt_bpf", "note", subject.expr.span,
            f"{length} instructions are more than the {XT_BPF} that iptables -m bpf takes",
        )  # fmt: skip
