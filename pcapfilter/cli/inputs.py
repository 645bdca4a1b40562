"""The captures to read: of -r and of -V's list, with patterns and folders filled in."""

from os import listdir, path

from pcapfilter.cli.options import CommandLine, UsageError
from pcapfilter.errors import CaptureError

PATTERN = "*?["
"""What makes a pattern of a name, unless there is a file of that very name."""


def input_names(line: CommandLine) -> list[str]:
    """Give the captures to read, in order; -V's file may have empty lines (tcpdump's may not)."""
    given = line.given.get("r", [])
    if line.last("V") is None:
        names = given
    else:
        if given:
            raise UsageError("-V and -r are mutually exclusive.")
        names = [row for listed in line.given["V"] for row in _rows(listed)]
        if not names:
            raise UsageError(f"Nothing in {line.last('V')}")
    return [found for name in names for found in expanded(name)]


def _rows(listed: str) -> list[str]:
    place = 0 if listed == "-" else listed
    with open(
        place, encoding="utf-8", errors="surrogateescape", newline="\n", closefd=place != 0
    ) as file:
        return [row for row in file.read().split("\n") if row]


def expanded(name: str) -> list[str]:
    """Give the files that a name stands for: those of a pattern or a folder, or itself.

    A pattern that nothing fits stands for itself, as in a shell. Of a folder, the files are taken
    that begin like a capture.
    """
    if "://" in name:
        from pcapfilter.io.place import is_url, path_of

        if not is_url(name):
            return expanded(path_of(name))
        if "*" not in name:
            return [name]
        from pcapfilter.io.remote import matching

        return matching(name) or [name]
    if path.isdir(name):
        return _captures_in(name)
    if not path.exists(name) and any(sign in name for sign in PATTERN):
        from glob import glob

        found = sorted(glob(name, recursive=True))
        return [inside for one in found for inside in expanded(one)] or [name]
    return [name]


def _captures_in(folder: str) -> list[str]:
    from pcapfilter.io.base import begins_like_a_capture

    files = (path.join(folder, name) for name in sorted(listdir(folder)) if name[0] != ".")
    found = [name for name in files if path.isfile(name) and begins_like_a_capture(name)]
    if not found:
        raise CaptureError("no capture is in this folder", name=folder)
    return found
