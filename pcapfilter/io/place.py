"""The places of captures: paths, URLs, standard files and open ones; which of them are one file."""

from io import RawIOBase, TextIOBase
from os import PathLike, fspath, fstat, stat, stat_result
from stat import S_ISREG
from typing import IO, Any, Literal

from pcapfilter.errors import CaptureError

Place = str | PathLike[str] | IO[bytes] | RawIOBase
"""What a capture is read from or written to: a path, a URL, `-`, or a binary file."""

_NEEDED = {"rb": "readinto", "wb": "write"}
"""What a binary file must be able to do, by the mode."""

LOCAL = "file://"
"""A URL that begins like this is a path, and no more is needed to open it."""

Identity = tuple[int, int] | str
"""Device and number of a regular file, by which two names of it are known to be one file; a URL."""


def refuse_overwriting(place: Place, *inputs: Identity | None) -> None:
    """Raise CaptureError if writing to `place` would overwrite an input."""
    target = identity_at(place, 1)
    if target is not None and target in inputs:
        name = "standard output" if place == "-" else str(getattr(place, "name", place))
        raise CaptureError("is also an input, and would be overwritten", name=name)


def identity_at(place: Place, standard: int) -> Identity | None:
    """Give the identity of the file at a place, where there is one; `-` is a standard file."""
    try:
        if is_url(place):
            return str(place)
        if place == "-":
            return identity_of(fstat(standard))
        if isinstance(place, str | PathLike):
            return identity_of(stat(path_of(place)))  # noqa: PTH116 -- pathlib costs 10 ms to load
        return identity_of(fstat(place.fileno()))
    except (AttributeError, OSError, ValueError):
        return None


def path_of(place: str | PathLike[str]) -> str:
    """Give a path, which may be written as a URL."""
    return fspath(place).removeprefix(LOCAL)


def is_url(place: Place) -> bool:
    """Whether a place is the URL of something that is not in this machine's own folders."""
    return isinstance(place, str) and "://" in place and not place.startswith(LOCAL)


def identity_of(status: stat_result) -> Identity | None:
    """Give the identity of a regular file, and None for anything else."""
    return (status.st_dev, status.st_ino) if S_ISREG(status.st_mode) else None


def size_and_identity(file: Any) -> tuple[int, Identity | None]:
    """Give the size of a regular file, or 0, and its identity, or None."""
    if (found := getattr(file, "identity", None)) is not None:
        return 0, found  # of the compressed file, or a URL
    try:
        status = fstat(file.fileno())
    except (AttributeError, OSError):
        return 0, None
    identity = identity_of(status)
    return (status.st_size if identity else 0), identity


def open_file(place: Place, mode: Literal["rb", "wb"]) -> tuple[Any, str, bool]:
    """Open an unbuffered binary file, the name to call it by, and whether it is ours to close.

    TypeError for what is no place at all.
    """
    if isinstance(place, str) and place == "-":
        return open(0 if mode == "rb" else 1, mode, buffering=0, closefd=False), "-", True
    if is_url(place):
        from pcapfilter.io.remote import Remote

        return Remote(str(place), mode), str(place), True
    if isinstance(place, str | PathLike):
        return open(path_of(place), mode, buffering=0), str(place), True
    if isinstance(place, TextIOBase) or not hasattr(place, _NEEDED[mode]):
        kind = type(place).__name__
        raise TypeError(
            f"a capture is a path as str or Path, a URL, - or a binary file, not {kind}"
        )
    return place, str(getattr(place, "name", "") or "-"), False
