"""Going on behind damage: where the next record or block seems to begin.

Plain functions over indexed numbers, like those of `framing`, and what notes the damage.
"""

from collections.abc import Sequence
from typing import NamedTuple

from pcapfilter.errors import CaptureError
from pcapfilter.io.base import Native
from pcapfilter.io.blocks import MARK, SECTION, TURNED_MARK
from pcapfilter.io.framing import EXCHANGED, EXCHANGED_IF_LONGER, word
from pcapfilter.io.stretch import Layout, Read

LINKS = 3
"""So many plausible records in a row are believed."""

MONTH = 31 * 86400

WINDOW = 1024 * 1024
"""Octets looked through at once."""

MOST_TOLD = 20
"""So many damages of a capture are kept to be told; the others are counted."""

RESUME = "i64(u8*, i64, i64, i64, i64, i64, i64, i64)"
"""The signature of `resume`."""

RESUME_BLOCK = "i64(u8*, i64, i64, i64, i64)"
"""The signature of `resume_block`."""


def resume(
    buffer: Sequence[int],
    end: int,
    final: int,
    big: int,
    header: int,
    lengths: int,
    longest: int,
    unit: int,
) -> int:
    """Give the first place in buffer[:end] where plausible records begin, or -1.

    Each has octets, but no more than were on the wire, parts of a second that fit, and was taken
    within a month of the one before. `final` says that nothing comes after the end.
    """
    for first in range(end - header):
        at = first
        links = 0
        before = word(buffer, at, big)
        while links < LINKS and at + header <= end:
            seconds = word(buffer, at, big)
            caplen = word(buffer, at + 8, big)
            wirelen = word(buffer, at + 12, big)
            if lengths == EXCHANGED or (lengths == EXCHANGED_IF_LONGER and caplen > wirelen):
                caplen, wirelen = wirelen, caplen
            if caplen == 0 or caplen > longest or caplen > wirelen or seconds == 0:
                links = -1
                break
            if word(buffer, at + 4, big) >= unit:
                links = -1
                break
            if seconds - before > MONTH or before - seconds > MONTH:
                links = -1
                break
            before = seconds
            links += 1
            at += header + caplen
        if links >= LINKS or (links > 0 and at == end) or (links > final and at > end - header):
            return first
    return -1


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
            if mark != MARK and mark != TURNED_MARK:  # noqa: PLR1714 -- no tuples in compiled loops
                continue
            order = int(mark == MARK)
        elif (kind == 0 or kind > 6) and kind != 9 and kind != 10 and kind & 0xBFFFFFFF != 0x0BAD:  # noqa: PLR1714 -- likewise
            continue
        length = word(buffer, at + 4, order)
        if length < 12 or length % 4 != 0 or length > longest:
            continue
        if at + length > end:
            return -2 - at
        if word(buffer, at + length - 4, order) == length:
            return at
    return -1


class Resumed(NamedTuple):
    """Where reading goes on, and what has been read from there on already."""

    place: int
    rest: bytes


def next_record(
    layout: Layout, read: Read, rest: bytes, place: int, native: Native
) -> Resumed | None:
    """Look for the next record behind damage at `place`, from which on `rest` has been read."""
    loop = native(resume, RESUME)
    big, header, lengths, _, longest = layout.numbers
    unit = layout.record.unit
    octets, place = bytearray(rest[1:]), place + 1
    room = bytearray(WINDOW)
    while True:
        while len(octets) < WINDOW and (got := read(memoryview(room))):
            octets += memoryview(room)[:got]
        final = int(len(octets) < WINDOW)
        found = loop(octets, len(octets), final, big, header, lengths, longest, unit)
        if found >= 0:
            return Resumed(place + found, bytes(memoryview(octets)[found:]))
        if final:
            return None
        passed = len(octets) - header
        del octets[:passed]
        place += passed


def pushed_back(rest: bytes, read: Read) -> Read:
    """Give what reads `rest` again before it reads on."""
    left = memoryview(rest)

    def again(view: memoryview) -> int:
        nonlocal left
        if not left:
            return read(view)
        got = min(len(left), len(view))
        view[:got] = left[:got]
        left = left[got:]
        return got

    return again


class Damages:
    """What is wrong with a capture that is read on all the same: the first faults, and how many."""

    def __init__(self) -> None:
        self.told: list[CaptureError] = []
        self.count = 0

    def add(self, fault: CaptureError, left_out: int) -> None:
        """Take note of a fault, and of how many octets are left out for it."""
        self.count += 1
        if len(self.told) < MOST_TOLD:
            self.told.append(CaptureError(
                f"{fault.message}; {left_out} octets are left out",
                name=fault.name, offset=fault.offset, packet=fault.packet,
            ))  # fmt: skip
