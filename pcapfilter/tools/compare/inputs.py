"""What is compared: an expression, `@FILE` with a listing, a Filter, or a program."""

import re
import sys
import time
from typing import Literal, NamedTuple

from pcapfilter import filter as roof
from pcapfilter.bpf import program as bpf
from pcapfilter.bpf import text as bpf_text
from pcapfilter.ebpf import form
from pcapfilter.ebpf import program as ebpf
from pcapfilter.ebpf import text as ebpf_text
from pcapfilter.engine import reference
from pcapfilter.errors import ProgramError, RejectsAllError
from pcapfilter.net.linktype import LinkType

Given = str | roof.Filter | bpf.Program | ebpf.Program
"""What a filter to compare can be given as."""

_EBPF = re.compile(r"\s*\d+: \([0-9a-f]{2}\) ")
_SOURCE = re.compile(r"[^(]*\(.*\):\s*$")
_CLASSIC = re.compile(r"\s*(?:\(-?\d+\) |\{ *\w|\d+\s*$)")
_REMARK = re.compile(r"^[ \t]*[;#][^\n]*|/\*.*?\*/|(?<![^\s,])//[^\n]*", re.DOTALL | re.MULTILINE)
"""A comment of C, or a line of a script's; after `;`, a line of a program's source."""
_JOINED = re.compile(r"[\s\"']*\d+,(?:\d+ \d+ \d+ \d++[,\s\"']*)+")
"""What `iptables -m bpf --bytecode` takes: the lines of -ddd, joined by commas."""


class Input(NamedTuple):
    """One of the two: how it was given, and its program.

    `live` tells whether loads from 0xfffff000 up ask the kernel: not where it is for a savefile.
    `made` is the Filter, where an expression was given, and `seconds` how long it took to compile.
    """

    text: str
    program: bpf.Program | ebpf.Program
    live: bool = True
    note: str = ""
    made: roof.Filter | None = None
    seconds: float = 0.0

    @property
    def title(self) -> str:
        """How it was given, and what there is to say about that."""
        return f"{self.text or '(everything)'}{f'  ({self.note})' if self.note else ''}"


class How(NamedTuple):
    """How expressions are compiled."""

    link: LinkType
    optimize: bool = True
    netmask: int | None = None
    snaplen: int = 262144
    source: Literal["file", "live"] | None = None


def read(given: Given, how: How) -> Input:
    """Give what is compared; FilterError, ProgramError or OSError where it cannot be."""
    match given:
        case bpf.Program():
            return Input(f"classic program of {_count(given)}", given)
        case ebpf.Program():
            return Input(f"eBPF program of {_count(given)}", given)
        case roof.Filter():
            return _compiled(given, given.options.source != "file")
        case str() if given.startswith("@"):
            return _listed(given[1:])
        case str():
            started = time.monotonic()
            made = roof.compile(
                given,
                link=how.link,
                netmask=how.netmask,
                snaplen=how.snaplen,
                optimize=how.optimize,
                source=how.source,
            )
            found = _compiled(made, how.source != "file")
            return found._replace(seconds=time.monotonic() - started)
        case _:
            raise TypeError(f"not a filter, text or program: {given!r}")


def _compiled(made: roof.Filter, live: bool) -> Input:
    try:
        return Input(made.text, made.program(), live, made=made)
    except RejectsAllError:
        note = "it can match nothing, which the optimiser finds"
        return Input(made.text, bpf.NOTHING, live, note, made)


def _listed(name: str) -> Input:
    if name == "-":
        text = sys.stdin.read()
    else:
        with open(name, encoding="utf-8", errors="replace") as file:
            text = file.read()
    try:
        program = _parsed(text)
        if isinstance(program, bpf.Program):
            reference.machine(program)
        else:
            form.check(program)
    except ProgramError as error:
        raise ProgramError(f"{name}: {error}") from None
    kind = "eBPF" if isinstance(program, ebpf.Program) else "classic"
    return Input(f"@{name}", program, note=f"{kind}, {_count(program)}")


def _parsed(text: str) -> bpf.Program | ebpf.Program:
    """Read a listing; its first line that is not empty tells of what kind it is.

    What bpftool shows of a program's source (names of functions, lines after `;`) is passed over,
    and so are comments.
    """
    text = _REMARK.sub(lambda remark: "\n" * remark[0].count("\n"), text)
    if _JOINED.fullmatch(text):
        text = text.strip(" \t\n\"',").replace(",", "\n")
    lines = ["" if _SOURCE.match(line) else line.strip() for line in text.splitlines()]
    head = next(filter(None, lines), "")
    if not head:
        raise ProgramError("no listing in it")
    if _EBPF.match(head):
        return ebpf_text.parse("\n".join(lines))
    if _CLASSIC.match(head):
        return bpf_text.parse("\n".join(lines))
    raise ProgramError(
        f"neither a listing of tcpdump -d, -dd or -ddd, nor one of eBPF: it begins {head[:40]!r}"
    )


def _count(program: bpf.Program | ebpf.Program) -> str:
    return f"{len(program)} instruction{'s' * (len(program) != 1)}"
