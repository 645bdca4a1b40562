"""pcapng files, written: of packets from anywhere, or of a pcapng file all that is not left out.

Blocks of a pcapng file go out as they were read, octet for octet; only the length of a section that
says its length is set anew. Packets from elsewhere get sections of ours, with an interface for each
kind of packet. Of a live capture, the interface has its name and its filter, and at the end of the
file what was received and dropped.

Source of the format: draft-ietf-opsawg-pcapng; of what the two counts mean: dumpcap's files.
"""

import sys
from array import array
from functools import partial
from struct import Struct
from time import time_ns
from typing import Any, Literal, NamedTuple

from pcapfilter.io import enclose
from pcapfilter.io.base import UNITS, Native, Observed, Source, plain, write_all
from pcapfilter.io.blocks import INTERFACE, MARK, SECTION, STATISTICS
from pcapfilter.io.opened import Writer
from pcapfilter.packets import NANOSECONDS, Blocks, Origin, PacketBatch

BIG_HERE = int(sys.byteorder == "big")

USER_APPLICATION = 4
"""Option of a section: what wrote it."""

NAME, TIME_RESOLUTION, FILTER, FCS_LENGTH = 2, 9, 11, 13
"""Options of an interface; time is in 10 to the minus so much, the length in bits."""

FILTER_TEXT = b"\0"
"""How a filter begins that is told by its text."""

BEGAN, ENDED, RECEIVED, DROPPED = 2, 3, 4, 5
"""Options of an interface's statistics."""

FCS_KNOWN = 0x04000000
"""The bit of a pcap file's link-type field that says that the four highest are the FCS's length."""

UNKNOWN = -1
"""The length of a section that does not say its length."""

SECTION_LENGTH = 16
"""Where in a section header block the section's length stands."""


class Interface(NamedTuple):
    """What the packets of an interface have in common. `unit` is in parts of a second."""

    origin: Origin
    unit: int
    extension: int
    name: str = ""
    filter: str = ""


class PcapngSink(Writer):
    """A pcapng file. `unit` is how many parts of a second times count, unless as the input has it.

    `patch` writes into what has been written; without it, sections do not say their lengths.
    `after` is the Sink of a file before this one, whose section goes on here. What comes is taken
    to be from `observed`, if that is given, until something else is followed.
    """

    def __init__(
        self,
        file: Any,
        *,
        unit: int | None = None,
        owned: bool = True,
        patch: Any = None,
        after: "PcapngSink | None" = None,
        observed: Observed | None = None,
        native: Native = plain,
    ) -> None:
        self._file, self._owned, self._patch, self._unit = file, owned, patch, unit
        self._enclose = native(enclose.enclose, enclose.ENCLOSE)
        self._sift = native(enclose.sift, enclose.SIFT)
        self._out = bytearray()
        self.size = 0
        self._front: list[bytes] = []
        self._interfaces: dict[Interface, int] | None = None
        self._extension = 0
        self._observed = observed
        self._section: tuple[int, int, str] | None = None
        self._dropped = 0
        self._order: Literal["little", "big"] = sys.byteorder
        if after is not None:
            self._front, self._interfaces = after.section
            self._extension, self._observed = after.followed
            for block in self._front:
                self._put(block)

    @property
    def section(self) -> tuple[list[bytes], dict[Interface, int] | None]:
        """The section's header and interfaces, as blocks, and by number if it is one of ours."""
        return self._front, self._interfaces

    @property
    def followed(self) -> tuple[int, Observed | None]:
        """The extension of the Source that is followed, and what else it has to tell."""
        return self._extension, self._observed

    def follow(self, source: Source) -> None:
        """Take what comes next from a Source, which shall hand out its blocks if it has any."""
        self._extension = source.extension
        self._observed = source if isinstance(source, Observed) else None
        if hasattr(source, "whole"):
            source.whole = True
        elif self.size == 0 and not source.origin.swapped:
            self._number(self._interface(source.origin, source.record.unit))

    def write(self, batch: PacketBatch, selected: "array[int]") -> None:
        """Write the selected packets, which are rising indices, and all blocks between packets."""
        if batch.blocks is not None:
            self._write_blocks(batch.blocks, batch.count, selected)
            return
        record, interface = batch.record, self._interface(batch.origin, batch.record.unit)
        number, unit = self._number(interface), interface.unit
        room = sum(batch.caplens[n] for n in selected) + 36 * len(selected)
        self._make_room(room)
        size = self._enclose(
            batch.buffer, selected, len(selected), batch.offsets, batch.caplens, batch.wirelens,
            record.size, int(record.order == "big"), (unit > record.unit) - (unit < record.unit),
            unit, record.era, number, BIG_HERE, self._out,
        )  # fmt: skip
        self._put(memoryview(self._out)[:size])

    def _make_room(self, octets: int) -> None:
        if len(self._out) < octets:
            self._out = bytearray(octets)

    def _put(self, octets: bytes | memoryview) -> None:
        write_all(self._file, octets, partial(whole_blocks, order=self._order))
        self.size += len(octets)

    # ---- blocks of another file ------------------------------------------------------------------

    def _write_blocks(self, blocks: Blocks, count: int, selected: "array[int]") -> None:
        start = blocks.start
        self._order = "little" if blocks.order == "<" else "big"
        for at, end in blocks.turned:
            self._put(memoryview(blocks.buffer)[start:at])
            self._turn(bytes(blocks.buffer[at:end]), blocks.order)
            start = end
        if len(selected) == count:
            self._put(memoryview(blocks.buffer)[start : blocks.end])
            return
        self._make_room(blocks.end - start)
        size = self._sift(
            blocks.buffer, start, blocks.end, int(blocks.order == ">"),
            blocks.places, count, selected, len(selected), self._out,
        )  # fmt: skip
        self._dropped += blocks.end - start - size
        self._put(memoryview(self._out)[:size])

    def _turn(self, octets: bytes, order: str) -> None:
        """Write a section header or an interface description."""
        if octets[:4] == SECTION.to_bytes(4):
            self._end_section()
            self._interfaces = None
            length = Struct(f"{order}q")
            (said,) = length.unpack_from(octets, SECTION_LENGTH)
            whole = bytearray(octets)
            length.pack_into(whole, SECTION_LENGTH, UNKNOWN)
            self._front = [bytes(whole)]
            if self._patch is None:
                octets = bytes(whole)
            elif said != UNKNOWN:
                self._section = (self.size + SECTION_LENGTH, said, order)
        else:
            self._front.append(octets)
        self._put(octets)

    def _end_section(self) -> None:
        """Set the length of a section anew, if it says one and has packets left out."""
        if self._section is not None and self._dropped:
            at, said, order = self._section
            self._patch(at, Struct(f"{order}q").pack(said - self._dropped))
        self._section, self._dropped = None, 0

    # ---- blocks of our own -----------------------------------------------------------------------

    def _interface(self, origin: Origin, unit: int) -> Interface:
        """Give the interface of packets whose times count parts of a second."""
        interface = Interface(origin, self._unit or unit, self._extension)
        if self._observed is None:
            return interface
        return interface._replace(name=self._observed.name, filter=self._observed.filter)

    def _number(self, interface: Interface) -> int:
        """Give the number of an interface in our section, which is begun and told of if need be."""
        if self._interfaces is None:
            self._end_section()
            self._interfaces, self._order = {}, sys.byteorder
            body = Struct("=IHHq").pack(MARK, 1, 0, UNKNOWN)
            self._front = [_block(SECTION, body + _option(USER_APPLICATION, b"pcapfilter") + END)]
            self._put(self._front[0])
        number = self._interfaces.get(interface)
        if number is None:
            number = self._interfaces[interface] = len(self._interfaces)
            described = describe(interface)
            self._front.append(described)
            self._put(described)
        return number

    def _put_statistics(self, observed: Observed) -> None:
        """Write what the interface has received and dropped so far."""
        for interface, number in (self._interfaces or {}).items():
            if interface.name == observed.name:
                self._put(_statistics(number, interface.unit, observed))

    def close(self) -> None:
        """Let go of the file."""
        try:
            if self._observed is not None and self._observed.began:
                self._put_statistics(self._observed)
            self._end_section()
        finally:
            if self._owned:
                self._file.close()


