"""pcap files: read in chunks that stay in the cache, and written as tcpdump writes them.

Source of the format: draft-ietf-opsawg-pcap; of the limits, the old versions and the modified
Linux variant: what tcpdump does with such files.
"""

import sys
from array import array
from collections.abc import Callable, Iterator
from functools import partial
from struct import Struct
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from pcapfilter.errors import CaptureError
from pcapfilter.io import framing
from pcapfilter.io.base import (
    Loop,
    Native,
    fault_of,
    plain,
    read_into,
    write_all,
)
from pcapfilter.io.opened import FileReader, Writer
from pcapfilter.io.stretch import Desk, Fault, Layout, Read, Stretch
from pcapfilter.net import linktype
from pcapfilter.packets import MAXIMUM_SNAPLEN, Origin, PacketBatch, Record

if TYPE_CHECKING:
    from pcapfilter.io.ranges import Ranges
    from pcapfilter.io.sound import Sound

CHUNK = 384 * 1024
"""Octets read at once: they are still in the second-level cache when they are judged."""

MOST_RUNS = 4
"""Up to so many runs of a batch's records are written one by one; otherwise they are joined."""

FILE_HEADER = Struct("=IHHIIII")
"""Magic number, version (major, minor), two unused words, snapshot length, link type."""

SNAPLEN_AT = 16
"""Where in a file's header the snapshot length stands."""

MICRO, NANO = 1_000_000, 1_000_000_000

MOST_SNAPLEN = 2**31 - 1

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
        # a made-up Ethernet header may stand in front of what was captured
        snaplen = min(snaplen + 14, MOST_SNAPLEN)
    return FileHeader(order, variant, lengths, snaplen, link, network & 0xFFFF0000)


class PcapSource(FileReader):
    """The packets of a pcap file, pipe or stream. `header` is that of the file, understood."""

    def _open(self, head: bytes) -> None:
        octets = head or self._take(4)
        if octets in MAGICS:
            octets += self._take(FILE_HEADER.size - 4)
        self.header = parse_header(octets)
        order, variant, _, snaplen, link, self.extension = self.header
        self.origin = Origin(link, snaplen, "file", swapped=order != sys.byteorder)
        self.origins: tuple[Origin, ...] = (self.origin,)
        self.record = Record(variant.header, order, variant.unit)
        longest = longest_record(link)
        self._layout = Layout(self.origin, self.record, self.header.lengths, longest)

    def _take(self, wanted: int) -> bytes:
        octets = bytearray(wanted)
        view, have = memoryview(octets), 0
        while have < wanted and (got := read_into(self._file, view[have:])):
            have += got
        self.position += have
        return bytes(octets[:have])

    def batches(self) -> Iterator[PacketBatch]:
        """Give the packets in order; each batch is good until the next one is asked for."""
        frame = self._native(framing.frame, framing.FRAME)
        return (batch for batch, _ in self._stretch(frame, None) if batch.count)

    def matching(
        self, fill: Native, limit: int | None = None
    ) -> Iterator[tuple[PacketBatch, int]] | None:
        """Give the packets that a filter selects, and how many packets each batch was chosen from.

        `fill` makes the framing loop with the filter in it. None where the packets are not in the
        file as they are to be judged.
        """
        if not self._layout.settled:
            return None
        return self._stretch(fill(framing.frame, framing.FRAME), limit)

    def _stretch(self, frame: Loop, limit: int | None) -> Iterator[tuple[PacketBatch, int]]:
        read: Read = partial(read_into, self._file)
        sound = self._sound(read) if self._recover else None
        if sound is not None:
            read = sound.read
        stretch = Stretch(self._layout, read, frame, Desk(CHUNK), start=self.position)
        seen = 0
        for batch in stretch.batches(limit):
            self.position = (sound or stretch).position
            yield batch, stretch.seen - seen
            seen = stretch.seen
            if limit is not None:
                limit -= batch.count
                if limit <= 0:
                    return
        self.position = (sound or stretch).position
        if sound is None:
            broken = fault_of(self._file)
            fault = Fault(broken, stretch.next, seen) if broken else stretch.fault
            self._report(self.position, fault)

    def _sound(self, read: Read) -> "Sound":
        """Give what reads only the records that are believed."""
        from pcapfilter.io.sound import Sound

        def note(fault: Fault, octets: int) -> None:
            self._left_out(self._error(fault), octets)

        broken = partial(fault_of, self._file)
        return Sound(self._layout, read, self.position, self._native, note=note, broken=broken)

    def ranges(self, fill: Native, *, size: int, keep: int) -> "Ranges | None":
        """Give the file cut into ranges; None where it is no file of which that is of use."""
        start = self.position
        if not self._owned or self._recover or self.name == "-" or self.size - start < 2 * size:
            return None
        if not self._layout.settled or self._file.tell() != start:
            return None
        from pcapfilter.io.sweep import SWEEP, sweep

        if not getattr(fill(sweep, SWEEP), "compiled", False):
            return None  # threads of plain Python would wait for each other
        from pcapfilter.io.ranges import Ranges

        bounds = range(start, self.size, size)
        return Ranges(
            self._layout, self._file.fileno(), bounds,
            native=self._native, fill=fill, chunk=CHUNK, keep=keep, report=self._report,
        )  # fmt: skip

    def _report(self, position: int, fault: Fault | None, before: int = 0) -> None:
        """Take note of how far was read and what ended it, `before` packets having come before."""
        self.position = position
        if fault is not None:
            self.damage = self._error(fault, before)

    def _error(self, fault: Fault, before: int = 0) -> CaptureError:
        number = before + fault.before + 1
        return CaptureError(fault.message, name=self.name, offset=fault.offset, packet=number)


