"""The loops that write pcapng blocks: of packets from elsewhere, and of those kept of a file.

Plain functions over indexed numbers, like those of `framing`.

Source of the format: draft-ietf-opsawg-pcapng.
"""

from collections.abc import MutableSequence, Sequence

from pcapfilter.io.framing import move, put_word, word

ENCLOSE = "i64(u8*, u32*, i64, u32*, u32*, u32*, i64, i64, i64, i64, i64, i64, i64, u8*)"
"""The signature of `enclose`."""

SIFT = "i64(u8*, i64, i64, i64, u32*, i64, u32*, i64, u8*)"
"""The signature of `sift`."""


def enclose(
    buffer: Sequence[int],
    selected: Sequence[int],
    count: int,
    offsets: Sequence[int],
    caplens: Sequence[int],
    wirelens: Sequence[int],
    header: int,
    big: int,
    scale: int,
    unit: int,
    era: int,
    interface: int,
    big_out: int,
    out: MutableSequence[int],
) -> int:
    """Give the octets written to `out`: an enhanced packet block for each selected packet.

    Times count `unit` parts of a second. The parts in the records are multiplied by 1000 (`scale`
    1), divided by it (-1), or as they are; `era` counts 2**32 seconds.
    """
    at = 0
    for number in range(count):
        index = selected[number]
        start = offsets[index]
        seconds = word(buffer, start - header, big)
        part = word(buffer, start - header + 4, big)
        if scale > 0:
            part = part * 1000
        elif scale < 0:
            part = part // 1000
        time = seconds * unit + part
        high = (time >> 32) + era * unit & 0xFFFFFFFF
        caplen = caplens[index]
        padding = -caplen & 3
        total = 32 + caplen + padding
        at = put_word(out, at, big_out, 6)
        at = put_word(out, at, big_out, total)
        at = put_word(out, at, big_out, interface)
        at = put_word(out, at, big_out, high)
        at = put_word(out, at, big_out, time & 0xFFFFFFFF)
        at = put_word(out, at, big_out, caplen)
        at = put_word(out, at, big_out, wirelens[index])
        at = move(buffer, start, caplen, out, at)
        for octet in range(padding):
            out[at + octet] = 0
        at = put_word(out, at + padding, big_out, total)
    return at


def sift(
    buffer: Sequence[int],
    start: int,
    end: int,
    big: int,
    places: Sequence[int],
    count: int,
    selected: Sequence[int],
    chosen: int,
    out: MutableSequence[int],
) -> int:
    """Give the octets written to `out`: buffer[start:end] without the packets left out.

    `places` says where the block of each of `count` packets begins; `selected` are the indices of
    the `chosen` ones that stay, rising. Whatever else lies there stays, too.
    """
    at = start
    put = 0
    kept = 0
    for index in range(count):
        place = places[index]
        following = place + word(buffer, place + 4, big)
        size = place - at
        if kept < chosen and selected[kept] == index:
            kept += 1
            size = following - at
        put = move(buffer, at, size, out, put)
        at = following
    return move(buffer, at, end - at, out, put)
