"""Captures opened by name: `open`, which gives a Source to read, or a Sink to write."""

from collections.abc import Iterator
from typing import Literal, overload

from pcapfilter.errors import CaptureError
from pcapfilter.filter import native
from pcapfilter.io.base import Source, open_source
from pcapfilter.io.opened import FileReader, Reader, Writer
from pcapfilter.io.output import Format, Manner, Precision, check_manner, open_sink
from pcapfilter.io.place import Identity, Place
from pcapfilter.packets import NANOSECONDS, Origin, PacketBatch, Record


class Like(Reader):
    """A Source without packets: what a file is written like where there is only an origin."""

    name = ""
    extension = position = size = 0
    identity: Identity | None = None
    damage: CaptureError | None = None

    def __init__(self, origin: Origin) -> None:
        self.origin = origin
        self.origins: tuple[Origin, ...] = (origin,)
        self.record = Record(unit=NANOSECONDS)

    def batches(self) -> Iterator[PacketBatch]:
        """Give nothing."""
        return iter(())

    def close(self) -> None:
        """Let go of nothing."""


@overload
def open(  # noqa: A001 -- the word for it
    place: Place, mode: Literal["r"] = "r", *, recover: bool = False
) -> FileReader: ...


@overload
def open(  # noqa: A001 -- the word for it
    place: Place,
    mode: Literal["w", "a"],
    *,
    like: Source | Origin,
    format: Format | None = None,
    precision: Precision | None = None,
    compress: str | None = None,
) -> Writer: ...


def open(  # noqa: A001 -- the word for it
    place: Place,
    mode: Literal["r", "w", "a"] = "r",
    *,
    recover: bool = False,
    like: Source | Origin | None = None,
    format: Format | None = None,  # noqa: A002 -- the command's word
    precision: Precision | None = None,
    compress: str | None = None,
) -> FileReader | Writer:
    """Open a capture: a path, a URL, `-` or a binary file.

    To be read (`r`), it is a Source, whatever its format and compression: it gives packets when it
    is iterated, is taken by every method of a Filter that takes a path, and with `recover` goes on
    behind damage. To be written (`w`) or added to (`a`), it is a Sink for packets `like` those of a
    Source or an Origin; Filter.copy takes it, and `add` a single packet.
    """
    if mode == "r":
        return open_source(place, native=native, recover=recover)
    if mode not in {"w", "a"}:
        raise ValueError(f"no such mode: {mode!r} (r, w or a)")
    if not isinstance(like, Source | Origin):
        raise TypeError(
            f"to be written, a capture wants `like`: a Source or an Origin, not {like!r}"
        )
    manner = Manner(format, precision, compress)
    check_manner(manner)
    model = Like(like) if isinstance(like, Origin) else like
    if mode == "a":
        from pcapfilter.io.append import open_appended

        return open_appended(place, model, manner=manner, native=native)
    return open_sink(place, model, manner=manner, native=native)
