"""What lint has to say of the filters that bears on the packets shown."""

from collections.abc import Iterator

from pcapfilter.bpf.program import Program
from pcapfilter.tools.compare.comparison import Comparison
from pcapfilter.tools.compare.inputs import Input
from pcapfilter.tools.lint import Remarks
from pcapfilter.tools.lint.remarks import BRIEF


def bearing(found: Comparison, name: str, called: str) -> Iterator[str]:
    """Give the lines of what bears on the packets shown, of filter A or B if it is a Filter.

    Those are findings that a rewriting would change for one of the packets. Lint takes what was
    left of the time, less what it takes to compile a rewriting.
    """
    given: Input = found.a if name == "A" else found.b
    if given.made is None or not isinstance(given.program, Program) or not found.witnesses:
        return
    patience = min(BRIEF, found.left - given.seconds)
    if patience <= 0:
        yield ""
        yield f"lint was not asked about {called}: no time was left (--timeout)"
        return
    remarks = Remarks(given.made, patience, given.program)
    bearing_on = [remarks.on(witness.packet, witness.wirelen) for witness in found.witnesses]
    told = [finding for finding in remarks.findings if any(finding in on for on in bearing_on)]
    if told:
        yield ""
        yield f"lint says of {called}:"
    for finding in told:
        yield from (f"  {line}" for line in finding.lines(given.made.text))
    for said in remarks.left_out:
        yield f"lint of {called}: {said}"
