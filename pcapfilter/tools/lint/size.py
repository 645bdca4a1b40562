"""Programs that the places where filters are put would not take."""

from collections.abc import Iterator

from pcapfilter.bpf import check
from pcapfilter.errors import ProgramError
from pcapfilter.tools.lint.finding import Finding, Rewriting
from pcapfilter.tools.lint.shorter import shorter
from pcapfilter.tools.lint.subject import Subject
from pcapfilter.tools.lint.tree import spelled

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
            _rewritings(subject),
        )  # fmt: skip


def firewall(subject: Subject) -> Iterator[Finding]:
    """Find programs too long for iptables' bpf match."""
    length = len(subject.own)
    if XT_BPF < length <= check.LONGEST:
        yield Finding(
            "xt_bpf", "note", subject.expr.span,
            f"{length} instructions are more than the {XT_BPF} that iptables -m bpf takes",
            _rewritings(subject),
        )  # fmt: skip


def _rewritings(subject: Subject) -> tuple[Rewriting, ...]:
    """Give a text with a shorter program, if one is found."""
    if subject.large:
        return ()
    text = spelled(shorter(subject.expr), subject.text)
    program = subject.program(text)
    if program is None or len(program) >= len(subject.own):
        return ()
    count = f"{len(program)} instruction{'s' * (len(program) != 1)}"
    return (subject.rewriting(text, f"shorter, with {count}"),)
