"""LLVM text and object code kept between runs: one file an entry, in the user's cache folder.

    ; <key>                      the whole key: two keys never share an entry
    ; <crc32> <length>           of what follows
    <octets>

The folder is $PCAPFILTER_CACHE_DIR, or pcapfilter in $XDG_CACHE_HOME or in ~/.cache. Entries are
written under another name and then moved, so that processes at the same time cannot see half of
one; an entry that is damaged, belongs to somebody else or can be written by others is not there; a
folder that cannot be used means no cache, and no error. Paths are plain strings here: pathlib costs
3 ms to load, of which a short run would notice.
"""

import os
import zlib
from contextlib import suppress

_VARIABLE = "PCAPFILTER_CACHE_DIR"


def folder() -> str:
    """Give the path of the cache folder, whether or not it is there."""
    chosen = os.environ.get(_VARIABLE)
    if chosen:
        return chosen
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    if not os.path.isabs(base):
        raise FileNotFoundError("no home folder")
    return os.path.join(base, "pcapfilter")


def load(name: str, key: str) -> bytes | None:
    """Give what is kept under a file's name and a key, or None."""
    try:
        with open(_path(name, key), "rb") as file:
            status = os.fstat(file.fileno())
            if status.st_uid != os.geteuid() or status.st_mode & 0o022:
                return None
            content = file.read()
    except OSError:
        return None
    with suppress(ValueError):
        first, second, octets = content.split(b"\n", 2)
        if first == f"; {key}".encode() and second == _sum(octets):
            return octets
    return None


def store(name: str, key: str, octets: bytes) -> None:
    """Keep something under a file's name and a key, if the folder can be used."""
    with suppress(OSError):
        path = _path(name, key)
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        temporary = f"{path}.{os.getpid()}.{os.urandom(4).hex()}"
        try:
            with open(temporary, "xb") as file:
                os.fchmod(file.fileno(), 0o600)
                file.write(b"\n".join((f"; {key}".encode(), _sum(octets), octets)))
            os.replace(temporary, path)
        except OSError:
            with suppress(FileNotFoundError):
                os.unlink(temporary)


def usable() -> bool:
    """Tell whether anything can be kept."""
    try:
        path = folder()
        os.makedirs(path, mode=0o700, exist_ok=True)
    except OSError:
        return False
    return os.access(path, os.W_OK | os.X_OK)


def trim(name: str, most: int) -> None:
    """Drop the oldest entries of a name, half of them, where there are more than `most`."""
    with suppress(OSError):
        stem, dot, suffix = name.rpartition(".")
        with os.scandir(folder()) as found:
            entries = [
                (entry.stat().st_mtime_ns, entry.path)
                for entry in found
                if entry.name.startswith(f"{stem}-") and entry.name.endswith(dot + suffix)
            ]
        if len(entries) > most:
            for _, path in sorted(entries)[: len(entries) // 2]:
                with suppress(FileNotFoundError):
                    os.unlink(path)


def _sum(octets: bytes) -> bytes:
    return f"; {zlib.crc32(octets):08x} {len(octets)}".encode()


def _path(name: str, key: str) -> str:
    stem, dot, suffix = name.rpartition(".")
    return os.path.join(folder(), f"{stem}-{zlib.crc32(key.encode()):08x}{dot}{suffix}")
