"""A stretch of pcap records, read in chunks that stay in the cache: a whole file, or a range of it.

    Stretch(layout, read, frame, start=24).batches()

`read` fills a view from where it left off. The packets come from `frame`, which may be io's own
loop, or that loop with a filter in it.
"""

from array import array
from collections.abc import Callable, Iterator
from typing import NamedTuple

from pcapfilter.io import framing
from pcapfilter.io.base import Loop
from pcapfilter.io.headers import TURNERS, USB_MAPPED, settle
from pcapfilter.packets import Origin, PacketBatch, Record

ENDLESS = 1 << 62

Read = Callable[[memoryview], int]


class Layout(NamedTuple):
    """How the records of a file are laid out, as the loops need to know it."""

    origin: Origin
    record: Record
    lengths: int
    longest: int

    @property
    def numbers(self) -> tuple[int, int, int, int, int]:
        """What `frame` takes between `stop` and the columns."""
        big = int(self.record.order == "big")
        return big, self.record.size, self.lengths, self.origin.snaplen, self.longest

    @property
    def settled(self) -> bool:
        """Whether the packets are in the file as they are judged and written."""
        dlt = self.origin.link.dlt
        return dlt != USB_MAPPED and not (self.origin.swapped and dlt in TURNERS)


class Desk:
    """The buffer and the columns that a stretch works with; the next one may use them again."""

    __slots__ = ("buffer", "columns", "room", "state")

    def __init__(self, chunk: int) -> None:
        self.buffer = bytearray(chunk)
        self.room = max(chunk // 16, 1)
        self.columns = tuple(array("I", bytes(4 * self.room)) for _ in range(3))
        self.state = array("q", bytes(8 * 5))


class Fault(NamedTuple):
    """What is wrong with a record, and where: an octet of the file, and the packets before it."""

    message: str
    offset: int
    before: int


class Stretch:
    """The records that begin from `start` to before `stop`, which are octets of the file.

    `seen` packets were looked at; `position` is how far was read, `next` where the next record
    begins, and `fault` what ended the reading before its end.
    """

    __slots__ = (
        "_desk",
        "_frame",
        "_layout",
        "_read",
        "_stop",
        "fault",
        "next",
        "position",
        "seen",
    )

    def __init__(
        self,
        layout: Layout,
        read: Read,
        frame: Loop,
        desk: Desk,
        *,
        start: int,
        stop: int = ENDLESS,
    ) -> None:
        self._layout, self._read, self._frame, self._desk = layout, read, frame, desk
        self._stop = stop
        self.position = self.next = start
        self.seen = 0
        self.fault: Fault | None = None

    def batches(self, limit: int | None = None) -> Iterator[PacketBatch]:
        """Give the packets that `frame` takes, in order, at most `limit`; a batch may be empty.

        Each is good until the next one is asked for.
        """
        desk, frame, layout, state = self._desk, self._frame, self._layout, self._desk.state
        numbers, columns, room = layout.numbers, desk.columns, desk.room
        origin, record = layout.origin, layout.record
        verbatim = record._replace(verbatim=record.size == 16 and not origin.swapped)
        settled = layout.settled
        start = have = 0
        while got := self._read(memoryview(desk.buffer)[have:]):
            have += got
            self.position += got
            base = self.position - have
            state[1] = framing.FULL
            while state[1] == framing.FULL:
                if limit is not None:
                    room = min(room, limit)
                count = frame(
                    desk.buffer, start, have, self._stop - base, *numbers, *columns, room, state
                )
                start = state[0]
                self.next = base + start
                self.seen += state[4]
                batch = PacketBatch(desk.buffer, count, *columns, origin=origin, record=record)
                if (settled or not settle(batch)) and not state[3]:
                    batch.record = verbatim
                yield batch
                if limit is not None:
                    limit -= count
                    if limit <= 0:
                        return
            if state[1] == framing.STOPPED:
                return
            if state[1] == framing.IMPOSSIBLE:
                self.fault = Fault(absurd(state[2], layout), self.next, self.seen)
                return
            have -= start
            if start:
                desk.buffer[:have] = desk.buffer[start : start + have]
                start = 0
            if have == len(desk.buffer):
                more = bytes(min(have, max(state[2] - have, 1)))
                desk.buffer = desk.buffer + more  # the old one may be in use by a batch
        if have:
            message = missing(state[2], have, record.size, origin.snaplen)
            self.fault = Fault(message, self.next, self.seen)


def absurd(caplen: int, layout: Layout) -> str:
    """Say what is wrong with a length."""
    snaplen = layout.origin.snaplen
    limit = f"snaplen of {snaplen}" if caplen > snaplen else f"maximum of {layout.longest}"
    return f"invalid packet capture length {caplen}, bigger than {limit}"


def missing(need: int, have: int, size: int, snaplen: int) -> str:
    """Say what is cut: a record's header of `size` octets, or the packet behind it.

    Of a packet longer than the snapshot length, what is kept is read first.
    """
    if have < size:
        return f"truncated dump file; tried to read {size} header bytes, only got {have}"
    need, have = need - size, have - size
    if have < snaplen:
        need = min(need, snaplen)
    return f"truncated dump file; tried to read {need} captured bytes, only got {have}"
