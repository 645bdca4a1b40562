"""Packets added to a capture that is there already, if its header holds for them."""

import sys
from contextlib import ExitStack
from io import FileIO
from os import PathLike, fstat, pwrite
from typing import Any

from pcapfilter.errors import CaptureError
from pcapfilter.io.base import (
    UNITS,
    Native,
    Source,
    compression_of,
    open_source,
    plain,
    read_magic,
)
from pcapfilter.io.framing import AS_IS
from pcapfilter.io.opened import Writer
from pcapfilter.io.output import Manner, chosen, open_sink, sink_for
from pcapfilter.io.pcap import PcapSink, PcapSource
from pcapfilter.io.pcapng_sink import PcapngSink
from pcapfilter.io.place import Place, is_url, path_of


def open_appended(place: Place, like: Source, *, manner: Manner, native: Native = plain) -> Writer:
    """Open a capture to add packets of a Source, in the format and the compression that it has.

    It is read first: CaptureError where it is damaged, where its header does not hold, or where the
    place is no path. Where there is none yet, it is begun.
    """
    if is_url(place) or place == "-" or not isinstance(place, str | PathLike):
        raise CaptureError("nothing can be added to it: that wants a path", name=str(place))
    name = path_of(place)
    try:
        file = FileIO(name, "r+b")
    except FileNotFoundError:
        return open_sink(place, like, manner=manner, native=native)
    with ExitStack() as unusable:
        unusable.callback(file.close)
        try:
            sink = _sink_on(file, name, like, manner, native)
        except CaptureError as error:
            raise CaptureError(error.message, name=error.name or name) from None
        unusable.pop_all()
        return sink


def _sink_on(file: FileIO, name: str, like: Source, manner: Manner, native: Native) -> Writer:
    if fstat(file.fileno()).st_size == 0:
        form, compress = chosen(name, manner)
        target, patch = _packed(file, compress, name, manner)
        return sink_for(
            target, like, form, manner.precision, owned=True, patch=patch, native=native
        )
    there = open_source(name, native=native)
    try:
        for _ in there.batches():
            pass
    finally:
        there.close()
    _agree(there.damage is None, f"is damaged ({there.damage})")
    compress = compression_of(read_magic(file))
    end = file.seek(0, 2)
    target, patch = _packed(file, compress, name, manner)
    if not isinstance(there, PcapSource):
        _agree(manner.format in {None, "pcapng"}, "is a pcapng file")
        sink = PcapngSink(target, patch=patch, native=native)
        sink.size = end
        return sink
    _check(there, like, manner)
    return PcapSink(
        target, there.origin.link, there.origin.snaplen,
        unit=there.record.unit, headed=False, patch=patch, native=native,
    )  # fmt: skip


def _packed(file: Any, compress: str, name: str, manner: Manner) -> tuple[Any, Any]:
    """Give what is written to, and what writes into what has been written, if anything can."""
    if compress:
        from pcapfilter.io.compressed import Packed

        return Packed(file, compress, name=name, owned=True, flushing=manner.flushing), None
    return file, lambda at, octets: pwrite(file.fileno(), octets, at)


def _check(there: PcapSource, like: Source, manner: Manner) -> None:
    header, micro = there.header, there.record.unit == UNITS["micro"]
    _agree(manner.format != "pcapng", "is a pcap file")
    _agree(header.order == sys.byteorder, "is of the other byte order")
    _agree(header.variant.header == 16 and header.lengths == AS_IS, "is of an old kind of pcap")
    _agree(
        header.link == like.origin.link,
        f"has packets of link type {header.link.title}, and the input of {like.origin.link.title}",
    )
    _agree(header.extension == like.extension, "says something else about checksums of frames")
    asked = manner.precision or ("nano" if manner.format == "nanopcap" else None)
    _agree(
        asked is None or (asked == "micro") == micro,
        f"has times in {'micro' if micro else 'nano'}seconds",
    )
    _agree(
        not micro or asked is not None or like.record.unit == there.record.unit,
        "has times in microseconds, and the input in nanoseconds: --micro cuts them",
    )


def _agree(fits: bool, what: str) -> None:
    if not fits:
        raise CaptureError(f"{what}: nothing is added to it")
