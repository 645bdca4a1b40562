"""pcapng files: sections of either byte order, with interfaces of their own kinds.

    PcapngSource(file, name)      a Source, whose batches hold packets of one kind of interface

Every packet is copied out of its block as the plain record that a pcap file would hold, so that
whoever takes batches needs to know nothing of blocks.

Source of the format: draft-ietf-opsawg-pcapng; of the messages: what tcpdump says of such files.
"""

import sys
from array import array
from collections.abc import Iterator
from struct import Struct
from typing import NamedTuple

from pcapfilter.errors import CaptureError
from pcapfilter.io import blocks
from pcapfilter.io.base import (
    PCAPNG_MAGIC,
    fault_of,
    read_into,
)
from pcapfilter.io.framing import word
from pcapfilter.io.headers import settle
from pcapfilter.io.interface import Interface, plain_interface, read_interface
from pcapfilter.io.opened import FileReader
from pcapfilter.io.pcap import CHUNK, MICRO, NANO, longest_record
from pcapfilter.packets import Blocks, Origin, PacketBatch, Record

LONGEST_BLOCK = 16 * 1024 * 1024
"""A block of more octets than this is not believed, unless a link type has longer packets."""

MOST_NAMES = 5
"""So many interfaces of a kind are named where one of them is at fault."""

MOST_BEFORE = 64 * 1024 * 1024
"""So many octets before the first packet are kept, and looked through for interfaces."""

LONGEST_SECTION_HEADER = 1024 * 1024

ORDERS = {"": -1, "<": 0, ">": 1}
"""Byte orders as `blocks` takes them; there is none before the first section header."""

FAULTS = {
    # why the loop ended -> the message, of `detail` and `longest`
    blocks.NO_MARK: "the file has a section with a bad byte order magic field",
    blocks.SHORT: "block in pcapng dump file has a length of {detail} < 12",
    blocks.UNEVEN: (
        "block in pcapng dump file has a length of {detail} that is not a multiple of 4"
    ),
    blocks.LARGE: "pcapng block size {detail} > maximum {longest}",
    blocks.TRAILER: "block total length in header and trailer don't match",
    blocks.CRAMPED: "block of type {detail} in pcapng dump file is too short",
    blocks.NO_INTERFACE: (
        "a packet arrived on interface {detail}, but there's no Interface Description Block for "
        "that interface"
    ),
    blocks.LONG: "invalid packet capture length {caplen}, bigger than snaplen of {snaplen}",
}


class Kind(NamedTuple):
    """What the packets of a batch have in common: their origin, and the parts of a second."""

    origin: Origin
    unit: int


