"""Packets and batches of packets: what io makes and engines eat.

A batch is a buffer and three columns of 32-bit numbers. It holds no NumPy: `array` and
`bytearray` take part in the buffer protocol, so that a view is made by whoever wants one.
"""

import sys
from array import array
from collections.abc import Iterator
from struct import Struct
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from pcapfilter.net.linktype import LinkType

MAXIMUM_SNAPLEN = 262144
"""The snapshot length of whole packets, and the longest record of most link types."""

NANOSECONDS = 1_000_000_000

STAMPS = {"little": Struct("<II"), "big": Struct(">II")}
"""Seconds and parts of a second, at the beginning of a record's header, by byte order."""


class Origin(NamedTuple):
    """Where packets come from, as far as the program that judges them depends on it.

    `source` tells a savefile from an interface, and is None for no capture in particular; `swapped`
    says that it was written in the other byte order.
    """

    link: "LinkType"
    snaplen: int = MAXIMUM_SNAPLEN
    source: Literal["file", "live"] | None = "file"
    swapped: bool = False


class Packet(NamedTuple):
    """One packet: when it came (since 1970), how much was captured, how long it was, its bytes.

    `origin` says more than `link` of where it comes from, where that is known.
    """

    time_ns: int
    caplen: int
    wirelen: int
    data: bytes
    link: "LinkType"
    origin: Origin | None = None


class Record(NamedTuple):
    """How the record header in front of each packet is laid out.

    `size` is in octets; `order` the byte order of its fields, of which the first two are the
    seconds and the parts of a second; `unit` how many such parts make a second. Where `verbatim`,
    header and packet are, octet for octet, the record that we would write for this packet. `era`
    counts the 2**32 seconds that are to be added, of which a header has no room to tell.
    """

    size: int = 16
    order: Literal["little", "big"] = sys.byteorder
    unit: int = 1_000_000
    verbatim: bool = False
    era: int = 0


class Blocks(NamedTuple):
    """What a batch was made of: buffer[start:end], whole pcapng blocks of one byte order.

    `places` says where the block of each packet begins, and `turned` where each section header and
    interface description begins and ends, all of which come before the first packet.
    """

    buffer: bytearray
    start: int
    end: int
    order: str
    places: "array[int]"
    turned: tuple[tuple[int, int], ...] = ()


class PacketBatch:
    """Some packets of one origin, in the order of the capture.

    `offsets` (of the packet, in `buffer`), `caplens` and `wirelens` are arrays of unsigned 32-bit
    numbers of which the first `count` are in use. A source may use the same buffer and arrays
    again for its next batch. A source that was asked for whole blocks hands them out as `blocks`,
    and batches without a packet, too.
    """

    __slots__ = ("blocks", "buffer", "caplens", "count", "offsets", "origin", "record", "wirelens")

    def __init__(
        self,
        buffer: bytearray,
        count: int,
        offsets: "array[int]",
        caplens: "array[int]",
        wirelens: "array[int]",
        *,
        origin: Origin,
        record: Record,
    ) -> None:
        self.buffer = buffer
        self.count = count
        self.offsets = offsets
        self.caplens = caplens
        self.wirelens = wirelens
        self.origin = origin
        self.record = record
        self.blocks: Blocks | None = None

    @property
    def link(self) -> "LinkType":
        """The link type of these packets."""
        return self.origin.link

    def __len__(self) -> int:
        """Give the number of packets."""
        return self.count

    def octets(self, index: int) -> bytes:
        """Give a copy of one packet's captured bytes."""
        start = self.offsets[index]
        return bytes(self.buffer[start : start + self.caplens[index]])

    def stamp(self, index: int) -> tuple[int, int]:
        """Give the seconds and the parts of a second that stand in a packet's record header."""
        seconds, part = STAMPS[self.record.order].unpack_from(
            self.buffer, self.offsets[index] - self.record.size
        )
        return seconds, part

    def packet(self, index: int) -> Packet:
        """Give one packet as a value of its own, which stays good when the buffer is used again."""
        seconds, part = self.stamp(index)
        return Packet(
            (seconds + (self.record.era << 32)) * NANOSECONDS
            + part * (NANOSECONDS // self.record.unit),
            self.caplens[index],
            self.wirelens[index],
            self.octets(index),
            self.origin.link,
            self.origin,
        )

    def __iter__(self) -> Iterator[Packet]:
        """Give every packet as a value."""
        return map(self.packet, range(self.count))

    @classmethod
    def of(cls, packets: "list[bytes]", origin: Origin) -> "PacketBatch":
        """Make a batch of complete packets, all taken at time 0."""
        record = Record()
        buffer, offsets = bytearray(), array("I")
        lengths = array("I", map(len, packets))
        for octets in packets:
            buffer += bytes(record.size)
            offsets.append(len(buffer))
            buffer += octets
        return cls(buffer, len(packets), offsets, lengths, lengths[:], origin=origin, record=record)
