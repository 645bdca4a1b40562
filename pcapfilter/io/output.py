"""The ways to write a capture: in which format, compressed or not, under which name.

A new or regular file is written under a name of its own in the same folder, and takes its place
when it is closed, so that nobody finds half a capture there. Devices, pipes, and what is to be read
along are written in place.
"""

import os
from collections.abc import Callable
from contextlib import ExitStack
from errno import EACCES, EEXIST, EISDIR, ENOENT, EROFS
from io import FileIO
from stat import S_IMODE, S_ISREG, S_ISVTX
from typing import Any, Literal, NamedTuple

from pcapfilter.io.base import (
    UNITS,
    Native,
    Observed,
    Sink,
    Source,
    plain,
)
from pcapfilter.io.opened import Writer
from pcapfilter.io.place import Place, is_url, open_file, path_of, refuse_overwriting

Format = Literal["pcap", "nanopcap", "pcapng"]
Precision = Literal["micro", "nano"]

FORMATS: tuple[Format, ...] = ("pcap", "nanopcap", "pcapng")

PCAPNG_ENDINGS = (".pcapng", ".ntar")

COMPRESSING = {
    # how a name ends -> by what the file is compressed
    ".gz": "gzip",
    ".bz2": "bzip2",
    ".xz": "xz",
    ".zst": "zstd",
    ".lz4": "lz4",
}

SPECIAL = ("/dev/", "/proc/")
"""Folders whose regular files are somebody's open ones."""

Patch = Callable[[int, bytes], None]
"""Writes some octets over those at a place in a file."""


class Manner(NamedTuple):
    """How captures are written. What is None is told by the name's ending, or by the input.

    `compress` is the name of a compression, or `none`. Where `flushing`, packets can be read as
    soon as they are written; that, and `in_place`, leave no room for a name of its own. `snaplen`
    is the greatest snapshot length to come, for headers that cannot be changed later.
    """

    format: Format | None = None
    precision: Precision | None = None
    compress: str | None = None
    in_place: bool = False
    flushing: bool = False
    snaplen: int = 0


def open_sink(
    place: Place,
    like: Source,
    *,
    manner: Manner | None = None,
    after: Sink | None = None,
    native: Native = plain,
) -> Writer:
    """Open a capture for writing, with the link type, snapshot length and precision of a Source.

    `after` is the Sink of a file that is done with, and goes on in this one.

    CaptureError where that would overwrite what the Source reads.
    """
    manner = manner or Manner()
    refuse_overwriting(place, like.identity)
    form, compress = chosen(place, manner)
    file, name, owned = _open(place, in_place=manner.in_place or manner.flushing)
    with ExitStack() as unusable:
        if owned:
            unusable.callback(getattr(file, "discard", file.close))
        patch = getattr(file, "patch", None)
        if compress:
            from pcapfilter.io.compressed import Packed

            file = Packed(file, compress, name=name, owned=owned, flushing=manner.flushing)
            owned, patch = True, None
        sink = sink_for(
            file, like, form, manner.precision,
            owned=owned, patch=patch, after=after, native=native, snaplen=manner.snaplen,
        )  # fmt: skip
        unusable.pop_all()
        return sink


def sink_for(
    file: Any,
    like: Source,
    form: Format,
    precision: Precision | None,
    *,
    owned: bool,
    patch: Patch | None = None,
    after: Sink | None = None,
    native: Native = plain,
    snaplen: int = 0,
) -> Writer:
    """Give what writes captures of a format to a file.

    Where the header cannot be changed later, it has the snapshot length given, at least.
    """
    unit = UNITS[precision] if precision else like.record.unit
    if form == "pcapng":
        from pcapfilter.io.pcapng_sink import PcapngSink

        asked = UNITS[precision] if precision else None
        before = after if isinstance(after, PcapngSink) else None
        observed = like if isinstance(like, Observed) else None
        return PcapngSink(
            file, unit=asked, owned=owned, patch=patch, after=before, observed=observed,
            native=native,
        )  # fmt: skip
    from pcapfilter.io.pcap import PcapSink

    origin = like.origin
    return PcapSink(
        file, origin.link, origin.snaplen if patch else max(origin.snaplen, snaplen),
        unit=UNITS["nano"] if form == "nanopcap" else unit,
        extension=like.extension, owned=owned, patch=patch, native=native,
    )  # fmt: skip


