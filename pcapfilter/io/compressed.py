"""Compressed captures: a stream that is decompressed by a thread while others are at work.

    Unpacked(file, kind, head=...)      a binary file of what a compressed one holds
    Packed(file, kind)                  a binary file that compresses what is written to it

Streams may be joined end to end, and mean what their contents joined mean.
"""

from collections import deque
from collections.abc import Iterator
from functools import partial
from threading import Condition, Thread
from typing import Any

from pcapfilter.errors import CaptureError
from pcapfilter.io.base import COMPRESSIONS, SKIPPABLE, read_into, write_all
from pcapfilter.io.compressions import KINDS, made
from pcapfilter.io.place import size_and_identity

CHUNK = 256 * 1024
"""Octets of the compressed file read at once."""

PIECE = 512 * 1024
"""The most octets decompressed at once: no stream, however dense, takes more memory."""

TRAILER = 8
"""Octets of a check sum at the end of a stream, at most."""

AHEAD = 4
"""How many pieces may lie ready."""


def _place_of(file: Any) -> int | None:
    """Give where a file is being read, if it can be read once more from there."""
    try:
        return int(file.tell()) if file.seekable() else None
    except (AttributeError, OSError):
        return None


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
        first = made(partial(self._row.reader, head), kind, name)
        self._pieces: deque[memoryview] = deque()
        self._began = _place_of(file)
        self._reads = 0
        self._spoiled = False
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

    def _unpack(self, decoder: Any) -> Iterator[bytes]:
        """Give what the file holds, as far as it can be read.

        A decompressor that finds damage keeps what it made before of the same octets. A file that
        can be read once more is: what came to no good is then handed over octet by octet.
        """
        kind, given, passed = self._kind, 0, 0
        for piece in self._streams(decoder, self._parts(None)):
            given += len(piece)
            yield piece
        if not self._spoiled or self._began is None:
            return
        self._file.seek(self._began)
        self._kind, self._row = kind, KINDS[kind]
        again = self._streams(self._row.reader(self._head), self._parts(self._reads))
        for piece in again:
            if passed + len(piece) > given:
                yield piece[max(given - passed, 0) :]
            passed += len(piece)
            if self._closed:
                return

    def _parts(self, last: int | None) -> Iterator[bytes]:
        """Read the file; give each read in one or two parts, or the `last` one in octets.

        A check sum at the file's end comes alone, if it can be read only once.
        """
        octets = bytearray(CHUNK)
        view = memoryview(octets)
        have = len(self._head)
        octets[:have] = self._head
        self.position, self._reads = have, 0
        while got := read_into(self._file, view[have:]):
            self.position += got
            self._reads += 1
            have += got
            if self._reads == last:
                yield from (bytes(view[at : at + 1]) for at in range(have))
            elif self._began is None and have > TRAILER:
                yield bytes(view[: have - TRAILER])
                yield bytes(view[have - TRAILER : have])
            else:
                yield bytes(view[:have])
            have = 0
        if have:
            yield bytes(view[:have])

    def _streams(self, decoder: Any, parts: Iterator[bytes]) -> Iterator[bytes]:
        """Give what one stream after another holds."""
        rest = b""
        while True:
            while not decoder.eof:
                octets = b""
                ended = False
                if decoder.needs_input:
                    octets, rest = rest or next(parts, b""), b""
                    ended = not octets
                try:
                    piece = decoder.decompress(octets, PIECE)
                except Exception as error:  # noqa: BLE001 -- each library has errors of its own
                    self.fault = f"the {self._kind} stream is damaged: {error}"
                    self._spoiled = True
                    return
                if piece:
                    yield piece
                elif ended:
                    self.fault = f"the {self._kind} stream is cut short"
                    return
            rest = decoder.unused_data or b""
            while len(rest) < 4 and (more := next(parts, b"")):
                rest += more
            while self._row.padded and rest[:1] == b"\0":
                rest = rest.lstrip(b"\0") or next(parts, b"")
            if not rest:
                return
            if not self._continues(rest):
                self.fault = f"something else follows the {self._kind} stream"
                return
            decoder = made(partial(self._row.reader, rest[:4]), self._kind, self._name)

    def _continues(self, rest: bytes) -> bool:
        """Whether one more stream of the same kind begins, or a cut beginning of it.

        Frames of zstd and lz4 that hold nothing look alike, and tell nothing of what follows.
        """
        if self._kind in {"zstd", "lz4"}:
            if rest[1:4] == SKIPPABLE:
                return True
            if rest[:4] in COMPRESSIONS:
                self._kind = COMPRESSIONS[rest[:4]]
                self._row = KINDS[self._kind]
                return self._kind in {"zstd", "lz4"}
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
        self._stream = made(KINDS[kind].writer, kind, name)

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