END = bytes(4)
"""The end of options."""

LONGEST_OPTION = 0xFFFF
"""A filter that is longer is left out."""


def describe(interface: Interface) -> bytes:
    """Give an interface description."""
    origin, unit, extension, name, text = interface
    snaplen = 0 if origin.snaplen >= 1 << 32 else origin.snaplen
    options = _option(NAME, name.encode(errors="surrogateescape")) if name else b""
    options += _option(TIME_RESOLUTION, b"\x09") if unit == UNITS["nano"] else b""
    if text:
        octets = FILTER_TEXT + text.encode(errors="surrogateescape")
        if len(octets) <= LONGEST_OPTION:
            options += _option(FILTER, octets)
    if extension & FCS_KNOWN:
        options += _option(FCS_LENGTH, bytes([(extension >> 28) * 16 & 255]))
    body = Struct("=HHI").pack(origin.link.linktype, 0, snaplen)
    return _block(INTERFACE, body + options + (END if options else b""))


def _statistics(number: int, unit: int, observed: Observed) -> bytes:
    """Give what an interface has received and dropped so far."""
    accepted, *dropped = observed.statistics()
    now = _time(time_ns(), unit)
    options = (
        (BEGAN, _time(observed.began, unit)),
        (ENDED, now),
        (RECEIVED, Struct("=Q").pack(accepted - dropped[0])),
        (DROPPED, Struct("=Q").pack(sum(dropped))),
    )
    body = Struct("=I").pack(number) + now + b"".join(_option(*option) for option in options) + END
    return _block(STATISTICS, body)


def _time(nanoseconds: int, unit: int) -> bytes:
    """Give a time in parts of a second, the upper half first."""
    return Struct("=II").pack(*divmod(nanoseconds * unit // NANOSECONDS, 1 << 32))


def _option(code: int, value: bytes) -> bytes:
    return Struct("=HH").pack(code, len(value)) + value + bytes(-len(value) % 4)


def _block(kind: int, body: bytes) -> bytes:
    total = Struct("=I").pack(len(body) + 12)
    return Struct("=I").pack(kind) + total + body + total


def whole_blocks(octets: memoryview, order: Literal["little", "big"]) -> int:
    """Give how many octets the whole blocks take that some octets, whole blocks at first, have."""
    at = 0
    while at + 12 <= len(octets):
        length = int.from_bytes(octets[at + 4 : at + 8], order)
        if at + length > len(octets):
            break
        at += length
    return at
