"""pcap files: read in chunks that stay in the cache, and written as tcpdump writes them.

Source of the format: draft-ietf-opsawg-pcap; of the limits, the old versions and the modified
Linux variant: what tcpdump does with such files.
"""

import sys
from array import array
from collections.abc import Iterator
from os import fstat
from struct import Struct
from typing import Any, Literal, NamedTuple

from pcapfilter.errors import CaptureError
from pcapfilter.io import framing
from pcapfilter.io.base import Identity, Native, identity_of, plain, read_into, write_all
from pcapfilter.io.headers import settle
from pcapfilter.net import linktype
from pcapfilter.packets import MAXIMUM_SNAPLEN, Origin, PacketBatch, Record

CHUNK = 512 * 1024
"""Octets read at once: they are still in the second-level cache when they are judged."""

FILE_HEADER = Struct("=IHHIIII")
"""Magic number, version (major, minor), two unused words, snapshot length, link type."""

MICRO, NANO = 1_000_000, 1_000_000_000

LONGEST: dict[int, int] = {
    # DLT number -> the longest record, where it is not 262144 (DBUS; EBHSCR)
    231: 128 * 1024 * 1024,
    279: 8 * 1024 * 1024,
}


class Variant(NamedTuple):
    """What a magic number says: the parts of a second, and the size of a record's header."""

    magic: int
    unit: int
    header: int


VARIANTS = (
    Variant(0xA1B2C3D4, MICRO, 16),
    Variant(0xA1B23C4D, NANO, 16),
    Variant(0xA1B2CD34, MICRO, 24),  # interface, protocol and packet type follow, with padding
)
MAGICS: dict[bytes, tuple[Variant, Literal["little", "big"]]] = {
    variant.magic.to_bytes(4, order): (variant, order)
    for variant in VARIANTS
    for order in ("little", "big")
}


class FileHeader(NamedTuple):
    """The header of a pcap file, understood. `extension` is the link-type field's upper half."""

    order: Literal["little", "big"]
    variant: Variant
    lengths: int
    snaplen: int
    link: linktype.LinkType
    extension: int


def longest_record(link: linktype.LinkType) -> int:
    """Give the length from which on a record of this link type is not believed."""
    return LONGEST.get(link.dlt, MAXIMUM_SNAPLEN)


def parse_header(octets: bytes) -> FileHeader:
    """Read a file's first 24 octets; CaptureError (in tcpdump's words) where they are unusable."""
    if len(octets) < 4:
        raise CaptureError(
            f"truncated dump file; tried to read 4 file header bytes, only got {len(octets)}"
        )
    if octets[:4] not in MAGICS:
        raise CaptureError("unknown file format")
    if len(octets) < FILE_HEADER.size:
        raise CaptureError(
            f"truncated dump file; tried to read {FILE_HEADER.size} file header bytes, "
            f"only got {len(octets) - 4}"
        )
    variant, order = MAGICS[octets[:4]]
    fields = Struct(("<" if order == "little" else ">") + FILE_HEADER.format[1:])
    _, major, minor, _, _, snaplen, network = fields.unpack_from(octets)
    if major < 2:
        raise CaptureError("archaic pcap savefile format")
    if (major, minor) != (543, 0) and (major > 2 or minor > 4):
        raise CaptureError(f"unsupported pcap savefile version {major}.{minor}")
    lengths = framing.AS_IS
    if major == 543 or minor < 3:
        lengths = framing.EXCHANGED
    elif minor == 3:
        lengths = framing.EXCHANGED_IF_LONGER
    link = linktype.by_linktype(network & 0xFFFF)
    if snaplen == 0 or snaplen >= 1 << 31:
        snaplen = longest_record(link)
    if variant.header > 16 and link.name == "EN10MB":
        snaplen += 14  # a made-up Ethernet header may stand in front of what was captured
    return FileHeader(order, variant, lengths, snaplen, link, network & 0xFFFF0000)


class PcapSource:
    """The packets of a pcap file, pipe or stream, of which `head` has been read.

    Reading ends at the first damage: `damage` holds it, and what came before was given out.
    `position` is the number of octets read, and `size` the file's size (0 where it has none).
    """

    def __init__(
        self,
        file: Any,
        name: str = "",
        *,
        head: bytes = b"",
        owned: bool = True,
        native: Native = plain,
    ) -> None:
        self.name = name
        self.damage: CaptureError | None = None
        self.position = len(head)
        self.size, self.identity = size_and_identity(file)
        self._file, self._owned = file, owned
        self._native = native
        octets = head or self._take(4)
        if octets in MAGICS:
            octets += self._take(FILE_HEADER.size - 4)
        try:
            self.header = parse_header(octets)
        except CaptureError as error:
            raise CaptureError(error.message, name=name) from None
        order, variant, _, snaplen, link, self.extension = self.header
        self.origin = Origin(link, snaplen, "file", swapped=order != sys.byteorder)
        self.origins: tuple[Origin, ...] = (self.origin,)
        self.record = Record(variant.header, order, variant.unit)

    def _take(self, wanted: int) -> bytes:
        octets = bytearray(wanted)
        view, have = memoryview(octets), 0
        while have < wanted and (got := read_into(self._file, view[have:])):
            have += got
        self.position += have
        return bytes(octets[:have])

    def batches(self) -> Iterator[PacketBatch]:
        """Give the packets in order; each batch is good until the next one is asked for."""
        buffer, room = bytearray(CHUNK), CHUNK // 16
        columns = [array("I", bytes(4 * room)) for _ in range(3)]
        state = array("q", (0, 0, 0, 0))
        frame = self._native(framing.frame, framing.FRAME)
        record, header = self.record, self.header
        verbatim = record._replace(verbatim=record.size == 16 and not self.origin.swapped)
        layout = (int(record.order == "big"), record.size, header.lengths, header.snaplen)
        longest = longest_record(header.link)
        start = have = seen = 0
        while got := read_into(self._file, memoryview(buffer)[have:]):
            have += got
            self.position += got
            state[1] = framing.FULL
            while state[1] == framing.FULL:
                count = frame(buffer, start, have, *layout, longest, *columns, room, state)
                start = state[0]
                seen += count
                if count:
                    batch = PacketBatch(buffer, count, *columns, origin=self.origin, record=record)
                    if not settle(batch) and not state[3]:
                        batch.record = verbatim
                    yield batch
            if state[1] == framing.IMPOSSIBLE:
                self._spoil(_absurd(state[2], header), start, have, seen)
                return
            have -= start
            if start:
                buffer[:have] = buffer[start : start + have]
                start = 0
            if have == len(buffer):
                buffer = buffer + bytes(min(len(buffer), max(state[2] - have, 1)))
        if have:
            self._spoil(_missing(state[2], have, record.size, header.snaplen), 0, have, seen)

    def _spoil(self, message: str, start: int, have: int, seen: int) -> None:
        offset = self.position - have + start
        self.damage = CaptureError(message, name=self.name, offset=offset, packet=seen + 1)

    def close(self) -> None:
        """Let go of the file."""
        if self._owned:
            self._file.close()


