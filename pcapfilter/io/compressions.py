"""What decompresses and compresses a stream, by the name of its compression.

gzip, bzip2 and xz need nothing; zstd and lz4, and a quicker gzip, come with the extra `compress`.

Source of the formats: RFC 1952, RFC 8878, the format documents of bzip2, xz and lz4 frames.
"""

from collections.abc import Callable
from importlib import import_module
from typing import Any, NamedTuple

from pcapfilter.errors import CaptureError

MEMORY = 128 * 1024 * 1024
"""The largest dictionary or window that a stream may ask for; the highest levels take half."""

INSTALL = "pip install 'pcapfilter-engine[compress]'"

PLAIN_HEADERS = (0, 4, 8, 16)
"""Flags of a gzip stream, its fourth octet, that ask for an extra field, a name or a comment."""


class Kind(NamedTuple):
    """A compression. `reader` and `writer` make what decompresses and compresses one stream.

    `reader` is given how the stream begins: four octets, or what there is of them.
    """

    reader: Callable[[bytes], Any]
    writer: Callable[[], Any]
    padded: bool = False
    """Whether zeros may follow a stream."""
    flush: int | None = None
    """What makes a flush keep the stream open; None where no flush does."""


class Inflater:
    """zlib's decompressor, with the interface that the others have."""

    def __init__(self) -> None:
        import zlib

        self._stream = zlib.decompressobj(31)
        self._rest = b""

    @property
    def eof(self) -> bool:
        """Whether the stream is at its end."""
        return self._stream.eof

    @property
    def needs_input(self) -> bool:
        """Whether there is nothing left to be decompressed."""
        return not self._stream.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        """What came after the end of the stream."""
        return self._stream.unused_data

    def decompress(self, octets: bytes, most: int) -> bytes:
        """Give at most so many octets more."""
        return self._stream.decompress(self._stream.unconsumed_tail + octets, most)


def _gzip_reader(head: bytes) -> Any:
    if head[3:4] and head[3] not in PLAIN_HEADERS:
        return Inflater()  # isal loses count where such a header comes in two parts
    try:
        from isal import igzip_lib
    except ImportError:
        return Inflater()
    return igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP)


def _gzip_writer() -> Any:
    import zlib

    return zlib.compressobj(6, wbits=31)


def _bzip2_reader(_: bytes) -> Any:
    import bz2

    return bz2.BZ2Decompressor()


def _bzip2_writer() -> Any:
    import bz2

    return bz2.BZ2Compressor()


def _xz_reader(_: bytes) -> Any:
    import lzma

    return lzma.LZMADecompressor(memlimit=MEMORY)


def _xz_writer() -> Any:
    import lzma

    return lzma.LZMACompressor()


def _zstd() -> Any:
    try:
        return import_module("compression.zstd")  # from Python 3.14 on
    except ImportError:
        from backports import zstd

        return zstd


def _zstd_reader(_: bytes) -> Any:
    zstd = _zstd()
    bits = MEMORY.bit_length() - 1
    return zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: bits})


def _lz4_reader(_: bytes) -> Any:
    import lz4.frame

    return lz4.frame.LZ4FrameDecompressor()


class Framer:
    """lz4's compressor, which wants to be told where a frame begins."""

    def __init__(self) -> None:
        import lz4.frame

        self._frame = lz4.frame.LZ4FrameCompressor(content_checksum=True)
        self._head = self._frame.begin()

    def _headed(self, octets: bytes) -> bytes:
        head, self._head = self._head, b""
        return bytes(head) + octets

    def compress(self, octets: memoryview) -> bytes:
        """Give what is ready of the frame."""
        return self._headed(self._frame.compress(octets))

    def flush(self) -> bytes:
        """Give the rest of the frame."""
        return self._headed(self._frame.flush())


KINDS: dict[str, Kind] = {
    "gzip": Kind(_gzip_reader, _gzip_writer, padded=True, flush=2),
    "bzip2": Kind(_bzip2_reader, _bzip2_writer),
    "xz": Kind(_xz_reader, _xz_writer, padded=True),
    "zstd": Kind(_zstd_reader, lambda: _zstd().ZstdCompressor(), flush=1),
    "lz4": Kind(_lz4_reader, Framer),
}


def made(make: Callable[[], Any], kind: str, name: str) -> Any:
    """Make a (de)compressor; CaptureError, which says what to install, where that cannot be."""
    try:
        return make()
    except ImportError:
        raise CaptureError(
            f"compressed with {kind}, which wants an extra: {INSTALL}", name=name
        ) from None
