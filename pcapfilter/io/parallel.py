"""Ranges scanned by several threads, and handed out in order.

The thread that hands them out is one of them: it scans a range of its own while the one that is
next is not ready. There are so many shelves, and nobody begins a range without one: so nobody gets
far ahead, and memory does not grow with the file. Python's lock is held for some microseconds a
range: reading and native code do without.
"""

import os
from _queue import Empty, SimpleQueue
from _thread import start_new_thread
from collections.abc import Iterator
from contextlib import suppress
from itertools import count

from pcapfilter.io.base import NOTHING, Portion, Ranges, Shelf

AHEAD = 2
"""How many shelves there are for each worker."""

SIZE, SMALL_SIZE = 16 << 20, 2 << 20
"""Octets of a range of which nothing is kept, and of one of which everything may be."""

MOST = 16
"""How many threads are of use: memory is not read faster by more."""


def usable_cores() -> int:
    """Give the number of cores that this process may use."""
    return len(os.sched_getaffinity(0))


def range_size(keep: int) -> int:
    """Give how large the ranges are, of whose packets so much is kept."""
    return SIZE if keep == NOTHING else SMALL_SIZE


def in_order(ranges: Ranges, workers: int) -> Iterator[Portion]:
    """Give the portions in order, up to the end of the capture or its damage.

    A portion is good until the next one is asked for. What a scan raises is raised here only if
    the range turns out to be one: a scan from a wrong guess has judged what are no packets.
    """
    crew = _Crew(ranges, min(workers, MOST, ranges.count))
    try:
        yield from crew.portions()
    finally:
        crew.dismiss()


class _Crew:
    """The threads, and what goes between them: free shelves one way, full ones the other.

    Of the shelves, the one that was in use last is taken first: it is still in the cache.
    """

    def __init__(self, ranges: Ranges, workers: int) -> None:
        self.ranges = ranges
        self.numbers = count()
        self.shelves: list[Shelf] = []
        self.free: SimpleQueue[None] = SimpleQueue()
        self.done: SimpleQueue[tuple[int, Portion | None, Shelf] | None] = SimpleQueue()
        for _ in range(AHEAD * workers if workers > 1 else 1):
            self.give_back(ranges.shelf())
        self.stopped = False
        self.threads = 0
        for _ in range(workers - 1):
            start_new_thread(self.work, ())
            self.threads += 1

    def give_back(self, shelf: Shelf) -> None:
        """Let the next range have a shelf."""
        self.shelves.append(shelf)
        self.free.put(None)

    def work(self) -> None:
        """Scan whatever range is next, until there is none."""
        try:
            while True:
                self.free.get()
                if self.stopped or (found := self.scanned()) is None:
                    return
                self.done.put(found)
        finally:
            self.done.put(None)

    def scanned(self) -> tuple[int, Portion | None, Shelf] | None:
        """Scan the next range that nobody has begun, on a free shelf; None if there is none."""
        number, shelf = next(self.numbers), self.shelves.pop()
        if number >= self.ranges.count:
            self.give_back(shelf)
            return None
        try:
            return number, self.ranges.scan(number, shelf), shelf
        except Exception:  # noqa: BLE001 -- confirm scans again, and raises it if it is true
            return number, None, shelf

    def portions(self) -> Iterator[Portion]:
        """Give the portions in order."""
        ready: dict[int, tuple[Portion | None, Shelf]] = {}
        for number in range(self.ranges.count):
            while number not in ready:
                if (found := self.one_more()) is not None:
                    ready[found[0]] = found[1:]
            portion, shelf = ready.pop(number)
            confirmed = self.ranges.confirm(number, portion, shelf)
            if confirmed is None:
                return
            yield confirmed
            self.give_back(shelf)

    def one_more(self) -> tuple[int, Portion | None, Shelf] | None:
        """Give a range that is done, or that is done now, or wait for one."""
        try:
            found = self.done.get_nowait()
        except Empty:
            with suppress(Empty):
                self.free.get_nowait()
                if (mine := self.scanned()) is not None:
                    return mine
            found = self.done.get()
        if found is None:
            self.threads -= 1
        return found

    def dismiss(self) -> None:
        """Let the threads come to an end, and wait for that."""
        self.stopped = True
        for _ in range(self.threads):
            self.free.put(None)
        while self.threads:
            self.threads -= self.done.get() is None
