"""Source and Sink, and the way to open one.

A Source gives batches, and a Sink takes what was selected of them. Neither knows of filters, and
neither knows an engine: the loops that should run as native code are handed over, as plain
functions, to a `Native`, which gives back something that is called alike.
"""

from array import array
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from pcapfilter.errors import CaptureError
from pcapfilter.io.place import Identity, Place, open_file
from pcapfilter.packets import Origin, PacketBatch, Record

if TYPE_CHECKING:
    from pcapfilter.bpf.program import Program
    from pcapfilter.io.opened import FileReader

Loop = Callable[..., int]
Native = Callable[[Loop, str], Loop]
"""Gives the native form of a loop, from the loop and its signature."""

NOTHING, RECORDS, PACKETS = range(3)
"""What is kept of selected packets: how many they are, their records as octets, or everything."""

UNITS = {"micro": 1_000_000, "nano": 1_000_000_000}
"""Parts of a second, by the name of the precision."""

PCAPNG_MAGIC = b"\x0a\x0d\x0d\x0a"
"""The type of a section header block, which any byte order leaves as it is."""

COMPRESSIONS: dict[bytes, str] = {
    # how a compressed file begins -> by what it is compressed
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zX": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\x04\x22\x4d\x18": "lz4",
}

SKIPPABLE = b"\x2a\x4d\x18"
"""How a frame that holds nothing goes on after its first octet; one may precede those of zstd."""


class Measure(Protocol):
    """How far a file has been read, in octets, of how many (0 where nobody knows)."""

    position: int
    size: int


@runtime_checkable
class Source(Protocol):
    """Where packets come from.

    `origin`, `record` and `extension` are what a Sink needs to know to write the like of it, and
    `origins` all the origins that are known before the first packet. `position` is the number of
    octets read, and `size` the number there are (0 where nobody knows). A Source that reads
    something compressed has a `measure` which tells the same of the compressed file.
    """

    name: str
    origin: Origin
    origins: tuple[Origin, ...]
    record: Record
    extension: int
    damage: CaptureError | None
    position: int
    size: int
    identity: Identity | None

    def batches(self) -> Iterator[PacketBatch]:
        """Give the packets in order; each batch is good until the next one is asked for."""

    def close(self) -> None:
        """Let go of the file."""


class Portion(Protocol):
    """What was found in one range of a capture."""

    @property
    def batch(self) -> PacketBatch | None:
        """The packets, if they were to be kept."""

    @property
    def seen(self) -> int:
        """How many packets were looked at."""

    @property
    def matched(self) -> int:
        """How many of them the filter selected."""

    @property
    def octets(self) -> memoryview | None:
        """Their records side by side, if those were to be kept and nothing more was needed."""


class Shelf(Protocol):
    """Room for what is kept of a range."""

    buffer: bytearray


class Ranges(Protocol):
    """A capture cut into ranges.

    They may be scanned in any order, by several threads; and are then confirmed one after another.
    """

    count: int

    def shelf(self, span: int) -> Shelf:
        """Give room for what is kept of so many ranges at a time."""

    def scan(self, number: int, span: int, shelf: Shelf) -> Portion | None:
        """Scan so many ranges in a row by themselves; None where that cannot be begun."""

    def confirm(
        self, number: int, span: int, portion: Portion | None, shelf: Shelf
    ) -> Portion | None:
        """Give what is in some ranges; None where the capture has ended before them.

        A portion is good until its shelf is used again.
        """


@runtime_checkable
class Selective(Protocol):
    """A Source whose framing loop can take a filter into it.

    `fill` makes the loop with the filter in it. Either method gives None where that cannot be.
    """

    origin: Origin

    def matching(
        self, fill: Native, limit: int | None = None
    ) -> Iterator[tuple[PacketBatch, int]] | None:
        """Give what is selected, and how many packets each batch was chosen from."""

    def ranges(self, fill: Native, *, size: int, keep: int) -> Ranges | None:
        """Give the same capture in ranges of some octets; each thread has a loop from `fill`.

        What is kept of the packets is NOTHING, their RECORDS, or PACKETS.
        """


@runtime_checkable
class Attachable(Protocol):
    """A Source whose packets can be judged before they come."""

    origin: Origin

    def attach(self, program: "Program", text: str = "") -> "Program | None":
        """Have packets judged by a program that is made for live capture on this link type.

        Give the program that remains to be judged by; None where that of another filter does.
        `text` is what the program was made from.
        """


@runtime_checkable
class Observed(Protocol):
    """A Source of which there is more to tell than its packets: an interface, as they come.

    `filter` is the text by which packets were chosen, `began` when that was, in nanoseconds since
    1970.
    """

    name: str
    filter: str
    began: int

    def statistics(self) -> tuple[int, int, int]:
        """Give how many packets were accepted, dropped by the kernel, and by the interface."""