class PcapSink(Writer):
    """A pcap file of this machine's byte order, version 2.4: what `tcpdump -w` writes.

    `patch` writes into what has been written: the snapshot length then grows if need be. `headed`
    says that the file's header is to be written.
    """

    def __init__(
        self,
        file: Any,
        link: linktype.LinkType,
        snaplen: int = MAXIMUM_SNAPLEN,
        *,
        unit: int = MICRO,
        extension: int = 0,
        owned: bool = True,
        headed: bool = True,
        patch: Callable[[int, bytes], None] | None = None,
        native: Native = plain,
    ) -> None:
        self._file, self._owned, self._patch = file, owned, patch
        self._link, self._snaplen, self._unit = link, snaplen, unit
        self._runs = native(framing.runs, framing.RUNS)
        self._gather = native(framing.gather, framing.GATHER)
        self._bounds = (array("I", bytes(4 * MOST_RUNS)), array("I", bytes(4 * MOST_RUNS)))
        self._out = bytearray()
        if headed:
            magic = next(variant.magic for variant in VARIANTS if variant.unit == unit)
            header = FILE_HEADER.pack(magic, 2, 4, 0, 0, snaplen, link.linktype | extension)
            write_all(self._file, header)

    def takes(self, origin: Origin, record: Record) -> bool:
        """Tell whether records like these are what it would write itself."""
        return (
            record.size == 16
            and not origin.swapped
            and record.unit == self._unit
            and origin.link == self._link
            and origin.snaplen <= self._snaplen
        )

    def write_records(self, octets: memoryview) -> None:
        """Write records that stand side by side."""
        write_all(self._file, octets, whole_records)

    def write(self, batch: PacketBatch, selected: "array[int]") -> None:
        """Write the selected packets, which are rising indices into the batch.

        Records that need no change and stand side by side are written straight from the batch.
        CaptureError, with nothing written of them, where the file's header does not hold for them.
        """
        self._check(batch, selected)
        record, count = batch.record, len(selected)
        if len(self._out) < len(batch.buffer) + 16:
            self._out = bytearray(len(batch.buffer) + 16)
        if record.verbatim and record.unit == self._unit:
            starts, ends = self._bounds
            found = self._runs(
                selected, count, batch.offsets, batch.caplens, record.size, starts, ends,
                MOST_RUNS, batch.buffer, self._out,
            )  # fmt: skip
            if found < 0:
                write_all(self._file, memoryview(self._out)[:-found], whole_records)
            view = memoryview(batch.buffer)
            for run in range(found):
                write_all(self._file, view[starts[run] : ends[run]], whole_records)
            return
        size = self._gather(
            batch.buffer, selected, count, batch.offsets, batch.caplens, batch.wirelens,
            record.size, int(record.order == "big"), _scale(record.unit, self._unit),
            int(sys.byteorder == "big"), self._out,
        )  # fmt: skip
        write_all(self._file, memoryview(self._out)[:size], whole_records)

    def _check(self, batch: PacketBatch, selected: "array[int]") -> None:
        link, snaplen, _, _ = batch.origin
        if link != self._link:
            raise CaptureError(
                f"a pcap file has one link type, and this one's is {self._link.title}: packets of "
                f"{link.title} cannot be written to it; write those of each link type to a file of "
                "their own, or all of them as pcapng (--format pcapng, or a name ending in .pcapng)"
            )
        if snaplen > self._snaplen and any(batch.caplens[n] > self._snaplen for n in selected):
            if self._patch is not None:
                self._snaplen = snaplen
                self._patch(SNAPLEN_AT, Struct("=I").pack(snaplen))
                return
            raise CaptureError(
                f"a pcap file has one snapshot length, and this one's is {self._snaplen}: a longer "
                "packet, of an input or an interface that came later, cannot be written to it"
            )

    def close(self) -> None:
        """Let go of the file."""
        if self._owned:
            self._file.close()


def _scale(unit: int, wanted: int) -> int:
    """Whether parts of a second are multiplied (1) or divided (-1) by 1000, or kept (0)."""
    return (wanted > unit) - (wanted < unit)


def whole_records(octets: memoryview) -> int:
    """Give how many octets the whole records take that some octets, written by us, begin with."""
    at = 0
    while at + 16 <= len(octets):
        following = at + 16 + int.from_bytes(octets[at + 8 : at + 12], sys.byteorder)
        if following > len(octets):
            break
        at = following
    return at
