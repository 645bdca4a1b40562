"""A window of time: the packets in it are picked from those selected."""

from array import array
from collections.abc import MutableSequence, Sequence
from typing import NamedTuple

from pcapfilter.io.base import Native, plain
from pcapfilter.io.framing import word
from pcapfilter.packets import NANOSECONDS, PacketBatch

WITHIN = "i64(u8*, u32*, i64, u32*, i64, i64, i64, i64, i64, i64, u32*)"
"""The signature of `within`."""

EVER = 1 << 62


def within(
    buffer: Sequence[int],
    selected: Sequence[int],
    count: int,
    offsets: Sequence[int],
    header: int,
    big: int,
    low: int,
    low_part: int,
    high: int,
    high_part: int,
    kept: MutableSequence[int],
) -> int:
    """Give how many of the selected packets were taken at `low` or later, and before `high`.

    `kept` receives their indices. Both times are seconds and parts of a second.
    """
    found = 0
    for number in range(count):
        index = selected[number]
        at = offsets[index] - header
        seconds = word(buffer, at, big)
        part = word(buffer, at + 4, big)
        if seconds < low or (seconds == low and part < low_part):
            continue
        if seconds < high or (seconds == high and part < high_part):
            kept[found] = index
            found += 1
    return found


class Window(NamedTuple):
    """From `after` on, and before `before`: nanoseconds since 1970, or None for no bound."""

    after: int | None = None
    before: int | None = None
    native: Native = plain

    def narrow(self, batch: PacketBatch, selected: "array[int]") -> "array[int]":
        """Give the selected packets that are in the window."""
        record = batch.record
        kept = array("I", bytes(4 * len(selected)))
        found = self.native(within, WITHIN)(
            batch.buffer, selected, len(selected), batch.offsets, record.size,
            int(record.order == "big"),
            *_bound(self.after, -EVER, record.era, record.unit),
            *_bound(self.before, EVER, record.era, record.unit), kept,
        )  # fmt: skip
        return kept[:found]


def _bound(time: int | None, never: int, era: int, unit: int) -> tuple[int, int]:
    """Give a bound as a record of that era has it: seconds, and the first part not before it."""
    if time is None:
        return never, 0
    seconds, rest = divmod(time, NANOSECONDS)
    seconds = max(-EVER, min(seconds - (era << 32), EVER))
    return seconds, -(-rest * unit // NANOSECONDS)