def chosen(place: Place, manner: Manner) -> tuple[Format, str]:
    """Give the format and the compression for a place."""
    name = "" if place == "-" else str(place) if isinstance(place, str | os.PathLike) else ""
    stem, ending = os.path.splitext(name)
    compress = COMPRESSING.get(ending.lower(), "")
    if compress:
        ending = os.path.splitext(stem)[1]
    if manner.compress is not None:
        compress = "" if manner.compress == "none" else manner.compress
    by_name: Format = "pcapng" if ending.lower() in PCAPNG_ENDINGS else "pcap"
    return manner.format or by_name, compress


def _open(place: Place, *, in_place: bool) -> tuple[Any, str, bool]:
    """A binary file for writing, the name to call it by, and whether it is ours to close."""
    if isinstance(place, str | os.PathLike) and not in_place:
        name = path_of(place)
        draft = None if name == "-" or is_url(name) else Draft.begun(name)
        if draft is not None:
            return draft, name, True
    return open_file(place, "wb")


class Draft:
    """A file that is written under another name in the same folder, and renamed when it is closed.

    What exists under its name until then stays as it is, and gives mode and owner to the new file.
    """

    def __init__(self, name: str, target: str, temporary: str, descriptor: int) -> None:
        self.name, self._target, self._temporary = name, target, temporary
        self._file = FileIO(descriptor, "wb")
        self.write, self.seek = self._file.write, self._file.seek
        self.truncate = self._file.truncate

    @classmethod
    def begun(cls, name: str) -> "Draft | None":
        """Begin a file; None where it has to be written in place. OSError names the file."""
        if not name:
            raise FileNotFoundError(ENOENT, os.strerror(ENOENT), name)
        if name.endswith("/"):
            raise IsADirectoryError(EISDIR, os.strerror(EISDIR), name)
        try:
            before = os.stat(name)
        except FileNotFoundError:
            before = None
        target = os.path.realpath(name)
        if before is not None and (name.startswith(SPECIAL) or not _replaceable(target, before)):
            return None
        folder, base = os.path.split(target)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        number = os.getpid()
        while True:
            temporary = os.path.join(folder, f".{base[:50]}.{number}.part")
            try:
                descriptor = os.open(temporary, flags, 0o666)
                break
            except OSError as error:
                if error.errno == EEXIST:
                    number += 1
                    continue
                if before is not None and error.errno in {EACCES, EROFS}:
                    return None
                raise OSError(error.errno, error.strerror, name) from None
        if before is not None:
            try:
                os.fchmod(descriptor, S_IMODE(before.st_mode))
                os.fchown(descriptor, before.st_uid, before.st_gid)
            except OSError:
                pass  # the file is somebody else's
        return cls(name, target, temporary, descriptor)

    def patch(self, at: int, octets: bytes) -> None:
        """Write some octets over those at a place."""
        os.pwrite(self._file.fileno(), octets, at)

    def close(self) -> None:
        """Give the file its name."""
        if not self._file.closed:
            self._file.close()
            os.replace(self._temporary, self._target)

    def discard(self) -> None:
        """Leave no file."""
        self._file.close()
        os.unlink(self._temporary)


def _replaceable(target: str, before: os.stat_result) -> bool:
    """Whether a file may be replaced by another: it is regular, it could be written, and renamed.

    In a sticky folder, none but the owners of the file and of the folder may rename it.
    """
    if not S_ISREG(before.st_mode) or not os.access(target, os.W_OK, effective_ids=True):
        return False
    folder = os.stat(os.path.dirname(target))
    return not folder.st_mode & S_ISVTX or os.geteuid() in {0, before.st_uid, folder.st_uid}


def check_manner(manner: Manner) -> None:
    """Raise ValueError where there is no such way to write."""
    if manner.format not in {None, *FORMATS}:
        raise ValueError(f"no such format: {manner.format!r} ({', '.join(FORMATS)})")
    if manner.precision not in {None, "micro", "nano"}:
        raise ValueError(f"no such precision: {manner.precision!r} (micro or nano)")
    kinds = ("none", *COMPRESSING.values())
    if manner.compress not in {None, *kinds}:
        raise ValueError(f"no such compression: {manner.compress!r} ({', '.join(kinds)})")
    if manner.format == "nanopcap" and manner.precision == "micro":
        raise ValueError("nanopcap has times in nanoseconds, not in microseconds")
