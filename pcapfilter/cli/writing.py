"""Where selected packets are written: what -w, --format, --append, -C, -G and their like mean."""

import time
from os import stat
from stat import S_ISFIFO
from typing import Literal, cast

from pcapfilter.cli.arguments import rotation
from pcapfilter.cli.options import CommandLine, UsageError
from pcapfilter.filter import native
from pcapfilter.io.base import Attachable, Sink, Source
from pcapfilter.io.output import Format, Manner, check_manner, chosen, open_sink


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
    if rotating and line.last("w") == "-":
        raise UsageError("-C and -G want a file's name after -w, not -")
    return manner


def open_output(line: CommandLine, target: str, source: Source, manner: Manner) -> Sink:
    """Open what packets are written to."""
    size, seconds, count = rotation(line)
    if size or seconds:
        from shlex import split

        from pcapfilter.io.rotation import RotatingSink, Rotation

        kind, compress = chosen(target, manner)
        settled = manner._replace(format=manner.format or kind, compress=compress or "none")

        def opened(name: str, before: Sink | None) -> Sink:
            return open_sink(name, source, manner=settled, after=before, native=native)

        naming = Rotation(target, size, seconds, count, tuple(split(line.last("z") or "")))
        live = isinstance(source, Attachable)
        return RotatingSink(naming, opened, time.time if live else None)
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
