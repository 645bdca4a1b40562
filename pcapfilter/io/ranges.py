"""A capture file cut into ranges that are scanned at once, in order again afterwards.

Nobody knows where in a range the first record begins, so that a scan begins with a guess. It is
confirmed when the range before has been scanned and its records end there. Where they do not, the
range is scanned once more from where they do. So what comes out is what one scan would give, octet
for octet, whatever the payloads look like.
"""

from array import array
from collections.abc import Callable
from os import preadv
from typing import NamedTuple

from pcapfilter.io import base, framing
from pcapfilter.io.base import Loop, Native
from pcapfilter.io.stretch import ENDLESS, Desk, Fault, Layout, Read, Stretch
from pcapfilter.packets import Origin, PacketBatch, Record

WINDOWS = (64 * 1024, 1024 * 1024)
"""Octets of a range in which the beginning of a record is looked for: first few, then more."""


class Portion(NamedTuple):
    """What was found in a range that was scanned from `start`; the next record begins at `next`."""

    start: int
    next: int
    seen: int
    matched: int
    batch: PacketBatch | None
    fault: Fault | None


class Ranges:
    """The ranges of a file, `size` octets each, from `start` to `end`.

    `scan` may be called from several threads, `confirm` for one range after another by one thread.
    Each thread's scans have a loop of their own from `fill`. With `keep`, portions have their
    packets. `report` is told how far the confirmed ranges reach, what is wrong there if anything,
    and how many packets came before.
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
        keep: bool,
        report: Callable[[int, Fault | None, int], None],
    ) -> None:
        self.count = len(bounds)
        self._layout, self._descriptor, self._bounds = layout, descriptor, bounds
        self._fill, self._chunk, self._keep = fill, chunk, keep
        self._native = native
        self._most_rows = bounds.step // 24 + chunk // 16 + 1
        self._idle = [Worker(chunk, fill)]
        self._shelves: list[Shelf] = []
        self._at = bounds.start
        self._lent: Shelf | None = None
        self._report, self._seen, self._ended = report, 0, False

    def scan(self, number: int) -> "Portion | None":
        """Scan a range from where its first record seems to begin; None where none seems to."""
        if number == 0:
            return self._scan(number, self._bounds.start)
        bound = self._bounds[number]
        big, header, lengths, _, longest = self._layout.numbers
        unit = self._layout.record.unit
        guess = self._native(framing.guess, framing.GUESS)
        for size in WINDOWS:
            window = bytearray(size)
            have = preadv(self._descriptor, [window], bound)
            at = guess(window, have, big, header, lengths, longest, unit)
            if at >= 0:
                return self._scan(number, bound + at)
        return None

    def confirm(self, number: int, portion: base.Portion | None) -> Portion | None:
        """Give a range's portion, scanned again if its beginning was guessed wrong.

        None where the records have ended before. The packets of one portion are good until the
        next is asked for.
        """
        if self._lent is not None:
            self._shelves.append(self._lent)
            self._lent = None
        if self._ended:
            return None
        found = portion if isinstance(portion, Portion) else None
        if found is None or found.start != self._at:
            if found is not None and found.batch is not None:
                self._shelves.append(Shelf.of(found.batch))
            found = self._scan(number, self._at)
        self._at = found.next
        self._ended = found.fault is not None
        self._report(found.next, found.fault, self._seen)
        self._seen += found.seen
        if found.batch is not None:
            self._lent = Shelf.of(found.batch)
        return found

    def _scan(self, number: int, start: int) -> Portion:
        """Scan a range from a place on: by one call of native code, or by chunks if need be."""
        last = number == self.count - 1
        stop = ENDLESS if last else self._bounds[number + 1]
        try:
            worker = self._idle.pop()
        except IndexError:
            worker = Worker(self._chunk, self._fill)
        shelf = self._shelf()
        portion = self._sweep(worker, shelf, start, stop)
        if portion is None:
            shelf = Shelf()
            portion = self._by_chunks(worker, shelf, start, stop)
        if not self._keep:
            self._shelves.append(shelf)
        self._idle.append(worker)
        return portion

    def _sweep(self, worker: "Worker", shelf: "Shelf", start: int, stop: int) -> Portion | None:
        desk, record = worker.desk, self._layout.record
        if self._keep:
            shelf.make_room(self._bounds.step + 2 * self._chunk, self._most_rows)
        rows = worker.sweep(
            self._descriptor, start, stop, desk.buffer, len(desk.buffer), *self._layout.numbers,
            *desk.columns, desk.room, desk.state,
            int(self._keep), shelf.buffer, len(shelf.buffer), *shelf.columns, len(shelf.columns[0]),
        )  # fmt: skip
        if rows < 0:
            return None
        shelf.rows = rows
        batch = None
        if self._keep:
            whole = record.size == 16 and not self._layout.origin.swapped and not desk.state[3]
            batch = shelf.batch(self._layout.origin, record._replace(verbatim=whole))
        return Portion(start, desk.state[0], desk.state[4], rows, batch, None)

    def _by_chunks(self, worker: "Worker", shelf: "Shelf", start: int, stop: int) -> Portion:
        read = reader(self._descriptor, start, stop)
        frame = self._fill(framing.frame, framing.FRAME)
        collect = self._native(framing.collect, framing.COLLECT)
        stretch = Stretch(self._layout, read, frame, worker.desk, start=start, stop=stop)
        matched, verbatim = 0, True
        for batch in stretch.batches():
            matched += batch.count
            if self._keep and batch.count:
                shelf.add(batch, collect)
                verbatim = verbatim and batch.record.verbatim
        record = self._layout.record._replace(verbatim=verbatim)
        whole = shelf.batch(self._layout.origin, record) if self._keep else None
        return Portion(start, stretch.next, stretch.seen, matched, whole, stretch.fault)

    def _shelf(self) -> "Shelf":
        try:
            shelf = self._shelves.pop()
        except IndexError:
            return Shelf()
        shelf.used = shelf.rows = 0
        return shelf


class Worker:
    """What one thread works with."""

    __slots__ = ("desk", "sweep")

    def __init__(self, chunk: int, fill: Native) -> None:
        self.desk = Desk(chunk)
        self.sweep = fill(framing.sweep, framing.SWEEP)


class Shelf:
    """Where the packets of a range are kept until it is their turn: records side by side."""

    __slots__ = ("buffer", "columns", "rows", "used")

    def __init__(self) -> None:
        self.buffer = bytearray()
        self.columns = (array("I"), array("I"), array("I"))
        self.used = self.rows = 0

    @classmethod
    def of(cls, batch: PacketBatch) -> "Shelf":
        """Take back the shelf of a batch that is not needed any more."""
        shelf = cls()
        shelf.buffer = batch.buffer
        shelf.columns = (batch.offsets, batch.caplens, batch.wirelens)
        return shelf

    def add(self, batch: PacketBatch, collect: Loop) -> None:
        """Copy a batch's packets."""
        self.make_room(self.used + len(batch.buffer), self.rows + batch.count)
        self.used = collect(
            batch.buffer, batch.count, batch.offsets, batch.caplens, batch.wirelens,
            batch.record.size, self.buffer, self.used, self.rows, *self.columns,
        )  # fmt: skip
        self.rows += batch.count

    def make_room(self, octets: int, rows: int) -> None:
        """See to it that so many octets and rows have room in all."""
        if octets > len(self.buffer):
            self.buffer = self.buffer + bytes(octets - len(self.buffer))
        short = rows - len(self.columns[0])
        if short > 0:
            for column in self.columns:
                column.frombytes(bytes(4 * short))

    def batch(self, origin: Origin, record: Record) -> PacketBatch:
        """Give all packets as one batch."""
        return PacketBatch(self.buffer, self.rows, *self.columns, origin=origin, record=record)


def reader(descriptor: int, start: int, stop: int) -> Read:
    """Give what reads a file from a place on, whatever else reads it meanwhile.

    Beyond `stop` it reads little at once.
    """
    at = start

    def read(view: memoryview) -> int:
        nonlocal at
        got = preadv(descriptor, [view[: max(stop - at, framing.BEYOND)]], at)
        at += got
        return got

    return read
