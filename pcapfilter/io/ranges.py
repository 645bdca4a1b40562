"""A capture file cut into ranges that are scanned at once, in order again afterwards.

Nobody knows where in a range the first record begins, so that a scan begins with a guess. It is
confirmed when the range before has been scanned and its records end there. Where they do not, the
range is scanned once more from where they do. So what comes out is what one scan would give, octet
for octet, whatever the payloads look like.
"""

from array import array
from collections.abc import Callable
from contextlib import suppress
from mmap import MADV_HUGEPAGE, MAP_ANONYMOUS, MAP_PRIVATE, mmap
from os import preadv
from typing import NamedTuple

from pcapfilter.io import base, framing
from pcapfilter.io.base import PACKETS, RECORDS, Loop, Native
from pcapfilter.io.stretch import ENDLESS, Desk, Fault, Layout, Read, Stretch
from pcapfilter.io.sweep import BEYOND, KEPT, LINE, NEXT, SEEN, START, SWEEP, USED, sweep
from pcapfilter.packets import Origin, PacketBatch, Record

WINDOW = 64 * 1024
"""Octets of a range in which the beginning of a record is looked for at first."""


class Shelf:
    """Where a range is read to, and what is wanted of it kept until it is its turn.

    `room` is for so many octets, and memory that nobody touches costs nothing there; packets that
    are out of the common are kept in a `buffer` that grows.
    """

    __slots__ = ("buffer", "columns", "room", "rows", "used")

    def __init__(self, room: int) -> None:
        self.room = mmap(-1, room, MAP_PRIVATE | MAP_ANONYMOUS)
        with suppress(OSError):  # a kernel may have none
            self.room.madvise(MADV_HUGEPAGE)
        self.buffer = bytearray()
        self.columns = (array("I"), array("I"), array("I"))
        self.used = self.rows = 0

    def add(self, batch: PacketBatch, collect: Loop) -> None:
        """Copy a batch's packets."""
        octets = self.used + len(batch.buffer)
        if octets > len(self.buffer):
            self.buffer = self.buffer + bytes(octets)
        short = self.rows + batch.count - len(self.columns[0])
        if short > 0:
            for column in self.columns:
                column.frombytes(bytes(4 * (short + self.rows)))
        self.used = collect(
            batch.buffer, batch.count, batch.offsets, batch.caplens, batch.wirelens,
            batch.record.size, self.buffer, self.used, self.rows, *self.columns,
        )  # fmt: skip
        self.rows += batch.count

    def batch(self, origin: Origin, record: Record) -> PacketBatch:
        """Give all packets as one batch."""
        return PacketBatch(self.buffer, self.rows, *self.columns, origin=origin, record=record)


class Portion(NamedTuple):
    """What was found in a range that was scanned from `start`; the next record begins at `next`.

    What is kept of it lies on a shelf, as a batch or as nothing but octets.
    """

    start: int
    next: int
    seen: int
    matched: int
    batch: PacketBatch | None = None
    octets: memoryview | None = None
    fault: Fault | None = None


class Worker:
    """What one thread works with: loops of its own, and what they need."""

    __slots__ = ("_chunk", "_desk", "_fill", "state", "sweep")

    def __init__(self, chunk: int, fill: Native) -> None:
        self._chunk, self._fill = chunk, fill
        self._desk: tuple[Desk, Loop] | None = None
        self.state = array("q", bytes(8 * 5))
        self.sweep = fill(sweep, SWEEP)

    def desk(self) -> tuple[Desk, Loop]:
        """Give what it takes to scan by chunks, made when it is first needed."""
        if self._desk is None:
            self._desk = Desk(self._chunk), self._fill(framing.frame, framing.FRAME)
        return self._desk


