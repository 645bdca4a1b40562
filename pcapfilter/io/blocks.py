"""The loop over pcapng blocks: each packet is copied out as a plain pcap record.

Plain functions over indexed numbers, like those of `framing`. The loop passes over blocks that hold
no packet, and ends at those that change the meaning of what follows: section headers and
interface descriptions, which Python reads.

Source of the format: draft-ietf-opsawg-pcapng; of what is refused: what tcpdump refuses.
"""

import sys
from collections.abc import MutableSequence, Sequence

from pcapfilter.io.framing import move, put_word, word

SECTION, INTERFACE, OLD_PACKET, SIMPLE_PACKET, ENHANCED_PACKET = 0x0A0D0D0A, 1, 2, 3, 6
STATISTICS = 5
"""Types of blocks."""

MARK, TURNED_MARK = 0x1A2B3C4D, 0x4D3C2B1A
"""What a section header says of the byte order, read with the most significant octet first."""

(
    MORE, FULL, OTHER, NO_MARK, SHORT, UNEVEN, LARGE, TRAILER, CRAMPED, NO_INTERFACE, LONG,
) = range(11)  # fmt: skip
"""Why `blocks` came to an end.

No whole block is left; the next packet begins another batch; a section header or an interface
description stands there, whole. The others are faults: no byte order, a length below 12, one that
is no multiple of 4, one beyond all blocks, two lengths that differ, a block that ends before what
it holds, an interface that was not described, a packet longer than its snapshot length.
"""

COLUMNS = 6
"""Numbers for each interface: see `blocks`."""

BLOCKS = "i64(u8*, i64, i64, i64, i64*, i64, i64, u8*, u32*, u32*, u32*, u32*, i64, i64*)"
"""The signature of `blocks`."""

QUICK_TICKS = 1 << 31
"""So many ticks a second, at most, leave room for plain arithmetic on 63 bits.

The next higher number of ticks that an interface can have is beyond 2**32.
"""

BIG_HERE = int(sys.byteorder == "big")


def long_quotient(high: int, low: int, bits: int, divisor: int, state: MutableSequence[int]) -> int:
    """Divide high * 2**bits + low, where high < divisor < 2**62, bit by bit.

    `state[5]` receives the remainder.
    """
    quotient = 0
    rest = high
    for bit in range(bits):
        rest = rest << 1 | (low >> (bits - 1 - bit) & 1)
        quotient <<= 1
        if rest >= divisor:
            rest -= divisor
            quotient |= 1
    state[5] = rest
    return quotient


def long_part(rest: int, unit: int, divisor: int) -> int:
    """Give rest * unit // divisor, where rest < divisor < 2**62 and unit < 2**30, bit by bit."""
    quotient = 0
    left = 0
    for bit in range(30):
        quotient <<= 1
        left <<= 1
        if left >= divisor:
            left -= divisor
            quotient += 1
        if unit >> (29 - bit) & 1:
            left += rest
            if left >= divisor:
                left -= divisor
                quotient += 1
    return quotient


def split_time(
    high: int, low: int, table: Sequence[int], row: int, state: MutableSequence[int]
) -> int:
    """Give the parts of a second in a time stamp of 64 bits.

    `state[3]` receives the seconds' lower 32 bits, and `state[4]` what stands above them.
    """
    ticks = table[row + 3]
    if ticks <= QUICK_TICKS:
        upper = high // ticks
        rest = (high % ticks) << 32 | low
        seconds = rest // ticks
        part = rest % ticks * table[row + 2] // ticks
    else:
        upper = 0
        seconds = long_quotient(high, low, 32, ticks, state)
        part = long_part(state[5], table[row + 2], ticks)
    seconds += table[row + 5]
    state[3] = seconds & 0xFFFFFFFF
    state[4] = upper + table[row + 4] + (seconds >> 32)
    return part


