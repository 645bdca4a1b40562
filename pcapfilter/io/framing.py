"""The loops over pcap records: where each packet begins, and how the selected ones are copied out.

All are plain functions over indexed numbers, in the subset that the engine compiles, and serve as
they are where nothing is compiled. A record is seconds, parts of a second, captured length, wire
length (32 bits each), perhaps more header, and the packet.

Source of the rules: draft-ietf-opsawg-pcap, and what tcpdump does with records that break it.
"""

from collections.abc import MutableSequence, Sequence

MORE, FULL, IMPOSSIBLE = 0, 1, 2
"""Why `frame` came to an end: no whole record is left, the columns are full, a length is absurd."""

AS_IS, EXCHANGED, EXCHANGED_IF_LONGER = 0, 1, 2
"""Whether captured and wire length change places (in files older than version 2.4)."""

FRAME = "i64(u8*, i64, i64, i64, i64, i64, i64, i64, u32*, u32*, u32*, i64, i64*)"
"""The signature of `frame`."""

RUNS = "i64(u32*, i64, u32*, u32*, i64, u32*, u32*)"
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


def frame(
    buffer: Sequence[int],
    start: int,
    end: int,
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
    """Give the number of whole records in buffer[start:end], and fill the columns' rows for them.

    A packet longer than `snaplen` is cut to it. `state` receives where the next record begins, why
    the loop ended, the octets that the next record needs (or its absurd length), and how many
    packets are not what their record headers say.
    """
    at = start
    count = 0
    why = FULL
    need = header
    altered = 0
    while count < room:
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
        if at + header + caplen > end:
            why = MORE
            need = header + caplen
            break
        offsets[count] = at + header
        caplens[count] = caplen
        wirelens[count] = wirelen
        if caplen > snaplen:
            caplens[count] = snaplen
            altered += 1
        count += 1
        at += header + caplen
    state[0] = at
    state[1] = why
    state[2] = need
    state[3] = altered
    return count


def runs(
    selected: Sequence[int],
    count: int,
    offsets: Sequence[int],
    caplens: Sequence[int],
    header: int,
    starts: MutableSequence[int],
    ends: MutableSequence[int],
) -> int:
    """Give the number of runs of neighbouring records among those selected, and their bounds."""
    found = 0
    end = -1
    for number in range(count):
        index = selected[number]
        start = offsets[index] - header
        if start != end:
            if found > 0:
                ends[found - 1] = end
            starts[found] = start
            found += 1
        end = offsets[index] + caplens[index]
    if found > 0:
        ends[found - 1] = end
    return found


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

    Parts of a second are copied raw, or multiplied by 1000 (`scale` 1) or divided (-1), as signed
    32-bit numbers, which is what tcpdump makes of values that are out of range.
    """
    at = 0
    for number in range(count):
        index = selected[number]
        start = offsets[index]
        part = word(buffer, start - header + 4, big)
        if scale > 0:
            part = part * 1000 & 0xFFFFFFFF
        elif scale < 0:
            if part < 0x80000000:
                part = part // 1000
            else:
                part = 0x100000000 - (0x100000000 - part) // 1000 & 0xFFFFFFFF
        at = put_word(out, at, big_out, word(buffer, start - header, big))
        at = put_word(out, at, big_out, part)
        caplen = caplens[index]
        at = put_word(out, at, big_out, caplen)
        at = put_word(out, at, big_out, wirelens[index])
        for octet in range(caplen):
            out[at + octet] = buffer[start + octet]
        at += caplen
    return at