@runtime_checkable
class Sink(Protocol):
    """Where selected packets go."""

    def write(self, batch: PacketBatch, selected: "array[int]") -> None:
        """Write the selected packets, which are rising indices into the batch."""

    def close(self) -> None:
        """Write out what is held back, and let go of the file."""


@runtime_checkable
class Recording(Protocol):
    """A Sink that takes whole records as they are."""

    def takes(self, origin: Origin, record: Record) -> bool:
        """Tell whether records like these are what it would write itself."""

    def write_records(self, octets: memoryview) -> None:
        """Write records that stand side by side."""


@runtime_checkable
class Following(Protocol):
    """A Sink that wants to know where what comes next is from."""

    def follow(self, source: Source) -> None:
        """Take what comes next from a Source."""


class EnoughFilesError(Exception):
    """A Sink that was to write so many files has written them: the job is done."""


def plain(loop: Loop, signature: str) -> Loop:  # noqa: ARG001 -- the plain end of the seam
    """Give a loop as it is: Python runs it."""
    return loop


def open_source(place: Place, *, native: Native = plain, recover: bool = False) -> "FileReader":
    """Open a capture by its magic number; CaptureError where its header is unusable.

    Whatever is compressed is decompressed on the way. With `recover`, reading goes on
    behind damage.
    """
    file, name, owned = open_file(place, "rb")
    with ExitStack() as unusable:
        if owned:
            unusable.callback(file.close)
        head = read_magic(file)
        if kind := compression_of(head):
            from pcapfilter.io.compressed import Unpacked

            file = Unpacked(file, kind, head=head, name=name, owned=owned)
            owned = True
            unusable.pop_all()
            unusable.callback(file.close)
            head = read_magic(file)
        try:
            source = _source_kind(head)(
                file, name, head=head, owned=owned, native=native, recover=recover
            )
        except CaptureError:
            if fault_of(file):
                raise CaptureError(fault_of(file), name=name) from None
            raise
        unusable.pop_all()
        return source


def _source_kind(head: bytes) -> "type[FileReader]":
    """Give what reads files that begin like this."""
    if head == PCAPNG_MAGIC:
        from pcapfilter.io.pcapng import PcapngSource

        return PcapngSource
    from pcapfilter.io.pcap import PcapSource

    return PcapSource


def compression_of(head: bytes) -> str:
    """Give by what a file that begins like this is compressed; nothing if it is not."""
    if head[1:] == SKIPPABLE and head[0] >> 4 == 5:
        return "zstd"
    return next((kind for magic, kind in COMPRESSIONS.items() if head.startswith(magic)), "")


def begins_like_a_capture(name: str) -> bool:
    """Whether a file begins like a capture, or like anything compressed."""
    from pcapfilter.io.pcap import MAGICS

    with open(name, "rb", buffering=0) as file:
        head = read_magic(file)
    return head in MAGICS or head == PCAPNG_MAGIC or compression_of(head) != ""


def fault_of(file: Any) -> str:
    """Say what ended a file too early, where that is known."""
    return getattr(file, "fault", "")


def read_magic(file: Any) -> bytes:
    """Read the four octets by which a file is known; fewer where there are no more."""
    octets = bytearray(4)
    view, have = memoryview(octets), 0
    while have < len(octets) and (got := read_into(file, view[have:])):
        have += got
    return bytes(octets[:have])


def read_into(file: Any, view: memoryview) -> int:
    """Read what there is into a view, at least one octet unless the file is at its end (0)."""
    read = getattr(file, "readinto1", None) or file.readinto
    while (got := read(view)) is None:
        _wait(file, reading=True)
    return int(got)


def write_all(
    file: Any, octets: bytes | memoryview, whole: Callable[[memoryview], int] | None = None
) -> None:
    """Write all of the octets, however many writes that takes.

    Where that fails, cut off what is not whole, if the file allows it: `whole` tells how many of
    the octets that were written are. OSError names the file.
    """
    view = memoryview(octets)
    try:
        while view:
            done = file.write(view)
            if done is None:
                _wait(file, reading=False)
            else:
                view = view[done:]
    except OSError as error:
        if error.errno and isinstance(name := getattr(file, "name", None), str):
            error.filename = error.filename or name
        raise
    finally:
        if whole is not None and 0 < len(view) < len(octets):
            written = memoryview(octets)[: len(octets) - len(view)]
            with suppress(AttributeError, OSError):
                file.truncate(file.seek(whole(written) - len(written), 1))


def _wait(file: Any, *, reading: bool) -> None:
    """Wait for a file that somebody made non-blocking."""
    from select import select

    select([file] if reading else [], [] if reading else [file], [])
