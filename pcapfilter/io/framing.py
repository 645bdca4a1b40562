"""The loops over pcap records: where each packet begins, and how the selected ones are copied out.

`frame` asks `wanted` about each packet. By itself that takes everything; an engine that is handed
the loop may put a filter in its place, and then has one loop that frames and judges.

All are plain functions over indexed numbers, in the subset that the engine compiles, and serve as
they are where nothing is compiled. A record is seconds, parts of a second, captured length, wire
length (32 bits each), perhaps more header, and the packet.

Source of the rules: draft-ietf-opsawg-pcap, and what tcpdump does with records that break it.
"""

from collections.abc import MutableSequence, Sequence
from typing import Any

MORE, FULL, IMPOSSIBLE, STOPPED = 0, 1, 2, 3
"""Why `frame` came to an end.

No whole record is left, the columns are full, a length is absurd, or the next record begins where
it should stop or later.
"""

AS_IS, EXCHANGED, EXCHANGED_IF_LONGER = 0, 1, 2
"""Whether captured and wire length change places (in files older than version 2.4)."""

FRAME = "i64(u8*, i64, i64, i64, i64, i64, i64, i64, i64, u32*, u32*, u32*, i64, i64*)"
"""The signature of `frame`."""

GUESS = "i64(u8*, i64, i64, i64, i64, i64, i64, i64)"
"""The signature of `guess`."""

COLLECT = "i64(u8*, i64, u32*, u32*, u32*, i64, u8*, i64, i64, u32*, u32*, u32*)"
"""The signature of `collect`."""

CHAIN = 24
"""How many records in a row are enough for a guess."""

DAY = 86400

RUNS = "i64(u32*, i64, u32*, u32*, i64, u32*, u32*, i64, u8*, u8*)"
"""The signature of `runs`."""

GATHER = "i64(u8*, u32*, i64, u32*, u32*, u32*, i64, i64, i64, i64, u8*)"
"""The signature of `gather`."""


def word(buffer: Sequence[int], at: int, big: int) -> int:
    """Give the 32-bit number at `at`, whose most significant octet comes first where `big`."""
    a, b, c, d = buffer[at], buffer[at + 1], buffer[at + 2], buffer[at + 3]
    if big:
        return a << 24 | b << 16 | c << 8 | d
    return d << 24 | c << 16 | b << 8 | a


def put_word(buffer: MutableSequence[int], at: int, big: int, value: int) -> int:
    """Store a 32-bit number at `at`; give the place after it."""
    if big:
        buffer[at] = value >> 24 & 255
        buffer[at + 1] = value >> 16 & 255
        buffer[at + 2] = value >> 8 & 255
        buffer[at + 3] = value & 255
    else:
        buffer[at] = value & 255
        buffer[at + 1] = value >> 8 & 255
        buffer[at + 2] = value >> 16 & 255
        buffer[at + 3] = value >> 24 & 255
    return at + 4


def wanted(
    buffer: Sequence[int],  # noqa: ARG001 -- what stands here in its place looks at all of them
    offset: int,  # noqa: ARG001 -- likewise
    caplen: int,  # noqa: ARG001 -- likewise
    wirelen: int,  # noqa: ARG001 -- likewise
) -> int:
    """Tell whether a packet is wanted: here, each one is. A filter may stand in this place."""
    return 1


def move(source: Any, start: int, size: int, target: Any, at: int) -> int:
    """Copy octets to `at` in the target, which may be the source; give the place after.

    An engine may put the system's own call in this place.
    """
    target[at : at + size] = bytes(source[start : start + size])
    return at + size


def frame(
    buffer: Sequence[int],
    start: int,
    end: int,
    stop: int,
    big: int,
    header: int,
    lengths: int,
    snaplen: int,
    longest: int,
    offsets: MutableSequence[int],
    caplens: MutableSequence[int],
    wirelens: MutableSequence[int],
    room: int,
    state: MutableSequence[int],
) -> int:
    """Give the number of whole and wanted records in buffer[start:end], in the columns' rows.

    They begin before `stop`. A packet longer than `snaplen` is cut to it. `state` receives where
    the next record begins, why the loop ended, the octets that the next record needs (or its absurd
    length), how many packets are not what their record headers say, and how many were looked at.

    Each row is written and then kept or written over, which costs less than a branch.
    """
    at = start
    count = 0
    seen = 0
    why = FULL
    need = header
    altered = 0
    while count < room:
        if at >= stop:
            why = STOPPED
            break
        if at + header > end:
            why = MORE
            need = header
            break
        caplen = word(buffer, at + 8, big)
        wirelen = word(buffer, at + 12, big)
        if lengths == EXCHANGED or (lengths == EXCHANGED_IF_LONGER and caplen > wirelen):
            caplen, wirelen = wirelen, caplen
            altered += 1
        if caplen > longest:
            why = IMPOSSIBLE
            need = caplen
            break
        following = at + header + caplen
        if following > end:
            why = MORE
            need = header + caplen
            break
        if caplen > snaplen:
            caplen = snaplen
            altered += 1
        offsets[count] = at + header
        caplens[count] = caplen
        wirelens[count] = wirelen
        if wanted(buffer, at + header, caplen, wirelen) != 0:
            count += 1
        seen += 1
        at = following
    state[0] = at
    state[1] = why
    state[2] = need
    state[3] = altered
    state[4] = seen
    return count


