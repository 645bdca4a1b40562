"""What lint has to say of the filters that bears on the packets shown."""

from collections.abc import Iterator

from pcapfilter.filter import Filter
from pcapfilter.tools.lint import Remarks
from pcapfilter.tools.prove import Witness

PATIENCE = 3.0
"""Seconds that lint may take for its proofs."""


def bearing(made: Filter, witnesses: tuple[Witness, ...], name: str) -> Iterator[str]:
    """Give the lines of findings on a Filter that a rewriting would change for one of the packets.

    `name` is what the Filter is called.
    """
    remarks = Remarks(made, PATIENCE)
    bearing_on = [remarks.on(witness.packet, witness.wirelen) for witness in witnesses]
    told = [finding for finding in remarks.findings if any(finding in on for on in bearing_on)]
    if told:
        yield ""
        yield f"lint says of {name}:"
    for finding in told:
        yield from (f"  {line}" for line in finding.lines(made.text))
