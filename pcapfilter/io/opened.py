"""What Sources and Sinks of files can do beside: `with`, and packets one by one."""

from abc import ABC, abstractmethod
from array import array
from collections.abc import Iterator
from struct import Struct
from typing import TYPE_CHECKING, Any, Self

from pcapfilter.errors import CaptureError
from pcapfilter.io.base import Measure, Native, plain
from pcapfilter.io.place import size_and_identity
from pcapfilter.packets import NANOSECONDS, Origin, Packet, PacketBatch, Record

if TYPE_CHECKING:
    from pcapfilter.io.recovery import Damages

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


class FileReader(Reader):
    """What Sources of files have in common.

    Of the file, pipe or stream, `head` has been read. `position` is the number of octets read, and
    `size` the file's size (0 where it has none). Reading ends at the first damage, which `damage`
    holds, and what came before it was given out. With `recover`, it goes on at what is plausible
    next, and `damages` holds every damage.

    CaptureError where the beginning of the file is unusable.
    """

    origin: Origin
    origins: tuple[Origin, ...]
    record: Record
    extension: int

    def __init__(
        self,
        file: Any,
        name: str = "",
        *,
        head: bytes = b"",
        owned: bool = True,
        native: Native = plain,
        recover: bool = False,
    ) -> None:
        self.name = name
        self.damage: CaptureError | None = None
        self.damages: Damages | None = None
        self._file, self._owned, self._native, self._recover = file, owned, native, recover
        self.position = len(head)
        self.size, self.identity = size_and_identity(file)
        self.measure: Measure = file if hasattr(file, "position") else self
        try:
            self._open(head)
        except CaptureError as error:
            raise CaptureError(error.message, name=name) from None

    @abstractmethod
    def _open(self, head: bytes) -> None:
        """Read the beginning of the file."""

    def _left_out(self, damage: CaptureError, octets: int) -> None:
        """Take note of damage behind which reading goes on, and of how many octets that costs."""
        self.damage = self.damage or damage
        if octets or self.damages is not None:
            from pcapfilter.io.recovery import Damages

            self.damages = self.damages or Damages()
            self.damages.add(damage, octets)

    def close(self) -> None:
        """Let go of the file."""
        if self._owned:
            self._file.close()


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
