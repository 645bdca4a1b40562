"""Where selected packets are written: what -w, --format, --append, -C, -G and their like mean."""

import re
import time
from os import stat
from stat import S_ISFIFO
from typing import Literal, cast

from pcapfilter.cli.options import CommandLine, UsageError
from pcapfilter.filter import native
from pcapfilter.io.base import Attachable, Sink, Source
from pcapfilter.io.output import Format, Manner, check_manner, chosen, open_sink

SIZE = re.compile(r"([0-9]+)([kKmMgG]?)")
COUNT = re.compile(r"[0-9]+")

UNITS = {"": 1_000_000, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
"""Octets, by what stands after -C's number."""

MOST_OCTETS, MOST = 2**63 - 1, 2**31 - 1
"""The greatest size of a file, and the greatest number of seconds or of files, as in tcpdump."""


def manner_of(line: CommandLine, precision: Literal["micro", "nano"] | None) -> Manner:
    """Give how captures are to be written; UsageError where there is no such way."""
    rotating = line.times("C") > 0 or line.times("G") > 0
    manner = Manner(
        cast("Format | None", line.last("format")),
        precision,
        line.last("compress"),
        in_place=rotating,
        flushing=line.times("U") > 0,
    )
    try:
        check_manner(manner)
    except ValueError as error:
        raise UsageError(str(error)) from None
    if line.times("append") and (rotating or line.last("w") in {None, "-"}):
        raise UsageError("--append wants a file's name after -w, and neither -C nor -G")
    if rotating:
        _numbers(line)
        if line.last("w") == "-":
            raise UsageError("-C and -G want a file's name after -w, not -")
    return manner


def _numbers(line: CommandLine) -> tuple[int, int, int]:
    """Give -C's octets, -G's seconds and -W's count; UsageError, in tcpdump's words."""
    size = seconds = count = 0
    if (word := line.last("C")) is not None:
        found = SIZE.fullmatch(word)
        size = int(found[1]) * UNITS[found[2].lower()] if found else 0
        if not size or (found and int(found[1]) > MOST_OCTETS):
            raise UsageError(f"invalid file size {word}")
        if size > MOST_OCTETS:
            raise UsageError(f"file size {word} is too large")
    if (word := line.last("G")) is not None:
        if not COUNT.fullmatch(word) or int(word) > MOST:
            raise UsageError(f"invalid number of seconds {word}")
        seconds = int(word)
    if (word := line.last("W")) is not None:
        count = int(word) if COUNT.fullmatch(word) else 0
        if not 0 < count <= MOST:
            raise UsageError(f"invalid number of output files {word}")
    return size, seconds, count


def open_output(line: CommandLine, target: str, source: Source, manner: Manner) -> Sink:
    """Open what packets are written to."""
    size, seconds, count = _numbers(line)
    if size or seconds:
        from shlex import split

        from pcapfilter.io.rotation import RotatingSink, Rotation

        kind, compress = chosen(target, manner)
        settled = manner._replace(format=manner.format or kind, compress=compress or "none")

        def opened(name: str, before: Sink | None) -> Sink:
            return open_sink(name, source, manner=settled, after=before, native=native)

        rotation = Rotation(target, size, seconds, count, tuple(split(line.last("z") or "")))
        live = isinstance(source, Attachable)
        return RotatingSink(rotation, opened, time.time if live else None)
    if line.times("append"):
        from pcapfilter.io.append import open_appended

        return open_appended(target, source, manner=manner, native=native)
    return open_sink(target, source, manner=manner, native=native)


def is_fifo(name: str) -> bool:
    """Whether there is a named pipe, which waits for its reader."""
    try:
        return S_ISFIFO(stat(name).st_mode)  # noqa: PTH116 - os.stat takes any name
    except OSError:
        return False
