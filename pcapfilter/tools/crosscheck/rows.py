"""One filter on one link type: what we and the tcpdump installed make of it."""

from enum import Enum
from itertools import zip_longest
from typing import NamedTuple

from pcapfilter import filter as roof
from pcapfilter.bpf.program import NOTHING, Program
from pcapfilter.bpf.text import listing
from pcapfilter.compiling import Options
from pcapfilter.errors import FilterError, ProgramError, RejectsAllError
from pcapfilter.net.linktype import LinkType
from pcapfilter.tools.compare import Comparison, NoSolverError, compare
from pcapfilter.tools.crosscheck.tcpdump import (
    RefusalError,
    Tcpdump,
    TroubleError,
    UnknownLinkError,
)

_REJECTS_ALL = "expression rejects all packets"


class Outcome(Enum):
    """What came of one filter on one link type."""

    IDENTICAL = "identical"
    SAME = "same verdicts, proved"
    REFUSED = "refused by both"
    SKIPPED = "link type unknown to tcpdump"
    DIFFERENT = "different"
    UNKNOWN = "unknown"

    @property
    def is_compared(self) -> bool:
        """Tell whether there was a program on one side at least."""
        return self not in {Outcome.REFUSED, Outcome.SKIPPED}


class Verdict(Enum):
    """What came of asking the kernel about a program."""

    AGREES = "agrees"
    DIFFERS = "differs"
    REFUSES = "refuses"
    UNKNOWN = "is not known to agree"


class Finding(NamedTuple):
    """The outcome, what there is to say about it, and the comparison where one was made.

    `ours` is our program, None where we refuse the filter.
    """

    text: str
    link: LinkType
    outcome: Outcome
    note: str = ""
    ours: Program | None = None
    theirs: Program | None = None
    comparison: Comparison | None = None


def check(
    text: str,
    link: LinkType,
    tcpdump: Tcpdump,
    *,
    optimize: bool = True,
    strict: bool = False,
    timeout: float = 30.0,
) -> Finding:
    """Compare what we and tcpdump compile of a filter for a link type."""
    try:
        theirs = _theirs(text, link, tcpdump, optimize, timeout)
    except UnknownLinkError as error:
        return Finding(text, link, Outcome.SKIPPED, str(error))
    except TroubleError as error:
        return Finding(text, link, Outcome.UNKNOWN, str(error))
    made = roof.Filter(text, Options(link, netmask=0, optimize=optimize))
    ours = _ours(made)
    match ours, theirs:
        case str(), str():
            note = ours if ours == theirs else f"pcapfilter: {ours}; tcpdump: {theirs}"
            return Finding(text, link, Outcome.REFUSED, note)
        case str(), Program():
            note = f"pcapfilter refuses it: {ours}"
            return Finding(text, link, Outcome.DIFFERENT, note, None, theirs)
        case Program(), str():
            note = f"tcpdump refuses it: {theirs}"
            return Finding(text, link, Outcome.DIFFERENT, note, ours)
        case Program(), Program():
            found = Finding(text, link, Outcome.IDENTICAL, "", ours, theirs)
            return found if ours == theirs else _proved(found, made, tcpdump, strict, timeout)
    raise AssertionError


def _ours(made: roof.Filter) -> Program | str:
    """Give our program, or the first line of the refusal."""
    try:
        return made.program()
    except RejectsAllError:
        return NOTHING
    except FilterError as error:
        return error.message


def _theirs(
    text: str, link: LinkType, tcpdump: Tcpdump, optimize: bool, timeout: float
) -> Program | str:
    """Give tcpdump's program, or its refusal."""
    try:
        return tcpdump.compile(text, link.name, optimize=optimize, timeout=timeout)
    except RefusalError as refusal:
        return NOTHING if str(refusal) == _REJECTS_ALL else str(refusal)


def _proved(
    found: Finding, made: roof.Filter, tcpdump: Tcpdump, strict: bool, timeout: float
) -> Finding:
    """Find out what two programs that differ come to."""
    assert found.theirs is not None
    try:
        comparison = compare(made, found.theirs, strict=strict, timeout=timeout)
    except (NoSolverError, ProgramError) as error:
        return found._replace(outcome=Outcome.UNKNOWN, note=f"the listings differ, and {error}")
    outcome = {True: Outcome.SAME, False: Outcome.DIFFERENT, None: Outcome.UNKNOWN}[comparison.same]
    note = ""
    if outcome is Outcome.DIFFERENT:
        note = _arbitrated(found, comparison, tcpdump, timeout)
    elif outcome is Outcome.UNKNOWN:
        note = "the listings differ, and the time did not suffice for a proof"
    return found._replace(outcome=outcome, note=note, comparison=comparison)


def _arbitrated(found: Finding, comparison: Comparison, tcpdump: Tcpdump, timeout: float) -> str:
    """Say with whom tcpdump's unoptimised program sides on the packet."""
    from pcapfilter.tools.prove import Side

    try:
        plain = _theirs(found.text, found.link, tcpdump, False, timeout)
    except TroubleError as error:
        return str(error)
    if isinstance(plain, str) or plain == found.theirs:
        return ""
    packet, wirelen, ours_selects, answers, _ = comparison.witnesses[0]
    verdict, _ = Side(plain).judge(packet, wirelen, answers)
    sides = "pcapfilter" if verdict == ours_selects else "its own optimised one"
    return f"on this packet, tcpdump's unoptimised program (-O) agrees with {sides}"


def side_by_side(ours: Program, theirs: Program) -> list[str]:
    """Give both listings in two columns, with a mark between lines that differ."""
    left, right = (listing(program).expandtabs().splitlines() for program in (ours, theirs))
    width = max(map(len, [*left, "pcapfilter"]))
    rows = [f"{'pcapfilter':<{width}}    tcpdump"]
    for a, b in zip_longest(left, right, fillvalue=""):
        rows.append(f"{a:<{width}}  {' ' if a == b else '|'} {b}".rstrip())
    return rows
