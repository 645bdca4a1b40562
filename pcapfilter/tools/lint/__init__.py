r"""Findings: what in a filter is likely not meant, with the place, the reason and what to write.

    for found in findings("tcp[13] & 2 = 1"):
        print(*found.lines("tcp[13] & 2 = 1"), sep="\n")

rules.py    the rules as a table             finding.py   Finding and Rewriting
subject.py  a text and what can be proved    tree.py      walks over an Expr, and changes to it
remarks.py  findings beside other answers

What is said to be proved was proved by tools.prove (the extra `prove`). Without it the rules that
need no proof work, and rewritings are not compared.
"""

from collections.abc import Sequence

from pcapfilter import filter as roof
from pcapfilter.tools.lint.finding import Finding, Report, Rewriting
from pcapfilter.tools.lint.remarks import Remarks
from pcapfilter.tools.lint.rules import Rule, apply
from pcapfilter.tools.lint.subject import Subject

__all__ = ["Finding", "Remarks", "Report", "Rewriting", "Rule", "findings", "inspect"]

TIMEOUT = 10.0
"""Seconds after which questions stay open."""


def findings(
    text: str,
    *,
    link: roof.Link = "EN10MB",
    netmask: int | None = None,
    timeout: float = TIMEOUT,
    ignore: Sequence[str] = (),
) -> list[Finding]:
    """Give what there is to say about a text; FilterError where it is refused.

    `timeout` is how many seconds proofs may take; `ignore` names rules to leave out.
    """
    made = roof.compile(text, link=link, netmask=netmask)
    return [*inspect(made, timeout=timeout, ignore=ignore).findings]


def inspect(
    made: roof.Filter, *, timeout: float = TIMEOUT, ignore: Sequence[str] = ()
) -> Report:  # fmt: skip
    """Give what there is to say about a Filter, and what was left open.

    FilterError where it is refused for its link type.
    """
    return apply(Subject(made.text, made, timeout), ignore)
