"""Captures in object stores and on web servers, by URL, through fsspec.

fsspec comes with the extra `remote`; what a scheme needs beside it (s3fs, aiohttp, ...), it says
itself.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from errno import EACCES, EEXIST, EIO, EISDIR, ENOENT
from importlib import import_module
from os import strerror
from typing import Any, Literal

from pcapfilter.errors import CaptureError

INSTALL = "pip install 'pcapfilter-engine[remote]'"

NAMELESS: dict[type, str] = {
    # what stores say by the kind of error alone
    FileNotFoundError: strerror(ENOENT),
    FileExistsError: strerror(EEXIST),
    PermissionError: strerror(EACCES),
    IsADirectoryError: strerror(EISDIR),
}


class Remote:
    """A binary file behind a URL, whose faults are OSErrors that name it."""

    def __init__(self, url: str, mode: Literal["rb", "wb"]) -> None:
        self.name = self.identity = url
        with _faults(url):
            self._file = _fsspec(url).open(url, mode).open()

    def readinto(self, view: memoryview) -> int:
        """Read what there is into a view."""
        with _faults(self.name):
            return int(self._file.readinto(view))

    def write(self, octets: Any) -> int:
        """Write some octets; most stores show them when the file is closed."""
        with _faults(self.name):
            return int(self._file.write(octets))

    def close(self) -> None:
        """Let go of the file; what was written is there now."""
        with _faults(self.name):
            self._file.close()


def matching(url: str) -> list[str]:
    """Give the URLs that a pattern stands for, in order."""
    with _faults(url):
        system, path = _fsspec(url).core.url_to_fs(url)
        return sorted(map(str, map(system.unstrip_protocol, system.glob(path))))


def _fsspec(url: str) -> Any:
    try:
        return import_module("fsspec")
    except ImportError:
        raise CaptureError(f"a URL wants an extra: {INSTALL}", name=url) from None


@contextmanager
def _faults(url: str) -> Iterator[None]:
    """Turn whatever goes wrong into one line about the URL."""
    try:
        yield
    except CaptureError:
        raise
    except OSError as error:
        reason = error.strerror or str(error.__cause__ or "") or NAMELESS.get(type(error), "")
        raise OSError(error.errno or EIO, reason or str(error), url) from None
    except (ImportError, ValueError) as error:
        raise CaptureError(str(error), name=url) from None
    except NotImplementedError:
        raise CaptureError("nothing can be written there", name=url) from None
    except Exception as error:  # noqa: BLE001 -- each store has errors of its own
        raise OSError(EIO, str(error) or type(error).__name__, url) from None
