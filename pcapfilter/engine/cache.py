"""LLVM text and object code kept between runs: one file an entry, in the user's cache folder.

    ; <key>                      the whole key: two keys never share an entry
    ; <crc32> <length>           of what follows
    <octets>

The folder is $PCAPFILTER_CACHE_DIR, or pcapfilter in $XDG_CACHE_HOME or in ~/.cache. Entries are
written under another name and then moved, so that processes at the same time cannot see half of
one; an entry that is damaged, belongs to somebody else or can be written by others is not there; a
folder that cannot be used means no cache, and no error.
"""

import contextlib
import os
import zlib
from pathlib import Path

_VARIABLE = "PCAPFILTER_CACHE_DIR"


def folder() -> Path:
    """Give the path of the cache folder, whether or not it is there."""
    chosen = os.environ.get(_VARIABLE)
    if chosen:
        return Path(chosen)
    base = os.environ.get("XDG_CACHE_HOME")
    try:
        return (Path(base) if base else Path("~/.cache").expanduser()) / "pcapfilter"
    except RuntimeError as error:
        raise FileNotFoundError("no home folder") from error


def load(name: str, key: str) -> bytes | None:
    """Give what is kept under a file's name and a key, or None."""
    try:
        with _path(name, key).open("rb") as file:
            status = os.fstat(file.fileno())
            if status.st_uid != os.geteuid() or status.st_mode & 0o022:
                return None
            content = file.read()
    except OSError:
        return None
    with contextlib.suppress(ValueError):
        first, second, octets = content.split(b"\n", 2)
        if first == f"; {key}".encode() and second == _sum(octets):
            return octets
    return None


def store(name: str, key: str, octets: bytes) -> None:
    """Keep something under a file's name and a key, if the folder can be used."""
    with contextlib.suppress(OSError):
        path = _path(name, key)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary = path.with_name(f"{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
        try:
            with temporary.open("xb") as file:
                os.fchmod(file.fileno(), 0o600)
                file.write(b"\n".join((f"; {key}".encode(), _sum(octets), octets)))
            temporary.replace(path)
        except OSError:
            temporary.unlink(missing_ok=True)


def trim(name: str, most: int) -> None:
    """Drop the oldest entries of a name, half of them, where there are more than `most`."""
    with contextlib.suppress(OSError):
        stem, dot, suffix = name.rpartition(".")
        entries = list(folder().glob(f"{stem}-*{dot}{suffix}"))
        if len(entries) > most:
            entries.sort(key=lambda path: path.stat().st_mtime_ns)
            for path in entries[: len(entries) // 2]:
                path.unlink(missing_ok=True)


def _sum(octets: bytes) -> bytes:
    return f"; {zlib.crc32(octets):08x} {len(octets)}".encode()


def _path(name: str, key: str) -> Path:
    stem, dot, suffix = name.rpartition(".")
    return folder() / f"{stem}-{zlib.crc32(key.encode()):08x}{dot}{suffix}"
