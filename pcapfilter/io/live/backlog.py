"""Blocks of the ring that were unloaded and not yet taken: packets wait here, not in the ring.

Whoever writes packets may be slower than they come, for a while. So every block that is ready is
unloaded before each batch is handed out, and goes back to the kernel at once.
"""

from array import array
from collections import deque
from typing import NamedTuple

from pcapfilter.io.base import Loop
from pcapfilter.io.live.tap import Tap
from pcapfilter.packets import Origin, PacketBatch, Record

MOST = 64 << 20
"""Octets that the backlog may hold."""

SMALLEST = 64
"""Octets that a packet takes in the ring at least."""


class Shelf(NamedTuple):
    """The packets of one block, as records, with their columns."""

    octets: bytearray
    columns: tuple["array[int]", "array[int]", "array[int]"]


class Waiting(NamedTuple):
    """Rows `first` to `end` of a shelf, which were chosen from `seen` packets."""

    shelf: Shelf
    first: int
    end: int
    seen: int


class Backlog:
    """What was unloaded from a tap; `seen` packets in all. `numbers` are as of `unload`."""

    def __init__(self, tap: Tap, numbers: tuple[int, int, int, int]) -> None:
        self._tap, self._numbers = tap, numbers
        self._free: list[Shelf] = []
        self._waiting: deque[Waiting] = deque()
        self._most = max(1, MOST // tap.block_size)
        self._state = array("q", bytes(8 * 3))
        self._lent: Shelf | None = None
        self.seen = 0

    def fill(self, loop: Loop) -> None:
        """Unload every block that is ready, as far as there is room."""
        while len(self._waiting) < self._most:
            block = self._tap.block()
            if block is None:
                return
            shelf = self._free.pop() if self._free else self._shelf()
            count = loop(
                self._tap.ring, block.first, block.packets, *self._numbers,
                shelf.octets, *shelf.columns, len(shelf.columns[0]), self._state,
            )  # fmt: skip
            self._tap.give_back(block)
            self.seen += self._state[2]
            self._waiting.append(Waiting(shelf, 0, count, self._state[2]))

    def batch(
        self, limit: int | None, origin: Origin, record: Record
    ) -> tuple[PacketBatch, int] | None:
        """Give the next packets, at most `limit`, and how many they were chosen from, if any wait.

        They are good until the next ones are asked for.
        """
        if self._lent is not None:
            self._free.append(self._lent)
            self._lent = None
        if not self._waiting:
            return None
        (octets, columns), first, end, seen = shelved = self._waiting.popleft()
        count = end - first
        if limit is not None and count > limit:
            self._waiting.appendleft(shelved._replace(first=first + limit, seen=seen - limit))
            count = seen = limit
        else:
            self._lent = shelved.shelf
        if first:
            offsets, caplens, wirelens = (column[first : first + count] for column in columns)
            columns = offsets, caplens, wirelens
        return PacketBatch(octets, count, *columns, origin=origin, record=record), seen

    def _shelf(self) -> Shelf:
        size = self._tap.block_size
        a, b, c = (array("I", bytes(4 * (size // SMALLEST))) for _ in range(3))
        return Shelf(bytearray(size), (a, b, c))
