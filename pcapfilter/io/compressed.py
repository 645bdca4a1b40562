"""Compressed captures: a stream that is decompressed by a thread while others are at work.

    Unpacked(file, kind, head=...)      a binary file of what a compressed one holds
    Packed(file, kind)                  a binary file that compresses what is written to it

gzip, bzip2 and xz need nothing; zstd and lz4, and a quicker gzip, come with the extra `compress`.

Source of the formats: RFC 1952, RFC 8878, the format documents of bzip2, xz and lz4 frames. All may
be joined end to end, and mean what their contents joined mean.
"""

from collections import deque
from collections.abc import Callable, Iterator
from importlib import import_module
from threading import Condition, Thread
from typing import Any, NamedTuple

from pcapfilter.errors import CaptureError
from pcapfilter.io.base import COMPRESSIONS, SKIPPABLE, read_into, write_all
from pcapfilter.io.place import size_and_identity

CHUNK = 256 * 1024
"""Octets of the compressed file read at once."""

PIECE = 512 * 1024
"""The most octets decompressed at once: no stream, however dense, takes more memory."""

AHEAD = 4
"""How many pieces may lie ready."""

MEMORY = 128 * 1024 * 1024
"""The largest dictionary or window that a stream may ask for; the highest levels take half."""

INSTALL = "pip install 'pcapfilter-engine[compress]'"


class Kind(NamedTuple):
    """A compression. `reader` and `writer` make what decompresses and compresses one stream."""

    reader: Callable[[], Any]
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


def _gzip_reader() -> Any:
    try:
        from isal import igzip_lib
    except ImportError:
        return Inflater()
    return igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP)


def _gzip_writer() -> Any:
    import zlib

    return zlib.compressobj(6, wbits=31)


def _bzip2_reader() -> Any:
    import bz2

    return bz2.BZ2Decompressor()


def _bzip2_writer() -> Any:
    import bz2

    return bz2.BZ2Compressor()


def _xz_reader() -> Any:
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


def _zstd_reader() -> Any:
    zstd = _zstd()
    bits = MEMORY.bit_length() - 1
    return zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: bits})


def _lz4_reader() -> Any:
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


def _made(make: Callable[[], Any], kind: str, name: str) -> Any:
    """Make a (de)compressor; CaptureError, which says what to install, where that cannot be."""
    try:
        return make()
    except ImportError:
        raise CaptureError(
            f"compressed with {kind}, which wants an extra: {INSTALL}", name=name
        ) from None


class Unpacked:
    """A binary file of what a compressed file holds, of which `head` has been read.

    It ends where the stream ends or is damaged; `fault` says what is wrong, if anything. `position`
    and `size` are in octets of the compressed file.
    """

    def __init__(self, file: Any, kind: str, *, head: bytes, name: str, owned: bool) -> None:
        self.fault = ""
        self.position = len(head)
        self.size, self.identity = size_and_identity(file)
        self._file, self._owned, self._kind, self._name = file, owned, kind, name
        self._row = KINDS[kind]
        self._head = head
        first = _made(self._row.reader, kind, name)
        self._pieces: deque[memoryview] = deque()
        self._state = Condition()
        self._ended = self._closed = False
        self._error: Exception | None = None
        self._thread = Thread(target=self._work, args=(first,), daemon=True)
        self._thread.start()

    # ---- the thread ----------------------------------------------------------------------------

    def _work(self, first: Any) -> None:
        try:
            for piece in self._unpack(first):
                with self._state:
                    while len(self._pieces) >= AHEAD and not self._closed:
                        self._state.wait()
                    if self._closed:
                        break
                    self._pieces.append(memoryview(piece))
                    self._state.notify_all()
        except Exception as error:  # noqa: BLE001 -- it is raised again where the file is read
            self._error = error
        with self._state:
            self._ended = True
            if self._closed:
                self._let_go()
            self._state.notify_all()

    def _read(self) -> bytes:
        octets = bytearray(CHUNK)
        got = read_into(self._file, memoryview(octets))
        self.position += got
        return bytes(memoryview(octets)[:got])

    def _unpack(self, decoder: Any) -> Iterator[bytes]:
        """Give what one stream after another holds."""
        rest = self._head
        while True:
            while not decoder.eof:
                octets = b""
                if decoder.needs_input:
                    octets, rest = rest or self._read(), b""
                    if not octets:
                        self.fault = f"the {self._kind} stream is cut short"
                        return
                try:
                    piece = decoder.decompress(octets, PIECE)
                except Exception as error:  # noqa: BLE001 -- each library has errors of its own
                    self.fault = f"the {self._kind} stream is damaged: {error}"
                    return
                if piece:
                    yield piece
            rest = decoder.unused_data or b""
            while len(rest) < 4 and (more := self._read()):
                rest += more
            while self._row.padded and rest[:1] == b"\0":
                rest = rest.lstrip(b"\0") or self._read()
            if not rest:
                return
            if not self._continues(rest):
                self.fault = f"something else follows the {self._kind} stream"
                return
            decoder = self._row.reader()

    def _continues(self, rest: bytes) -> bool:
        """Whether one more stream of the same kind begins, or a cut beginning of it."""
        if self._kind in {"zstd", "lz4"} and rest[1:4] == SKIPPABLE:
            return True
        magic = next(magic for magic, kind in COMPRESSIONS.items() if kind == self._kind)
        return rest[: len(magic)] == magic[: len(rest)]

    # ---- whoever reads -------------------------------------------------------------------------

    def readinto(self, view: memoryview) -> int:
        """Read what there is into a view, at least one octet unless the file is at its end (0)."""
        have = 0
        with self._state:
            while not self._pieces:
                if self._ended:
                    if self._error is not None:
                        raise self._error
                    return 0
                self._state.wait()
            while self._pieces and have < len(view):
                piece = self._pieces.popleft()
                room = len(view) - have
                if len(piece) > room:
                    self._pieces.appendleft(piece[room:])
                    piece = piece[:room]
                view[have : have + len(piece)] = piece
                have += len(piece)
            self._state.notify_all()
        return have

    def close(self) -> None:
        """Let go of the file, once the thread is not reading it any more."""
        with self._state:
            if self._closed:
                return
            self._closed = True
            self._pieces.clear()
            self._state.notify_all()
            if self._ended:
                self._let_go()

    def _let_go(self) -> None:
        if self._owned:
            self._file.close()


class Packed:
    """A binary file that compresses what is written to it into another one.

    With `flushing`, what was written can be decompressed by whoever reads along.
    """

    def __init__(
        self, file: Any, kind: str, *, name: str, owned: bool, flushing: bool = False
    ) -> None:
        self._file, self._owned = file, owned
        self._flush = KINDS[kind].flush
        if flushing and self._flush is None:
            raise CaptureError(
                f"packets cannot be written out one by one with {kind} (gzip and zstd can)",
                name=name,
            )
        self._flushing = flushing
        self._stream = _made(KINDS[kind].writer, kind, name)

    def write(self, octets: Any) -> int:
        """Compress some octets."""
        write_all(self._file, self._stream.compress(octets))
        if self._flushing:
            write_all(self._file, self._stream.flush(self._flush))
        return len(octets)

    def close(self) -> None:
        """End the stream, and let go of the file."""
        try:
            write_all(self._file, self._stream.flush())
        finally:
            if self._owned:
                self._file.close()
