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

BEYOND = 4096
"""Octets read at once beyond a range's end."""


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
        self._guess = native(framing.guess, framing.GUESS)
        self._collect = native(framing.collect, framing.COLLECT)
        self._desks: list[tuple[Desk, Loop]] = []
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
        for size in WINDOWS:
            window = bytearray(size)
            have = preadv(self._descriptor, [window], bound)
            at = self._guess(window, have, big, header, lengths, longest, unit)
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
        try:
            desk, loop = self._desks.pop()
        except IndexError:
            desk, loop = Desk(self._chunk), self._fill(framing.frame, framing.FRAME)
        last = number == self.count - 1
        stop = ENDLESS if last else self._bounds[number + 1]
        read = reader(self._descriptor, start, stop)
        stretch = Stretch(self._layout, read, loop, desk, start=start, stop=stop)
        shelf = self._shelf() if self._keep else None
        matched, verbatim = 0, True
        for batch in stretch.batches():
            matched += batch.count
            if shelf is not None and batch.count:
                shelf.add(batch, self._collect)
                verbatim = verbatim and batch.record.verbatim
        self._desks.append((desk, loop))
        record = self._layout.record._replace(verbatim=verbatim)
        whole = shelf.batch(self._layout.origin, record) if shelf is not None else None
        return Portion(start, stretch.next, stretch.seen, matched, whole, stretch.fault)

    def _shelf(self) -> "Shelf":
        try:
            shelf = self._shelves.pop()
        except IndexError:
            shelf = Shelf(bytearray(), (array("I"), array("I"), array("I")))
        return shelf


class Shelf:
    """Where the packets of a range are kept until it is their turn: records side by side."""

    __slots__ = ("buffer", "columns", "rows", "used")

    def __init__(self, buffer: bytearray, columns: "tuple[array[int], ...]") -> None:
        self.buffer, self.columns = buffer, columns
        self.used = self.rows = 0

    @classmethod
    def of(cls, batch: PacketBatch) -> "Shelf":
        """Take back the shelf of a batch that is not needed any more."""
        return cls(batch.buffer, (batch.offsets, batch.caplens, batch.wirelens))

    def add(self, batch: PacketBatch, collect: Loop) -> None:
        """Copy a batch's packets."""
        self._make_room(len(batch.buffer), batch.count)
        self.used = collect(
            batch.buffer, batch.count, batch.offsets, batch.caplens, batch.wirelens,
            batch.record.size, self.buffer, self.used, self.rows, *self.columns,
        )  # fmt: skip
        self.rows += batch.count

    def _make_room(self, octets: int, rows: int) -> None:
        if self.used + octets > len(self.buffer):
            self.buffer += bytes(max(octets, 1 << 20))
        if self.rows + rows > len(self.columns[0]):
            for column in self.columns:
                column.frombytes(bytes(4 * max(rows, len(column))))

    def batch(self, origin: Origin, record: Record) -> PacketBatch:
        """Give all packets as one batch."""
        return PacketBatch(self.buffer, self.rows, *self.columns, origin=origin, record=record)


def reader(descriptor: int, start: int, stop: int) -> Read:
    """Give what reads a file from a place on, whatever else reads it meanwhile.

    Beyond `stop` it reads little at once: the last record's end is all that is wanted there.
    """
    at = start

    def read(view: memoryview) -> int:
        nonlocal at
        got = preadv(descriptor, [view[: max(stop - at, BEYOND)]], at)
        at += got
        return got

    return read