def blocks(
    buffer: Sequence[int],
    start: int,
    end: int,
    big: int,
    table: Sequence[int],
    interfaces: int,
    longest: int,
    out: MutableSequence[int],
    offsets: MutableSequence[int],
    caplens: MutableSequence[int],
    wirelens: MutableSequence[int],
    places: MutableSequence[int],
    room: int,
    state: MutableSequence[int],
) -> int:
    """Give the number of packets copied to `out` from the whole blocks in buffer[start:end].

    `places` receives where the packets' blocks begin.

    `big` is 1 where the most significant octet comes first, 0 where it comes last, and -1 at the
    first section header, whose own order is told in it, and whose end tcpdump does not look at.

    `table` has a row of COLUMNS numbers for each of the interfaces: the kind of batch that its
    packets belong to, snapshot length, parts of a second that are wanted, ticks a second of its
    time stamps, and the upper and the lower 32 bits of the seconds to be added.

    `state` receives where the next block begins, why the loop ended, a number that belongs to the
    reason, two of `split_time`'s, a remainder, and of these packets the kind and the upper bits of
    the seconds.
    """
    at = start
    count = 0
    put = 0
    why = FULL
    detail = 0
    while True:
        if at + 8 > end:
            why = MORE
            detail = 8
            break
        kind = word(buffer, at, big)
        order = big
        if kind == SECTION:
            if at + 12 > end:
                why = MORE
                detail = 12
                break
            mark = word(buffer, at + 8, 1)
            order = 0
            if mark == MARK:
                order = 1
            elif mark != TURNED_MARK:
                why = NO_MARK
                break
        packet = kind in (ENHANCED_PACKET, SIMPLE_PACKET, OLD_PACKET)
        if packet and count >= room:
            break
        length = word(buffer, at + 4, order)
        detail = length
        if length < 12:
            why = SHORT
            break
        if length % 4 != 0 and big >= 0:
            why = UNEVEN
            break
        if length > longest:
            why = LARGE
            break
        if at + length > end:
            why = MORE
            break
        if word(buffer, at + length - 4, order) != length and big >= 0:
            why = TRAILER
            break
        if kind in (SECTION, INTERFACE):
            why = OTHER
            break
        if not packet:
            at += length
            continue
        data = at + 28
        if kind == SIMPLE_PACKET:
            data = at + 12
        if data + 4 > at + length:
            why = CRAMPED
            detail = kind
            break
        number = 0
        if kind == ENHANCED_PACKET:
            number = word(buffer, at + 8, big)
        elif kind == OLD_PACKET:
            number = buffer[at + 8] | buffer[at + 9] << 8
            if big:
                number = buffer[at + 8] << 8 | buffer[at + 9]
        if number >= interfaces:
            why = NO_INTERFACE
            detail = number
            break
        row = number * COLUMNS
        high = 0
        low = 0
        if kind == SIMPLE_PACKET:
            wirelen = word(buffer, at + 8, big)
            caplen = min(wirelen, table[row + 1])
        else:
            high = word(buffer, at + 12, big)
            low = word(buffer, at + 16, big)
            caplen = word(buffer, at + 20, big)
            wirelen = word(buffer, at + 24, big)
        if caplen > table[row + 1]:
            why = LONG
            detail = number
            state[5] = caplen
            break
        if data + caplen + 4 > at + length:
            why = CRAMPED
            detail = kind
            break
        part = split_time(high, low, table, row, state)
        if count > 0 and (table[row] != state[6] or state[4] != state[7]):
            break
        state[6] = table[row]
        state[7] = state[4]
        put = put_word(out, put, BIG_HERE, state[3])
        put = put_word(out, put, BIG_HERE, part)
        put = put_word(out, put, BIG_HERE, caplen)
        put = put_word(out, put, BIG_HERE, wirelen)
        move(buffer, data, caplen, out, put)
        offsets[count] = put
        caplens[count] = caplen
        wirelens[count] = wirelen
        places[count] = at
        put += caplen
        count += 1
        at += length
    state[0] = at
    state[1] = why
    state[2] = detail
    return count