class PcapngSource(FileReader):
    """The packets of a pcapng file, pipe or stream.

    `origins` are those of the interfaces that are described before the first packet. `origin` has
    the first one's link type, and their greatest snapshot length; `record` is in nanoseconds where
    one of them is finer than a microsecond. Reading ends at the first damage, which `damage` holds.
    Where `whole` is set before the first batch, batches bring the blocks that they were made of.
    `described` says which interfaces have an origin.
    """

    extension = 0
    whole = False

    def _open(self, head: bytes) -> None:
        self._loop = self._native(blocks.blocks, blocks.BLOCKS)
        self._buffer, self._out = bytearray(CHUNK), bytearray(0)
        self._buffer[: len(head)] = head
        self._start, self._have = 0, len(head)
        self._given = 0  # what lies before this place has been handed out
        self._turned: list[tuple[int, int]] = []
        *self._columns, self._places = (array("I", bytes(CHUNK // 8)) for _ in range(4))
        self._state = array("q", bytes(64))
        self._order, self._longest = "", LONGEST_BLOCK
        self._interfaces: list[Interface] = []
        self._table = array("q", bytes(8))
        self._kinds: dict[Kind, int] = {}
        self.described: dict[Origin, list[str]] = {}
        self._fine = False
        self._seen = 0
        self._begin()
        self.origins = tuple(dict.fromkeys(kind.origin for kind in self._kinds))
        snaplen = max(origin.snaplen for origin in self.origins)
        self.origin = self.origins[0]._replace(snaplen=snaplen)
        self.record = Record(unit=NANO if self._fine else MICRO)

    # ---- the file's beginning ------------------------------------------------------------------

    def _begin(self) -> None:
        """Read up to the first packet; CaptureError where no interface is described before it."""
        while True:
            self._scan(0)
            if self._state[1] == blocks.OTHER:
                try:
                    self._turn()
                except CaptureError:
                    if not self._kinds:
                        raise
                    return
            elif self._state[1] != blocks.MORE or self._start > MOST_BEFORE or not self._fill():
                break
        if self._kinds:
            return
        if not self._order and (self._have < 12 or self._state[1] == blocks.NO_MARK):
            raise CaptureError("unknown file format")
        if self._state[1] == blocks.FULL:
            raise CaptureError(
                "the capture file has a packet block before any Interface Description Blocks"
            )
        if self._state[1] == blocks.MORE and self._have == self._start:
            raise CaptureError("the capture file has no Interface Description Blocks")
        raise CaptureError(self._fault())

    # ---- blocks ----------------------------------------------------------------------------------

    def _fill(self) -> bool:
        """Read on, after making room; tell whether there was anything."""
        passed = self._given
        if passed:
            self._have -= passed
            self._buffer[: self._have] = self._buffer[passed : passed + self._have]
            self._start, self._given = self._start - passed, 0
        size = len(self._buffer)
        if self._have == size:
            short = self._start + self._state[2] - size
            self._buffer = self._buffer + bytes(size if self._start else min(size, max(short, 1)))
        got = read_into(self._file, memoryview(self._buffer)[self._have :])
        self._have += got
        self.position += got
        return got > 0

    def _scan(self, room: int) -> int:
        """Run the loop over what has been read; give the number of packets copied out."""
        if len(self._out) < len(self._buffer):
            self._out = bytearray(len(self._buffer))
        count = self._loop(
            self._buffer, self._start, self._have, ORDERS[self._order], self._table,
            len(self._interfaces), self._longest, self._out, *self._columns, self._places, room,
            self._state,
        )  # fmt: skip
        self._start = self._state[0]
        return count

    def _turn(self) -> None:
        """Read the section header or interface description that is next, and pass over it."""
        end = self._start + self._state[2]
        octets = bytes(self._buffer[self._start + 8 : end - 4])
        if self._buffer[self._start : self._start + 4] == b"\x0a\x0d\x0d\x0a":
            self._begin_section(octets)
        else:
            self._describe(read_interface(octets, self._order))
        self._turned.append((self._start, end))
        self._start = end

    def _begin_section(self, octets: bytes) -> None:
        length = len(octets) + 12
        if not 28 <= length <= LONGEST_SECTION_HEADER:
            raise CaptureError(
                "Section Header Block in pcapng dump file has invalid length "
                f"28 < _{length}_ < {LONGEST_SECTION_HEADER} (BT_SHB_INSANE_MAX)"
            )
        order = ">" if octets[:4] == blocks.MARK.to_bytes(4) else "<"
        version = Struct(f"{order}HH").unpack_from(octets, 4)
        if version not in {(1, 0), (1, 2)}:
            raise CaptureError("unsupported pcapng savefile version {}.{}".format(*version))
        self._order = order
        self._interfaces.clear()
        self._table = array("q", bytes(8))

    def _describe(self, interface: Interface) -> None:
        swapped = self._order != ("<" if sys.byteorder == "little" else ">")
        unit = NANO if MICRO % interface.ticks else MICRO
        kind = Kind(Origin(interface.link, interface.snaplen, "file", swapped), unit)
        self._fine = self._fine or interface.ticks > MICRO
        number = self._kinds.setdefault(kind, len(self._kinds))
        which = f"interface {len(self._interfaces)}{interface.name and ' '}{interface.name}"
        names = self.described.setdefault(kind.origin, [])
        if which not in names and len(names) < MOST_NAMES:
            names.append(which)
        at = len(self._interfaces) * blocks.COLUMNS
        self._interfaces.append(interface)
        self._table[at:] = array("q", (
            number, interface.snaplen, unit, interface.ticks,
            interface.offset >> 32, interface.offset & 0xFFFFFFFF,
        ))  # fmt: skip
        self._longest = max(self._longest, longest_record(interface.link) + 131072)

    # ---- packets ---------------------------------------------------------------------------------

    def batches(self) -> Iterator[PacketBatch]:
        """Give the packets in order; each batch is good until the next one is asked for."""
        room = len(self._columns[0])
        while True:
            count = self._scan(room)
            self._seen += count
            if count or (self.whole and self._start > self._given):
                yield self._batch(count)
            self._given = self._start
            match self._state[1]:
                case blocks.FULL:
                    pass
                case blocks.OTHER:
                    try:
                        self._turn()
                    except CaptureError as error:
                        if not self._spoil(error.message):
                            return
                case blocks.MORE:
                    if not self._fill():
                        fault = fault_of(self._file)
                        if (fault or self._have > self._start) and not self._spoil(
                            fault or self._fault()
                        ):
                            return
                        if self._have == self._start:
                            return
                case _:
                    if not self._spoil(self._fault()):
                        return

    def _batch(self, count: int) -> PacketBatch:
        kinds = list(self._kinds)
        origin, unit = kinds[self._state[6]]
        record = Record(unit=unit, era=self._state[7])
        batch = PacketBatch(self._out, count, *self._columns, origin=origin, record=record)
        if not settle(batch):
            batch.record = record._replace(verbatim=True)
        if self.whole:
            batch.blocks = Blocks(
                self._buffer, self._given, self._start, self._order, self._places,
                tuple(self._turned),
            )  # fmt: skip
            self._turned.clear()
        return batch

    def _fault(self) -> str:
        why, detail = self._state[1], self._state[2]
        if why == blocks.MORE:
            have = self._have - self._start
            passed = 0 if have < 8 else 8 if self._order else 12
            return (
                "truncated pcapng dump file; "
                f"tried to read {max(detail, 8) - passed} bytes, only got {have - passed}"
            )
        snaplen = self._interfaces[detail].snaplen if why == blocks.LONG else 0
        return FAULTS[why].format(
            detail=detail, longest=self._longest, caplen=self._state[5], snaplen=snaplen
        )

    def _spoil(self, message: str) -> bool:
        """Take note of damage; tell whether reading goes on behind it."""
        offset = self.position - self._have + self._start
        found = CaptureError(message, name=self.name, offset=offset, packet=self._seen + 1)
        going = self._recover and not fault_of(self._file) and self._resume()
        self._left_out(found, self.position - self._have + self._start - offset)
        return going

    def _resume(self) -> bool:
        """Pass on to the next plausible block; tell whether there is one.

        An interface description stays where it is, so that interfaces keep their numbers.
        """
        from pcapfilter.io.recovery import RESUME_BLOCK, resume_block

        loop = self._native(resume_block, RESUME_BLOCK)
        why, length = self._state[1], self._state[2]
        if why == blocks.OTHER and self._buffer[self._start : self._start + 4] != PCAPNG_MAGIC:
            octets = bytes(self._buffer[self._start + 8 : self._start + length - 4])
            self._describe(plain_interface(octets, self._order))
            self._turned.append((self._start, self._start + length))
            self._start += length
            return True
        whole = why in {blocks.CRAMPED, blocks.NO_INTERFACE, blocks.LONG}
        self._start += word(self._buffer, self._start + 4, ORDERS[self._order]) if whole else 1
        while True:
            self._given = self._start
            found = loop(self._buffer, self._start, self._have, ORDERS[self._order], self._longest)
            if found >= 0:
                self._start = self._given = found
                return True
            self._start = self._given = (
                -2 - found if found < -1 else max(self._start, self._have - 11)
            )
            if self._have - self._start >= self._longest or not self._fill():
                if found == -1:
                    self._start = self._given = self._have
                    return False
                self._start += 1
