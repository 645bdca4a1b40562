"""What Sources and Sinks of files can do beside: `with`, and packets one by one."""

from abc import ABC, abstractmethod
from array import array
from collections.abc import Iterator
from struct import Struct
from typing import Self

from pcapfilter.packets import NANOSECONDS, Origin, Packet, PacketBatch, Record

RECORD = Struct("=IIII")
"""A record's header: seconds, parts of a second, captured length, length on the wire."""


class Reader(ABC):
    """What a Source that is opened by name can do beside: `with`, and `for packet in source`."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[Packet]:
        """Give every packet as a value of its own."""
        for batch in self.batches():
            yield from batch

    @abstractmethod
    def batches(self) -> Iterator[PacketBatch]:
        """Give the packets in order."""

    @abstractmethod
    def close(self) -> None:
        """Let go of the file."""


class Writer(ABC):
    """What a Sink that is opened by name can do beside: `with`, and to take single packets."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def add(self, packet: Packet) -> None:
        """Write one packet."""
        seconds, part = divmod(packet.time_ns, NANOSECONDS)
        record = Record(unit=NANOSECONDS, era=seconds >> 32)
        buffer = bytearray(RECORD.pack(seconds & 0xFFFFFFFF, part, packet.caplen, packet.wirelen))
        columns = (array("I", [n]) for n in (len(buffer), packet.caplen, packet.wirelen))
        origin = packet.origin or Origin(packet.link)
        batch = PacketBatch(buffer + packet.data, 1, *columns, origin=origin, record=record)
        self.write(batch, array("I", [0]))

    @abstractmethod
    def write(self, batch: PacketBatch, selected: "array[int]") -> None:
        """Write the selected packets."""

    @abstractmethod
    def close(self) -> None:
        """Write out what is held back, and let go of the file."""