def plausible(
    buffer: Sequence[int],
    at: int,
    before: int,
    apart: int,
    big: int,
    lengths: int,
    longest: int,
    unit: int,
) -> int:
    """Give the captured length of the record at `at`, or -1 where none seems to begin there.

    A record has parts of a second that fit, lengths that can be, and seconds that are no further
    than `apart` from those `before`.
    """
    caplen = word(buffer, at + 8, big)
    wirelen = word(buffer, at + 12, big)
    if lengths == EXCHANGED or (lengths == EXCHANGED_IF_LONGER and caplen > wirelen):
        caplen, wirelen = wirelen, caplen
    if word(buffer, at + 4, big) >= unit or caplen > longest or caplen > wirelen:
        return -1
    passed = word(buffer, at, big) - before
    if passed > apart or -passed > apart:
        return -1
    return caplen


def guess(
    buffer: Sequence[int],
    start: int,
    end: int,
    big: int,
    header: int,
    lengths: int,
    longest: int,
    unit: int,
) -> int:
    """Give the first place in buffer[start:end] where records seem to begin, or -1.

    From there on, one record after another is plausible, within a day of the one before. Payload
    may imitate that: a guess wants confirmation.
    """
    for first in range(start, end - header):
        at = first
        links = 0
        before = word(buffer, at, big)
        while links < CHAIN and at + header <= end:
            caplen = plausible(buffer, at, before, DAY, big, lengths, longest, unit)
            if caplen < 0:
                links = -1
                break
            before = word(buffer, at, big)
            links += 1
            at += header + caplen
        if links >= CHAIN or (links > 1 and at + header > end):
            return first
    return -1


def collect(
    buffer: Sequence[int],
    count: int,
    offsets: Sequence[int],
    caplens: Sequence[int],
    wirelens: Sequence[int],
    header: int,
    out: MutableSequence[int],
    at: int,
    rows: int,
    out_offsets: MutableSequence[int],
    out_caplens: MutableSequence[int],
    out_wirelens: MutableSequence[int],
) -> int:
    """Copy records as they are to `out` from `at` on, and add their rows; give the place after."""
    for index in range(count):
        caplen = caplens[index]
        start = offsets[index] - header
        size = header + caplen
        move(buffer, start, size, out, at)
        out_offsets[rows + index] = at + header
        out_caplens[rows + index] = caplen
        out_wirelens[rows + index] = wirelens[index]
        at += size
    return at


def runs(
    selected: Sequence[int],
    count: int,
    offsets: Sequence[int],
    caplens: Sequence[int],
    header: int,
    starts: MutableSequence[int],
    ends: MutableSequence[int],
    most: int,
    buffer: Sequence[int],
    out: MutableSequence[int],
) -> int:
    """Give the number of runs of neighbouring records among those selected, and their bounds.

    Where there are more than `most`, copy the records to `out` instead, and give minus the octets.
    """
    found = 0
    end = -1
    for number in range(count):
        index = selected[number]
        start = offsets[index] - header
        if start != end:
            if found == most:
                found += 1
                break
            if found > 0:
                ends[found - 1] = end
            starts[found] = start
            found += 1
        end = offsets[index] + caplens[index]
    if found <= most:
        if found > 0:
            ends[found - 1] = end
        return found
    at = 0
    for number in range(count):
        index = selected[number]
        start = offsets[index] - header
        at = move(buffer, start, header + caplens[index], out, at)
    return -at


def gather(
    buffer: Sequence[int],
    selected: Sequence[int],
    count: int,
    offsets: Sequence[int],
    caplens: Sequence[int],
    wirelens: Sequence[int],
    header: int,
    big: int,
    scale: int,
    big_out: int,
    out: MutableSequence[int],
) -> int:
    """Give the octets written to `out`: a plain record for each selected packet.

    Parts of a second are copied raw, or multiplied by 1000 (`scale` 1) or divided (-1). Of values
    that are out of range, tcpdump makes signed 32-bit numbers where the byte order is its own.
    """
    at = 0
    for number in range(count):
        index = selected[number]
        start = offsets[index]
        part = word(buffer, start - header + 4, big)
        if scale > 0:
            part = part * 1000 & 0xFFFFFFFF
        elif scale < 0:
            if part < 0x80000000 or big != big_out:
                part = part // 1000
            else:
                part = 0x100000000 - (0x100000000 - part) // 1000 & 0xFFFFFFFF
        at = put_word(out, at, big_out, word(buffer, start - header, big))
        at = put_word(out, at, big_out, part)
        caplen = caplens[index]
        at = put_word(out, at, big_out, caplen)
        at = put_word(out, at, big_out, wirelens[index])
        at = move(buffer, start, caplen, out, at)
    return at
