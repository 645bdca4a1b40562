"""Packets added to a capture that is there already, if its header holds for them."""

import sys
from os import fstat, pwrite
from typing import Any

from pcapfilter.errors import CaptureError
from pcapfilter.io.base import (
    UNITS,
    Native,
    Sink,
    Source,
    compression_of,
    open_source,
    plain,
    read_magic,
)
from pcapfilter.io.framing import AS_IS
from pcapfilter.io.output import Manner
from pcapfilter.io.pcap import PcapSink, PcapSource
from pcapfilter.io.pcapng_sink import PcapngSink


def open_appended(name: str, like: Source, *, manner: Manner, native: Native = plain) -> Sink:
    """Open a capture to add packets of a Source, in the format and the compression that it has.

    It is read first: CaptureError where it is damaged, or where its header does not hold.
    """
    file = open(name, "r+b", buffering=0)  # noqa: SIM115 -- the Sink closes it
    try:
        if fstat(file.fileno()).st_size == 0:
            from pcapfilter.io.output import chosen, sink_for

            format, compress = chosen(name, manner)  # noqa: A001 - the command's word
            target, patch = _packed(file, compress, name, manner)
            return sink_for(
                target, like, format, manner.precision, owned=True, patch=patch, native=native
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
    except BaseException as error:
        file.close()
        if isinstance(error, CaptureError) and not error.name:
            raise CaptureError(error.message, name=name) from None
        raise


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
