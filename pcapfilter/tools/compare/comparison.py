"""Two filters, compared in both grades."""

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal, NamedTuple

from pcapfilter.errors import PcapFilterError, ProgramError
from pcapfilter.filter import Filter, Link
from pcapfilter.net.linktype import LinkType, resolve
from pcapfilter.packets import MAXIMUM_SNAPLEN
from pcapfilter.tools.compare.inputs import Given, How, Input, read

if TYPE_CHECKING:
    from pcapfilter.tools.prove import Answer, Side, Witness

HOSTS = ("user", "socket", "tc", "xdp")
"""The hosts of eBPF programs."""

INSTALL = "pip install 'pcapfilter-engine[prove]'"


class NoSolverError(PcapFilterError):
    """Z3 is not installed."""


class Comparison(NamedTuple):
    """What came of comparing two filters.

    `complete` is the answer on packets on which no load fails, `every` the one on every packet;
    `strict` tells that the latter decides. `witnesses` are packets that one of the two selects and
    the other does not. `only` is the filter, "A" or "B", that alone was to select them. `left` is
    what was not used of the time, in seconds.
    """

    a: Input
    b: Input
    sides: "tuple[Side, Side]"
    link: LinkType
    complete: "Answer"
    every: "Answer"
    strict: bool
    only: str | None
    witnesses: "tuple[Witness, ...]"
    left: float

    @property
    def answer(self) -> "Answer":
        """The answer that decides."""
        return self.every if self.strict else self.complete

    @property
    def same(self) -> bool | None:
        """Whether they select the same packets; None where that is unknown."""
        from pcapfilter.tools.prove import Different, Same

        if isinstance(self.answer, Same):
            return True
        return False if isinstance(self.answer, Different) else None

    def __bool__(self) -> bool:
        """Tell whether it is proved that they select the same packets."""
        return self.same is True

    def __str__(self) -> str:
        """Give the answer in words, with the packets explained."""
        from pcapfilter.tools.compare.report import report

        return "\n".join(report(self))


def compare(
    a: Given,
    b: Given,
    *,
    link: Link | None = None,
    netmask: int | None = None,
    snaplen: int = MAXIMUM_SNAPLEN,
    optimize: bool = True,
    source: Literal["file", "live"] | None = None,
    strict: bool = False,
    only: Literal["A", "B"] | None = None,
    count: int = 1,
    timeout: float = 30.0,
    turns: int = 4,
    host: str | None = None,
) -> Comparison:
    """Prove that two filters select the same packets, or give up to `count` that show otherwise.

    Each is a text, `@FILE` with a listing (tcpdump -d, -dd, -ddd, or eBPF), a Filter or a program;
    texts are compiled as by `compile`, for the link type of the other one if that is a Filter and
    `link` says nothing. `host` is that of eBPF programs (user, socket, tc or xdp;
    None: found out). Loops are followed for `turns` backward jumps. `timeout` is in seconds, and
    compiling takes none of them.
    FilterError, ProgramError and OSError as the inputs deserve; NoSolverError where Z3 is missing;
    ValueError where an option is none.
    """
    if only not in (None, "A", "B"):
        raise ValueError(f"only must be None, 'A' or 'B', not {only!r}")
    if host is not None and host not in HOSTS:
        raise ValueError(f"host must be None or one of {', '.join(HOSTS)}, not {host!r}")
    for name, number in (("count", count), ("turns", turns)):
        if number < 0:
            raise ValueError(f"{name} must be at least 0, not {number}")
    row = next((f.options.link for f in (a, b) if isinstance(f, Filter)), resolve("EN10MB"))
    if link is not None:
        row = resolve(link)
    how = How(row, optimize, netmask, snaplen, source)
    first, second = read(a, how), read(b, how)
    try:
        from pcapfilter.tools.prove import Different, Grade, Question
    except ImportError as error:
        if error.name not in {"z3", None}:
            raise
        raise NoSolverError(f"comparing filters needs Z3: {INSTALL}") from None
    sides = _side(first, host), _side(second, host)
    which = None if only is None else "AB".index(only)
    deadline = time.monotonic() + timeout
    questions: dict[Grade, Question] = {}

    def ask(grade: Grade, share: float = 1.0) -> "Answer":
        left = deadline - time.monotonic()
        if grade not in questions:
            questions[grade] = Question(
                sides, grade, only=which, turns=turns, live=first.live or second.live
            )
        return questions[grade].ask(left * share, row.name, left * (1 - share))

    complete = ask(Grade.COMPLETE, 0.5)
    # What differs on a complete packet differs on every packet.
    every = complete if isinstance(complete, Different) else ask(Grade.EVERY)
    shown = Grade.COMPLETE if isinstance(complete, Different) else Grade.EVERY

    def witnesses() -> "Iterator[Witness]":
        found = every
        for number in range(1, count + 1):
            if not isinstance(found, Different):
                return
            yield found.witness
            if number < count:
                found = ask(shown)

    shown_ones = tuple(witnesses())
    left = deadline - time.monotonic()
    return Comparison(
        first, second, sides, row, complete, every, strict, only, shown_ones, left
    )  # fmt: skip


def _side(given: Input, host: str | None) -> "Side":
    """Give what the prover takes; for eBPF, of the host named or the first that it makes sense on.

    ProgramError where it makes sense on none.
    """
    from pcapfilter.ebpf import isa
    from pcapfilter.ebpf import program as ebpf
    from pcapfilter.tools.prove import Side, follows
    from pcapfilter.tools.prove.hosts import WORLDS

    if not isinstance(given.program, ebpf.Program):
        return Side(given.program)
    hosts = [*WORLDS] if host is None else [host]
    if host is None and any((row := isa.row_of(i)) and row.kind == "skb" for i in given.program):
        hosts = ["socket"]
    faults: dict[str, list[str]] = {}
    for name in hosts:
        side = Side(given.program, name)
        try:
            follows(side)
        except ProgramError as error:
            faults.setdefault(str(error), []).append(name)
        else:
            return side
    told = (f"on host {', '.join(names)}: {fault}" for fault, names in faults.items())
    raise ProgramError(f"{given.text.removeprefix('@')}: {'; '.join(told)}")
