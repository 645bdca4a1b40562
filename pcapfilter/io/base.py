"""Source and Sink, and the way to open one.

A Source gives batches, and a Sink takes what was selected of them. Neither knows of filters, and
neither knows an engine: the loops that should run as native code are handed over, as plain
functions, to a `Native`, which gives back something that is called alike.
"""

from array import array
from collections.abc import Callable, Iterator
from os import PathLike
from typing import IO, Any, Protocol

from pcapfilter.errors import CaptureError
from pcapfilter.packets import Origin, PacketBatch

Loop = Callable[..., int]
Native = Callable[[Loop, str], Loop]
"""Gives the native form of a loop, from the loop and its signature."""

Place = str | PathLike[str] | IO[bytes]
"""What a capture is read from or written to: a path, `-`, or a binary file."""


class Source(Protocol):
    """Where packets come from."""

    name: str
    origin: Origin
    damage: CaptureError | None
    position: int
    size: int

    def batches(self) -> Iterator[PacketBatch]:
        """Give the packets in order; each batch is good until the next one is asked for."""

    def close(self) -> None:
        """Let go of the file."""


class Sink(Protocol):
    """Where selected packets go."""

    def write(self, batch: PacketBatch, selected: "array[int]") -> None:
        """Write the selected packets, which are rising indices into the batch."""

    def close(self) -> None:
        """Write out what is held back, and let go of the file."""


def plain(loop: Loop, signature: str) -> Loop:  # noqa: ARG001 -- the plain end of the seam
    """Give a loop as it is: Python runs it."""
    return loop


def open_source(place: Place, *, native: Native = plain) -> Source:
    """Open a capture by its magic number; CaptureError where its header is unusable."""
    from pcapfilter.io.pcap import PcapSource

    file, name = open_binary(place, "rb")
    try:
        return PcapSource(file, name, native=native)
    except BaseException:
        if file is not place:
            file.close()
        raise


def open_binary(place: Place, mode: str) -> tuple[Any, str]:
    """Give an unbuffered binary file and the name to call it by in messages."""
    if place == "-":
        return open(0 if mode == "rb" else 1, mode, buffering=0, closefd=False), "-"
    if isinstance(place, str | PathLike):
        return open(place, mode, buffering=0), str(place)
    return place, str(getattr(place, "name", "") or "-")
