"""The loop that reads a range of a file by itself, and keeps of it no more than what is wanted.

In the form that the engine compiles; what it calls of the system, an engine puts in place.
"""

from collections.abc import MutableSequence
from os import preadv
from typing import Any

from pcapfilter.io.framing import EXCHANGED, EXCHANGED_IF_LONGER, guess, move, wanted, word

BEYOND = 4096
"""Octets read at once beyond a range's end, where the last record's end is all that is wanted."""

LINE = 64
"""Octets of a line of the processor's cache."""

NEXT, SEEN, START, KEPT, USED = range(5)
"""What `state` receives.

Where in the file the next record begins, how many packets were looked at, where in the file the
first record began, and where in the buffer what was kept begins and ends.
"""

SWEEP = "i64(i64, i64, i64, i64, u8*, i64, i64, i64, i64, i64, i64, i64, i64, i64*)"
"""The signature of `sweep`."""


def pread(descriptor: int, buffer: Any, at: int, room: int, offset: int) -> int:
    """Read octets of a file from `offset` on to `at` in the buffer; give how many.

    An engine may put the system's own call in this place, which gives -1 where it fails.
    """
    return preadv(descriptor, [buffer[at : at + room]], offset)


def sweep(
    descriptor: int,
    start: int,
    stop: int,
    search: int,
    buffer: MutableSequence[int],
    size: int,
    chunk: int,
    big: int,
    header: int,
    lengths: int,
    snaplen: int,
    longest: int,
    keep: int,
    state: MutableSequence[int],
) -> int:
    """Give the number of wanted records that begin from `start` to before `stop` in a file.

    Where `search` is not 0, the first record is looked for from `start` on, by headers with parts
    of a second below that number. With `keep`, the wanted records stay in the buffer of `size`
    octets, side by side: what is read, at most a `chunk` at once, comes behind them, and takes the
    place of what is not wanted. It lies in the cache's lines as it does in the file. -1 where there
    is anything out of the common: a record that is cut, does not fit into a chunk or is to be
    changed before it is kept, or no first record.
    """
    base = start
    place = start & LINE - 1
    used = place
    have = 0
    seen = 0
    matched = 0
    looking = search
    state[START] = start
    state[KEPT] = used
    while base < stop:
        ask = stop - base - have
        ask = max(ask, BEYOND)
        ask = min(ask, chunk - have)
        if ask == 0 or place + have + ask > size:
            return -1
        got = pread(descriptor, buffer, place + have, ask, base + have)
        if got <= 0:
            if got < 0 or have > 0:
                return -1
            break
        have += got
        at = place
        end = place + have
        limit = place + stop - base
        if looking != 0:
            at = guess(buffer, place, end, big, header, lengths, longest, looking)
            if at < 0:
                return -1
            looking = 0
            state[START] = base + at - place
            if keep != 0:
                used = at
                state[KEPT] = at
        first = at
        last = at
        while at < limit and at + header <= end:
            caplen = word(buffer, at + 8, big)
            wirelen = word(buffer, at + 12, big)
            changed = 0
            if lengths == EXCHANGED or (lengths == EXCHANGED_IF_LONGER and caplen > wirelen):
                caplen, wirelen = wirelen, caplen
                changed = 1
            if caplen > longest:
                return -1
            following = at + header + caplen
            if following > end:
                break
            if caplen > snaplen:
                caplen = snaplen
                changed = 1
            seen += 1
            if wanted(buffer, at + header, caplen, wirelen) != 0:
                matched += 1
                if keep != 0:
                    if changed != 0:
                        return -1
                    if last != at:
                        used = together(buffer, first, last, used)
                        first = at
                    last = following
            at = following
        used = together(buffer, first, last, used)
        base += at - place
        have = end - at
        place = used + ((base - used) & LINE - 1)
        if have > 0 and base < stop:
            move(buffer, at, have, buffer, place)
    state[NEXT] = base
    state[SEEN] = seen
    state[USED] = used
    return matched


def together(buffer: MutableSequence[int], first: int, last: int, used: int) -> int:
    """Let a run of records follow what ends at `used`; give where the run ends then."""
    if first not in (used, last):
        move(buffer, first, last - first, buffer, used)
    return used + last - first
