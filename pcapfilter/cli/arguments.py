"""What flags take: looked at before anything is done, also where it would be of no use."""

import re
from typing import Literal, NamedTuple

from pcapfilter.cli.options import CommandLine, UsageError
from pcapfilter.packets import MAXIMUM_SNAPLEN

MOST = 2**31 - 1
"""The highest count, of packets, files or seconds."""

MOST_OCTETS = 2**63 - 1
"""The greatest size of a file."""

KIB = 1024


class Bounds(NamedTuple):
    """What a flag's number is called, and between which it must be."""

    what: str
    least: int
    most: int


NUMBERS = {
    # flag -> its number
    "c": Bounds("packet count", 1, MOST),
    "skip": Bounds("skip count", 0, MOST),
    "s": Bounds("snaplen", 0, MAXIMUM_SNAPLEN),
    "B": Bounds("packet buffer size", 1, MOST // KIB),
    "workers": Bounds("worker count", 1, 256),
}

DIRECTIONS = ("in", "out", "inout")

C_NUMBER = re.compile(r"[ \t-\r]*([+-]?)(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]{0,99})")
DECIMAL = re.compile(r"[ \t-\r]*([+-]?)([0-9]{1,99})")
"""What strtol(3) takes whole: numbers of base 16, 8 or 10; and of base 10 alone.

More digits make no number that a flag takes, and int() has a limit to how many it reads.
"""

SIZE = re.compile(r"([0-9]{1,99})([kKmMgG]?)")
COUNT = re.compile(r"[0-9]{1,99}")

UNITS = {"": 1_000_000, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
"""Octets, by what stands after -C's number."""


def check_arguments(line: CommandLine) -> None:
    """Raise UsageError, in tcpdump's words, where a flag was given what it does not take.

    UnsupportedError where -y was given no name of a link type.
    """
    for name in NUMBERS.keys() & line.given.keys():
        for word in line.given[name]:
            _number(name, word)
    if line.times("t") > 5:
        raise UsageError("only -t, -tt, -ttt, -tttt and -ttttt are supported")
    precision(line)
    rotation(line)
    for word in line.given.get("Q", ()):
        if word not in DIRECTIONS:
            raise UsageError(f"unknown capture direction `{word}'")
    if line.times("y"):
        from pcapfilter.net.linktype import by_name

        for word in line.given["y"]:
            by_name(word)
    if line.times("j"):
        from pcapfilter.io.live.stamps import TITLES

        for word in line.given["j"]:
            if word not in TITLES:
                raise UsageError(f"invalid time stamp type {word}")


def number(line: CommandLine, name: str) -> int | None:
    """Give a flag's number; UsageError, in tcpdump's words, where it is none or out of range."""
    word = line.last(name)
    return None if word is None else _number(name, word)


def _number(name: str, word: str) -> int:
    """Read a number as tcpdump does: a snapshot length as C writes numbers, a count as decimal.

    After a count, tcpdump passes over what is no digit: `-c 1k` is 1 there, and refused here.
    """
    what, least, most = NUMBERS[name]
    matched = (C_NUMBER if name == "s" else DECIMAL).fullmatch(word)
    value = least - 1
    if matched is not None:
        sign, digits = matched.groups()
        base = 10 if name != "s" or digits[0] != "0" else 16 if digits[1:2] in {"x", "X"} else 8
        value = int(sign + digits, base)
    if not least <= value <= most:
        bounds = f" (must be >= {least} and <= {most})" if name == "s" else ""
        raise UsageError(f"invalid {what} {word}{bounds}")
    return value


def precision(line: CommandLine) -> Literal["micro", "nano"] | None:
    """Give the precision of times that was asked for last, if any."""
    for word in line.given.get("time-stamp-precision", ()):
        if word not in {"micro", "nano"}:
            raise UsageError(f"unable to parse time stamp precision {word!r} (micro or nano)")
    asked: Literal["micro", "nano"] | None = None
    for name in line.given:  # in the order in which they were given last
        if name == "time-stamp-precision":
            asked = "nano" if line.last(name) == "nano" else "micro"
        elif name in {"micro", "nano"}:
            asked = "nano" if name == "nano" else "micro"
    return asked


def rotation(line: CommandLine) -> tuple[int, int, int]:
    """Give -C's octets, -G's seconds and -W's count; UsageError, in tcpdump's words."""
    size = seconds = count = 0
    for word in line.given.get("C", ()):
        found = SIZE.fullmatch(word)
        size = int(found[1]) * UNITS[found[2].lower()] if found else 0
        if not size or (found and int(found[1]) > MOST_OCTETS):
            raise UsageError(f"invalid file size {word}")
        if size > MOST_OCTETS:
            raise UsageError(f"file size {word} is too large")
    for word in line.given.get("G", ()):
        if not COUNT.fullmatch(word) or int(word) > MOST:
            raise UsageError(f"invalid number of seconds {word}")
        seconds = int(word)
    for word in line.given.get("W", ()):
        count = int(word) if COUNT.fullmatch(word) else 0
        if not 0 < count <= MOST:
            raise UsageError(f"invalid number of output files {word}")
    return size, seconds, count
