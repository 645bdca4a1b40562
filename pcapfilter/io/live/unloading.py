"""The loop that copies packets out of a block of the ring, as the records of a pcap file.

On the way a VLAN tag that the kernel took out is put back, a cooked header is made, and `wanted` is
asked about each packet as the kernel showed it: without the tag, and behind 16 octets of metadata
(see `programs`). By itself `wanted` takes everything; an engine may put a filter in its place.

Source: linux/if_packet.h (struct tpacket3_hdr, struct sockaddr_ll).
"""

from collections.abc import MutableSequence, Sequence

from pcapfilter.io.framing import put_word, wanted, word

RAW, CAN_BUS, ETHERNET, SLL, SLL2 = 0, 1, 2, 3, 4
"""What comes off the socket: frames, those of CAN, those that may be tagged, or what is cooked."""

UNLOAD = "i64(u8*, i64, i64, i64, i64, i64, i64, u8*, u32*, u32*, u32*, i64, i64*)"
"""The signature of `unload`."""

NANOSECONDS_AT, CAPTURED_AT, LENGTH_AT, STATUS_AT = 8, 12, 16, 20
FRAME_AT, TAG_AT, TAG_TYPE_AT = 24, 32, 36
"""Places in struct tpacket3_hdr; the seconds stand at 4, and how far it is to the next one at 0."""

PROTOCOL_AT, INDEX_AT, KIND_AT, TYPE_AT, HALEN_AT, ADDRESS_AT = 50, 52, 56, 58, 59, 60
"""Places in the struct sockaddr_ll behind it."""

TAGGED, TAG_TYPE_KNOWN = 0x10, 0x40
"""Bits of the status: there was a tag, and its type is told."""

IP, IP6, VLAN, CAN, CAN_FD = 0x0800, 0x86DD, 0x8100, 0x000C, 0x000D

CAN_FLAGS_AT, FD_FRAME = 5, 0x04
"""Where a CAN frame has its flags, and the one that tells a CAN FD frame."""

RECORD, METADATA, TAG, ADDRESSES = 16, 16, 4, 12
"""Octets of a record's header, of the metadata, of a tag, and of what stands before a tag."""


def half(buffer: Sequence[int], at: int, big: int) -> int:
    """Give the 16-bit number at `at`, whose most significant octet comes first where `big`."""
    if big:
        return buffer[at] << 8 | buffer[at + 1]
    return buffer[at + 1] << 8 | buffer[at]


def put_half(buffer: MutableSequence[int], at: int, value: int) -> int:
    """Store a 16-bit number in network order; give the place after it."""
    buffer[at] = value >> 8 & 255
    buffer[at + 1] = value & 255
    return at + 2


def protocol_of(ring: Sequence[int], at: int, frame: int, captured: int, tagged: int) -> int:
    """Give the protocol of what begins at `frame` in the ring.

    Of a packet with two tags the kernel tells that behind the second one, which is left in the
    packet: there it stands again, and the address family of IP behind it.
    """
    protocol = half(ring, at + PROTOCOL_AT, 1)
    if tagged and captured > TAG and half(ring, frame + 2, 1) == protocol:
        version = ring[frame + TAG] >> 4
        if (protocol != IP or version == 4) and (protocol != IP6 or version == 6):
            return VLAN
    return protocol


def cook(
    ring: Sequence[int],
    at: int,
    big: int,
    kind: int,
    protocol: int,
    out: MutableSequence[int],
    to: int,
) -> int:
    """Make the header of a cooked packet, whose ring header is at `at`; give the place after it."""
    hardware = half(ring, at + KIND_AT, big)
    if kind == SLL2:
        to = put_half(out, to, protocol)
        to = put_half(out, to, 0)
        to = put_word(out, to, 1, word(ring, at + INDEX_AT, big))
        to = put_half(out, to, hardware)
        out[to] = ring[at + TYPE_AT]
        out[to + 1] = ring[at + HALEN_AT]
        to += 2
    else:
        to = put_half(out, to, ring[at + TYPE_AT])
        to = put_half(out, to, hardware)
        to = put_half(out, to, ring[at + HALEN_AT])
    for octet in range(8):
        out[to + octet] = ring[at + ADDRESS_AT + octet]
    to += 8
    if kind == SLL:
        to = put_half(out, to, protocol)
    return to


