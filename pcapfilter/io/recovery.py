"""Going on behind damage: where the next pcapng block seems to begin, and what is told of it.

`resume_block` is a plain function over indexed numbers, like those of `framing`.
"""

from collections.abc import Sequence

from pcapfilter.errors import CaptureError
from pcapfilter.io.blocks import MARK, SECTION, TURNED_MARK
from pcapfilter.io.framing import word

MOST_TOLD = 20
"""So many damages of a capture are kept to be told; the others are counted."""

RESUME_BLOCK = "i64(u8*, i64, i64, i64, i64)"
"""The signature of `resume_block`."""


def resume_block(buffer: Sequence[int], start: int, end: int, big: int, longest: int) -> int:
    """Give the first place from `start` on where a block seems to begin; or -1.

    It is of a known type, and its two lengths are the same. Where it depends on what comes after
    the end, give -2 minus its place.
    """
    for at in range(start, end - 11):
        kind = word(buffer, at, big)
        order = big
        if kind == SECTION:
            mark = word(buffer, at + 8, 1)
            if mark not in (MARK, TURNED_MARK):
                continue
            order = int(mark == MARK)
        elif not 1 <= kind <= 6 and kind not in (9, 10) and kind & 0xBFFFFFFF != 0x0BAD:
            continue
        length = word(buffer, at + 4, order)
        if length < 12 or length % 4 != 0 or length > longest:
            continue
        if at + length > end:
            return -2 - at
        if word(buffer, at + length - 4, order) == length:
            return at
    return -1


class Damages:
    """What is wrong with a capture that is read on all the same: the first faults, and how many."""

    def __init__(self) -> None:
        self.told: list[CaptureError] = []
        self.count = 0

    def add(self, fault: CaptureError, left_out: int) -> None:
        """Take note of a fault, and of how many octets are left out for it."""
        self.count += 1
        if len(self.told) < MOST_TOLD:
            message = fault.message + f"; {left_out} octets are left out" * (left_out > 0)
            self.told.append(
                CaptureError(message, name=fault.name, offset=fault.offset, packet=fault.packet)
            )
