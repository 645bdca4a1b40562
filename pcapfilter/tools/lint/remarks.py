"""The findings on a Filter, for those who explain what it does: all, or those on one packet."""

from collections.abc import Collection

from pcapfilter.bpf.program import Program
from pcapfilter.engine import reference
from pcapfilter.filter import Filter
from pcapfilter.tools.lint.finding import Finding
from pcapfilter.tools.lint.rules import apply
from pcapfilter.tools.lint.subject import Subject

BRIEF = 1.0
"""Seconds that proofs may take where lint is not what was asked for."""


class Remarks:
    """What lint has to say beside another answer."""

    def __init__(
        self,
        made: Filter,
        timeout: float = BRIEF,
        own: Program | None = None,
        ignore: Collection[str] = (),
    ) -> None:
        """Look at a Filter; FilterError where it is refused for its link type.

        `own` is its program, where that is known already; `ignore` names rules to leave out.
        """
        subject = Subject(made.text, made, timeout, own)
        report = apply(subject, ignore)
        self.findings, self.left_out = report.findings, report.left_out
        self._own = subject.own
        self._others = [
            [p for r in finding.rewritings if (p := subject.program_in_time(r.text)) is not None]
            for finding in self.findings
        ]

    def on(self, packet: bytes, wirelen: int | None = None) -> list[Finding]:
        """Give the findings that bear on a packet: a rewriting would decide otherwise about it."""
        verdict = bool(reference.run(self._own, packet, wirelen))
        return [
            finding
            for finding, programs in zip(self.findings, self._others, strict=True)
            if any(bool(reference.run(p, packet, wirelen)) != verdict for p in programs)
        ]