class Ranges:
    """The ranges of a file, as `bounds` says, from its start to its stop.

    `scan` may be called from several threads, `confirm` for one range after another by one thread.
    Each thread's scans have a loop of their own from `fill`. `keep` says what of the packets that
    are selected. `report` is told how far the confirmed ranges reach, what is wrong there if
    anything, and how many packets came before.
    """

    def __init__(
        self,
        layout: Layout,
        descriptor: int,
        bounds: range,
        *,
        native: Native,
        fill: Native,
        chunk: int,
        keep: int,
        report: Callable[[int, Fault | None, int], None],
    ) -> None:
        self.count = len(bounds)
        self._layout, self._descriptor, self._bounds = layout, descriptor, bounds
        self._native, self._fill, self._chunk, self._keep = native, fill, chunk, keep
        self._idle = [Worker(chunk, fill)]
        self._at = bounds.start
        self._report, self._seen, self._ended = report, 0, False

    def shelf(self, span: int) -> Shelf:
        """Give room for what is kept of so many ranges."""
        kept = span * self._bounds.step if self._keep == RECORDS else 0
        return Shelf(kept + self._chunk + 2 * LINE)

    def scan(self, number: int, span: int, shelf: base.Shelf) -> Portion | None:
        """Scan ranges from where the first record seems to begin; None where none seems to."""
        assert isinstance(shelf, Shelf)
        search = self._layout.record.unit if number else 0
        return self._scan(number + span, self._bounds[number], shelf, search)

    def confirm(
        self, number: int, span: int, portion: base.Portion | None, shelf: base.Shelf
    ) -> Portion | None:
        """Give the portion of some ranges, scanned again if its beginning was guessed wrong.

        None where the records have ended before.
        """
        assert isinstance(shelf, Shelf)
        if self._ended:
            return None
        found = portion if isinstance(portion, Portion) else None
        if found is None or found.start != self._at:
            found = self._scan(number + span, self._at, shelf, 0)
            assert found is not None
        self._at = found.next
        self._ended = found.fault is not None
        self._report(found.next, found.fault, self._seen)
        self._seen += found.seen
        return found

    def _scan(self, end: int, start: int, shelf: Shelf, search: int) -> Portion | None:
        """Scan from a place on to a range: by one call of native code, or by chunks if need be."""
        stop = ENDLESS if end >= self.count else self._bounds[end]
        shelf.used = shelf.rows = 0
        try:
            worker = self._idle.pop()
        except IndexError:
            worker = Worker(self._chunk, self._fill)
        portion = None
        if self._keep != PACKETS:
            portion = self._sweep(worker, shelf, start, stop, search)
        if portion is None:
            portion = self._by_chunks(worker, shelf, start, stop, search)
        self._idle.append(worker)
        return portion

    def _sweep(
        self, worker: Worker, shelf: Shelf, start: int, stop: int, search: int
    ) -> Portion | None:
        big, header, lengths, snaplen, longest = self._layout.numbers
        state, keep = worker.state, self._keep == RECORDS
        matched = worker.sweep(
            self._descriptor, start, stop, search, shelf.room, len(shelf.room), self._chunk, big,
            header, lengths, snaplen, longest, int(keep), state,
        )  # fmt: skip
        if matched < 0:
            return None
        octets = memoryview(shelf.room)[state[KEPT] : state[USED]] if keep else None
        return Portion(state[START], state[NEXT], state[SEEN], matched, octets=octets)

    def _by_chunks(
        self, worker: Worker, shelf: Shelf, start: int, stop: int, search: int
    ) -> Portion | None:
        """Scan with what is out of the common, from where the first record seems to begin."""
        desk, frame = worker.desk()
        if search:
            place = self._guess(desk, start, search)
            if place < 0:
                return None
            start += place
        read = reader(self._descriptor, start, stop)
        collect = self._native(framing.collect, framing.COLLECT)
        stretch = Stretch(self._layout, read, frame, desk, start=start, stop=stop)
        shelf.used = shelf.rows = 0
        matched, verbatim = 0, True
        for batch in stretch.batches():
            matched += batch.count
            if self._keep and batch.count:
                shelf.add(batch, collect)
                verbatim = verbatim and batch.record.verbatim
        record = self._layout.record._replace(verbatim=verbatim)
        kept = shelf.batch(self._layout.origin, record) if self._keep else None
        return Portion(start, stretch.next, stretch.seen, matched, kept, fault=stretch.fault)

    def _guess(self, desk: Desk, start: int, unit: int) -> int:
        """Give how far from a place on the first record seems to begin, or -1."""
        big, header, lengths, _, longest = self._layout.numbers
        guess = self._native(framing.guess, framing.GUESS)
        place = -1
        for window in (WINDOW, len(desk.buffer)):
            have = preadv(self._descriptor, [memoryview(desk.buffer)[:window]], start)
            place = guess(desk.buffer, 0, have, big, header, lengths, longest, unit)
            if place >= 0:
                break
        return place


def reader(descriptor: int, start: int, stop: int) -> Read:
    """Give what reads a file from a place on, whatever else reads it meanwhile.

    Beyond `stop` it reads little at once.
    """
    at = start

    def read(view: memoryview) -> int:
        nonlocal at
        got = preadv(descriptor, [view[: max(stop - at, BEYOND)]], at)
        at += got
        return got

    return read
