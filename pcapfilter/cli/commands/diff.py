"""`pcapfilter diff A B`: whether two filters select the same packets.

The exit code is that of diff(1): 0 the same, 1 different, 2 trouble, or unknown.
"""

import re
import sys
from typing import Literal, cast

from pcapfilter.cli.asked import command_line, seconds
from pcapfilter.cli.options import CommandLine, Flag, UsageError

FLAGS = (
    Flag("y", "linktype", "NAME", "the link type that both are compiled for (EN10MB)"),
    Flag("O", "no-optimize", "", "do not optimise the programs"),
    Flag("w", "", "FILE", "write the packets that show a difference to FILE (- is stdout)"),
    Flag("", "count", "COUNT", "give up to COUNT packets that go different ways (1)"),
    Flag("", "only-in", "A|B", "look for packets that A (or B) alone selects"),
    Flag("", "strict", "", "what holds of every packet decides, cut off ones too"),
    Flag("", "timeout", "SECONDS", "give up the proof, and lint's, after so long (30)"),
    Flag("", "turns", "COUNT", "follow loops for so many turns (4)"),
    Flag("", "host", "NAME", "the host of eBPF listings: user, socket, tc or xdp"),
    Flag("h", "help", "", "print this and stop"),
)
OPERANDS = "A and B are expressions, or @FILE with a listing (-d, -dd, -ddd, or eBPF)."
SAME, DIFFERENT, TROUBLE = 0, 1, 2


def run(words: list[str]) -> int:
    """Compare two filters, print the answer, and give the exit code."""
    line = command_line(words, FLAGS, "diff [option ...] A B", "", OPERANDS)
    if line is None:
        return SAME
    if len(line.operands) != 2:
        raise UsageError(
            f"diff: takes two filters, each as one word (quote it), not {len(line.operands)}"
        )
    only = line.last("only-in")
    if only not in (None, "A", "B"):
        raise UsageError(f"diff: --only-in takes A or B, not {only!r}")
    from pcapfilter.tools.compare.comparison import HOSTS, compare

    host = line.last("host")
    if host not in (None, *HOSTS):
        raise UsageError(f"diff: no such host: {host!r} ({', '.join(HOSTS)})")
    found = compare(
        *line.operands,
        link=line.last("y") or "EN10MB",
        netmask=0,
        optimize=not line.times("O"),
        strict=line.times("strict") > 0,
        only=cast('Literal["A", "B"] | None', only),
        count=_whole(line, "count", 1),
        timeout=seconds(line, "diff"),
        turns=_whole(line, "turns", 4),
        host=host,
    )
    place = line.last("w")
    beside = sys.stderr if place == "-" else None
    print(found, file=beside, flush=True)
    if found.witnesses:
        from pcapfilter.tools.compare.bearing import bearing
        from pcapfilter.tools.compare.report import write

        if place is not None:
            write(found, place)
        for name in "AB":
            for row in bearing(found, name, name):
                print(row, file=beside)
    if found.same is None:
        return TROUBLE
    return SAME if found.same else DIFFERENT


def _whole(line: CommandLine, name: str, usual: int) -> int:
    """Give a flag's whole number, 1 or more."""
    text = line.last(name)
    if text is None:
        return usual
    if not re.fullmatch(r"[0-9]{1,99}", text) or int(text) < 1:
        raise UsageError(f"diff: --{name} takes a number from 1 up, not {text!r}")
    return int(text)