def put_tag(
    out: MutableSequence[int], start: int, kind: int, tag_type: int, tag: int
) -> int:  # fmt: skip
    """Put a tag back into the packet at `start`, whose front moves down; give where it begins now.

    In a cooked packet its type becomes the protocol, and the old one the first of what is carried.
    """
    first = start - TAG
    if kind == SLL2:
        protocol = half(out, start, 1)
        for octet in range(20):
            out[first + octet] = out[start + octet]
        put_half(out, first, tag_type)
        put_half(out, put_half(out, first + 20, tag), protocol)
        return first
    front = ADDRESSES if kind == ETHERNET else 14
    for octet in range(front):
        out[first + octet] = out[start + octet]
    put_half(out, put_half(out, first + front, tag_type), tag)
    return first


def settle_can(
    out: MutableSequence[int], start: int, captured: int, protocol: int, big: int
) -> int:  # fmt: skip
    """Put a CAN frame as it stands in captures: its number in network order, its kind in a flag."""
    if captured <= CAN_FLAGS_AT:
        return 0
    put_word(out, start, 1, word(out, start, big))
    flags = out[start + CAN_FLAGS_AT] & ~FD_FRAME
    if protocol == CAN_FD:
        flags |= FD_FRAME
    out[start + CAN_FLAGS_AT] = flags
    return 1


def unload(
    ring: Sequence[int],
    at: int,
    left: int,
    big: int,
    kind: int,
    divisor: int,
    snaplen: int,
    out: MutableSequence[int],
    offsets: MutableSequence[int],
    caplens: MutableSequence[int],
    wirelens: MutableSequence[int],
    room: int,
    state: MutableSequence[int],
) -> int:
    """Give the number of wanted packets, in the columns' rows and as records in `out`.

    `left` packets begin at `at` in the ring, whose numbers have the most significant octet first
    where `big`. `divisor` nanoseconds are a part of a second; longer packets are cut to `snaplen`.
    `state` receives where the next packet begins, how many are left, and how many were looked at.
    """
    count = 0
    seen = 0
    used = 0
    while left > 0 and count < room:
        status = word(ring, at + STATUS_AT, big)
        captured = word(ring, at + CAPTURED_AT, big)
        length = word(ring, at + LENGTH_AT, big)
        tag = word(ring, at + TAG_AT, big) & 0xFFFF
        tagged = 0
        if status & TAGGED and kind >= ETHERNET:
            tagged = TAG
        start = used + RECORD + tagged
        put_word(out, start - METADATA, 1, ring[at + TYPE_AT])
        put_word(out, start - METADATA + 4, 1, word(ring, at + INDEX_AT, big))
        put_word(out, start - METADATA + 8, 1, tag)
        put_word(out, start - METADATA + 12, 1, status >> 4 & 1)
        end = start
        frame = at + half(ring, at + FRAME_AT, big)
        protocol = protocol_of(ring, at, frame, captured, tagged)
        if kind >= SLL:
            end = cook(ring, at, big, kind, protocol, out, start)
        header = end - start
        for octet in range(captured):
            out[end + octet] = ring[frame + octet]
        caplen = header + captured
        wirelen = header + length
        if wanted(out, start - METADATA, METADATA + caplen, wirelen) != 0:
            if tagged:
                tag_type = VLAN
                if status & TAG_TYPE_KNOWN:
                    tag_type = half(ring, at + TAG_TYPE_AT, big)
                put_tag(out, start, kind, tag_type, tag)
            if kind == CAN_BUS or (kind >= SLL and CAN <= protocol <= CAN_FD):
                settle_can(out, end, captured, protocol, big)
            caplen += tagged
            caplen = min(caplen, snaplen)
            put_word(out, used, big, word(ring, at + 4, big))
            put_word(out, used + 4, big, word(ring, at + NANOSECONDS_AT, big) // divisor)
            put_word(out, used + 8, big, caplen)
            put_word(out, used + 12, big, wirelen + tagged)
            offsets[count] = used + RECORD
            caplens[count] = caplen
            wirelens[count] = wirelen + tagged
            used += RECORD + caplen
            count += 1
        seen += 1
        left -= 1
        at += word(ring, at, big)
    state[0] = at
    state[1] = left
    state[2] = seen
    return count