def size_and_identity(file: Any) -> tuple[int, Identity | None]:
    """Give the size of a regular file, or 0, and its identity, or None."""
    try:
        status = fstat(file.fileno())
    except (AttributeError, OSError):
        return 0, None
    identity = identity_of(status)
    return (status.st_size if identity else 0), identity


def _absurd(caplen: int, header: FileHeader) -> str:
    limit = (
        f"snaplen of {header.snaplen}"
        if caplen > header.snaplen
        else f"maximum of {longest_record(header.link)}"
    )
    return f"invalid packet capture length {caplen}, bigger than {limit}"


def _missing(need: int, have: int, size: int, snaplen: int) -> str:
    """Say what is cut: a record's header of `size` octets, or the packet behind it.

    Of a packet longer than the snapshot length, what is kept is read first.
    """
    if have < size:
        return f"truncated dump file; tried to read {size} header bytes, only got {have}"
    need, have = need - size, have - size
    if have < snaplen:
        need = min(need, snaplen)
    return f"truncated dump file; tried to read {need} captured bytes, only got {have}"


class PcapSink:
    """A pcap file of this machine's byte order, version 2.4: what `tcpdump -w` writes."""

    def __init__(
        self,
        file: Any,
        link: linktype.LinkType,
        snaplen: int = MAXIMUM_SNAPLEN,
        *,
        unit: int = MICRO,
        extension: int = 0,
        owned: bool = True,
        native: Native = plain,
    ) -> None:
        self._file, self._owned = file, owned
        self._link, self._snaplen, self._unit = link, snaplen, unit
        self._runs = native(framing.runs, framing.RUNS)
        self._gather = native(framing.gather, framing.GATHER)
        self._bounds = (array("I"), array("I"))
        self._out = bytearray()
        magic = next(variant.magic for variant in VARIANTS if variant.unit == unit)
        write_all(
            self._file, FILE_HEADER.pack(magic, 2, 4, 0, 0, snaplen, link.linktype | extension)
        )

    def write(self, batch: PacketBatch, selected: "array[int]") -> None:
        """Write the selected packets, which are rising indices into the batch.

        Records that need no change and stand side by side are written straight from the batch.
        CaptureError, with nothing written of them, where the file's header does not hold for them.
        """
        self._check(batch, selected)
        record, count = batch.record, len(selected)
        if record.verbatim and record.unit == self._unit:
            starts, ends = self._bounds
            if len(starts) < count:
                starts, ends = self._bounds = (
                    array("I", bytes(4 * count)),
                    array("I", bytes(4 * count)),
                )
            found = self._runs(
                selected, count, batch.offsets, batch.caplens, record.size, starts, ends
            )
            if found <= 4:
                view = memoryview(batch.buffer)
                for run in range(found):
                    write_all(self._file, view[starts[run] : ends[run]])
                return
        if len(self._out) < len(batch.buffer) + 16:
            self._out = bytearray(len(batch.buffer) + 16)
        size = self._gather(
            batch.buffer, selected, count, batch.offsets, batch.caplens, batch.wirelens,
            record.size, int(record.order == "big"), _scale(record.unit, self._unit),
            int(sys.byteorder == "big"), self._out,
        )  # fmt: skip
        write_all(self._file, memoryview(self._out)[:size])

    def _check(self, batch: PacketBatch, selected: "array[int]") -> None:
        link, snaplen, _, _ = batch.origin
        if link != self._link:
            raise CaptureError(
                f"a pcap file has one link type, and this one's is {self._link.title}: packets of "
                f"{link.title} cannot be written to it; write those of each link type to a file of "
                "their own (tshark -Y 'frame.interface_id == N' -w FILE selects an interface)"
            )
        if snaplen > self._snaplen and any(batch.caplens[n] > self._snaplen for n in selected):
            raise CaptureError(
                f"a pcap file has one snapshot length, and this one's is {self._snaplen}: a longer "
                "packet, of an interface that was described later, cannot be written to it"
            )

    def close(self) -> None:
        """Let go of the file."""
        if self._owned:
            self._file.close()


def _scale(unit: int, wanted: int) -> int:
    """Whether parts of a second are multiplied (1) or divided (-1) by 1000, or kept (0)."""
    return (wanted > unit) - (wanted < unit)
