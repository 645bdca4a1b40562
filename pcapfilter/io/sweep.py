"""The loop that reads a range of a file by itself, and keeps of it no more than what is wanted.

In the form that the engine compiles; what it calls of the system, an engine puts in place.
"""

from collections.abc import MutableSequence
from os import preadv
from typing import Any

from pcapfilter.io.framing import EXCHANGED, EXCHANGED_IF_LONGER, guess, move, wanted, word

BEYOND = 4096
"""Octets read at once beyond a range's end, where the last record's end is all that is wanted."""

NEXT, SEEN, START, USED = range(4)
"""What `state` receives.

Where in the file the next record begins, how many packets were looked at, where in the file the
first record began, and the octets kept.
"""

SWEEP = "i64(i64, i64, i64, i64, u8*, i64, i64, i64, i64, i64, i64, i64, u8*, i64, i64*)"
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
    big: int,
    header: int,
    lengths: int,
    snaplen: int,
    longest: int,
    keep: int,
    out: MutableSequence[int],
    most: int,
    state: MutableSequence[int],
) -> int:
    """Give the number of wanted records that begin from `start` to before `stop` in a file.

    Where `search` is not 0, the first record is looked for from `start` on, by headers with parts
    of a second below that number. With `keep`, the wanted records are copied to `out`, which takes
    `most` octets. -1 where there is anything out of the common: a record that is cut, does not
    fit into the buffer or is to be changed before it is kept, or no first record.
    """
    base = start
    have = 0
    used = 0
    seen = 0
    matched = 0
    looking = search
    state[START] = start
    while base < stop:
        ask = stop - base - have
        ask = max(ask, BEYOND)
        ask = min(ask, size - have)
        if ask == 0:
            return -1
        got = pread(descriptor, buffer, have, ask, base + have)
        if got <= 0:
            if got < 0 or have > 0:
                return -1
            break
        have += got
        at = 0
        if looking != 0:
            at = guess(buffer, have, big, header, lengths, longest, looking)
            if at < 0:
                return -1
            looking = 0
            state[START] = base + at
        limit = stop - base
        first = at
        last = at
        while at < limit and at + header <= have:
            caplen = word(buffer, at + 8, big)
            wirelen = word(buffer, at + 12, big)
            changed = 0
            if lengths == EXCHANGED or (lengths == EXCHANGED_IF_LONGER and caplen > wirelen):
                caplen, wirelen = wirelen, caplen
                changed = 1
            if caplen > longest:
                return -1
            following = at + header + caplen
            if following > have:
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
                        if used + (last - first) > most:
                            return -1
                        used = move(buffer, first, last - first, out, used)
                        first = at
                    last = following
            at = following
        if last != first:
            if used + (last - first) > most:
                return -1
            used = move(buffer, first, last - first, out, used)
        have -= at
        base += at
        if at >= limit:
            break
        if at > 0 and have > 0:
            move(buffer, at, have, buffer, 0)
    state[NEXT] = base
    state[SEEN] = seen
    state[USED] = used
    return matched
