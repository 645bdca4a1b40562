"""Ranges scanned by several threads, and handed out in order.

The thread that hands them out is one of them: it scans a range of its own while the one that is
next is not ready. There are so many shelves, and nobody begins a range without one: so nobody gets
far ahead, and memory does not grow with the file. Python's lock is held for some microseconds a
range: reading and native code do without.
"""

import os
from _queue import Empty, SimpleQueue
from _thread import allocate_lock, start_new_thread
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

from pcapfilter.io.base import Portion, Ranges, Shelf

AHEAD = 2
"""How many shelves there are for each worker."""

SIZE = 2 << 20
"""Octets of a range."""

SPAN = 8
"""How many ranges are scanned in one go where little of them is kept."""

KEPT = 4 << 20
"""Octets that should be kept of what is scanned in one go: so many stay in some cache."""

MOST = 16
"""How many threads are of use: memory is not read faster by more."""


def usable_cores() -> int:
    """Give the number of cores that this process may use."""
    return len(os.sched_getaffinity(0))


def range_size() -> int:
    """Give how large the ranges are."""
    return SIZE


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


class Scanned(NamedTuple):
    """What was found in some ranges in a row, where it was kept, and how many they are."""

    span: int
    portion: Portion | None
    shelf: Shelf


class _Crew:
    """The threads, and what goes between them: free shelves one way, full ones the other.

    Of the shelves, the one that was in use last is taken first: it is still in the cache.
    """

    def __init__(self, ranges: Ranges, workers: int) -> None:
        self.ranges = ranges
        self.workers = workers
        self.longest = max(1, SPAN // workers * 2) if workers > 2 else SPAN
        self.span = 1
        self.taken = 0
        self.taking = allocate_lock()
        self.shelves: list[Shelf] = []
        self.free: SimpleQueue[None] = SimpleQueue()
        self.done: SimpleQueue[tuple[int, Scanned] | None] = SimpleQueue()
        for _ in range(AHEAD * workers if workers > 1 else 1):
            self.give_back(ranges.shelf(self.longest))
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

    def scanned(self) -> tuple[int, Scanned] | None:
        """Scan the next ranges that nobody has begun, on a free shelf; None if there are none."""
        shelf = self.shelves.pop()
        with self.taking:
            number = self.taken
            left = self.ranges.count - number
            span = min(self.span, max(1, left // (2 * self.workers)))
            self.taken += span
        if left <= 0:
            self.give_back(shelf)
            return None
        try:
            return number, Scanned(span, self.ranges.scan(number, span, shelf), shelf)
        except Exception:  # noqa: BLE001 -- confirm scans again, and raises it if it is true
            return number, Scanned(span, None, shelf)

    def portions(self) -> Iterator[Portion]:
        """Give the portions in order."""
        ready: dict[int, Scanned] = {}
        number = 0
        while number < self.ranges.count:
            while number not in ready:
                if (found := self.one_more()) is not None:
                    ready[found[0]] = found[1]
            span, portion, shelf = ready.pop(number)
            confirmed = self.ranges.confirm(number, span, portion, shelf)
            if confirmed is None:
                return
            self.fit(span, confirmed)
            yield confirmed
            self.give_back(shelf)
            number += span

    def fit(self, span: int, portion: Portion) -> None:
        """Take as many ranges in one go as keep what should be kept, by what these have kept."""
        kept = len(portion.octets) if portion.octets is not None else 0
        if portion.batch is None:
            self.span = max(1, min(self.longest, KEPT * span // max(kept, 1)))

    def one_more(self) -> tuple[int, Scanned] | None:
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
