"""Ranges scanned by several threads, and handed out in order.

The threads hold Python's lock only between chunks: reading and native code give it up. They may be
a few ranges ahead of whoever takes the portions, so that memory does not grow with the file.
"""

import os
from collections.abc import Iterator

from pcapfilter.io.base import Portion, Ranges

AHEAD = 2
"""How many portions a worker may have lying ready."""

LARGEST, SMALLEST = 2 << 20, 1 << 19
"""Octets of a range: enough to be worth a guess, and few enough to be kept."""

MEMORY = 32 << 20
"""Octets of all ranges that are in work or lie ready."""

MOST = 16
"""How many threads are of use: memory is not read faster by more."""


def usable_cores() -> int:
    """Give the number of cores that this process may use."""
    return len(os.sched_getaffinity(0))


def range_size(workers: int) -> int:
    """Give how large the ranges are for so many workers."""
    return max(SMALLEST, min(LARGEST, MEMORY // (workers * AHEAD)))


def in_order(ranges: Ranges, workers: int) -> Iterator[Portion]:
    """Give the portions in order, up to the end of the capture or its damage.

    What a scan raises is raised here only if the range turns out to be one: a scan that began at a
    wrong guess has judged what are no packets.
    """
    if workers == 1:
        yield from one_by_one(ranges)
        return
    from threading import Condition, Thread

    workers = min(workers, MOST, ranges.count)

    state = Condition()
    ready: dict[int, Portion | None] = {}
    taken = done = 0
    stopped = False

    def work() -> None:
        nonlocal taken
        while True:
            with state:
                while taken >= done + workers * AHEAD and not stopped:
                    state.wait()
                if stopped or taken == ranges.count:
                    return
                number = taken
                taken += 1
            try:
                portion = ranges.scan(number)
            except Exception:  # noqa: BLE001 -- confirm scans again, and raises it if it is true
                portion = None
            with state:
                ready[number] = portion
                state.notify_all()

    threads = [Thread(target=work, daemon=True) for _ in range(workers)]
    try:
        for thread in threads:
            thread.start()
        for number in range(ranges.count):
            with state:
                while number not in ready:
                    state.wait()
                found = ready.pop(number)
            portion = ranges.confirm(number, found)
            if portion is None:
                return
            yield portion
            with state:
                done += 1
                state.notify_all()
    finally:
        with state:
            stopped = True
            state.notify_all()
        for thread in threads:
            thread.join()


def one_by_one(ranges: Ranges) -> Iterator[Portion]:
    """Give the portions in order, each scanned when it is wanted."""
    for number in range(ranges.count):
        portion = ranges.confirm(number, None)
        if portion is None:
            return
        yield portion
