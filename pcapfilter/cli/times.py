"""Times on the command line: ISO 8601 dates with or without a time, or seconds since 1970."""

import re

from pcapfilter.cli.options import CommandLine, UsageError
from pcapfilter.filter import native
from pcapfilter.io.window import Window

SECONDS = re.compile(r"(-?)([0-9]{1,99})(?:\.([0-9]{1,9})[0-9]*)?")
NANOSECONDS = re.compile(r"(?<=[0-9][.,][0-9]{6})([0-9]{1,3})[0-9]*")
"""What stands behind the microseconds, of which a datetime knows nothing."""


def window_of(line: CommandLine) -> Window:
    """Give the window of --after and --before."""
    return Window(_time(line, "after"), _time(line, "before"), native)


def _time(line: CommandLine, name: str) -> int | None:
    """Give a flag's time in nanoseconds since 1970; a time without a zone is local."""
    word = line.last(name)
    if word is None:
        return None
    if found := SECONDS.fullmatch(word):
        sign, seconds, part = found.groups(default="")
        return int(f"{sign}{seconds}{part:0<9}")
    from datetime import UTC, datetime, timedelta

    try:
        moment = datetime.fromisoformat(word.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise UsageError(
            f"--{name} wants a time such as 2026-05-01T10:00:00 or 1714557600.5, not {word}"
        ) from None
    rest = NANOSECONDS.search(word)
    microseconds = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    return microseconds * 1000 + (int(f"{rest[1]:0<3}") if rest else 0)
