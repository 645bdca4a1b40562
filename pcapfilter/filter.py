"""The roof: text in, programs and verdicts out.

The only module that knows all four wings. `compile` parses and generates; a Filter derives the
program for each link type when it is asked for it, and remembers it.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from functools import partial
from operator import index
from typing import TYPE_CHECKING, Any, Literal, Self

from pcapfilter.compiling import Options, generated, parsed
from pcapfilter.errors import FilterError, RejectsAllError, UnsupportedError
from pcapfilter.judge import about, engine_of, judge_of, nothing, warn
from pcapfilter.net.linktype import LinkType, resolve
from pcapfilter.net.names import Resolver
from pcapfilter.packets import MAXIMUM_SNAPLEN, Origin, Packet

if TYPE_CHECKING:
    from pcapfilter import ebpf
    from pcapfilter.bpf.program import Program
    from pcapfilter.engine.patient import Judge
    from pcapfilter.expr.nodes import Expr
    from pcapfilter.io.base import Loop, Source
    from pcapfilter.io.opened import Writer
    from pcapfilter.io.output import Format, Precision
    from pcapfilter.io.place import Place
    from pcapfilter.job import Engine, Engines, Tally

Link = str | int | LinkType
"""A name, a LINKTYPE or DLT number, or a row of the table."""

Octets = bytes | bytearray | memoryview


def compile(  # noqa: A001 -- re.compile set the example
    text: str,
    *,
    link: Link = "EN10MB",
    snaplen: int = MAXIMUM_SNAPLEN,
    netmask: int | None = None,
    optimize: bool = True,
    resolver: Resolver | None = None,
    source: Literal["file", "live"] | None = None,
    swapped: bool = False,
) -> "Filter":
    """Give the Filter of a text.

    `link` is the link type of what has none of its own (bytes): a name, a LINKTYPE or DLT number.
    `snaplen` is what an accepting program returns. `netmask` is the network's, as a number
    (0xFFFFFF00 for 255.255.255.0), for `ip broadcast`; None, or libpcap's 0xFFFFFFFF, if unknown.
    `resolver` knows names of hosts, ports and protocols; by default it is this machine. `source` is
    None for the program that `tcpdump -d -y` shows, "file" for a savefile's (with `swapped`, of the
    other byte order), "live" for an interface's: captures are always judged by that of their kind.

    FilterError where the text is at fault, TypeError or ValueError where another argument is. A
    refusal that depends on the link type comes later, from what needs the program.
    """
    if not isinstance(text, str):
        raise TypeError(f"text must be a str, not {text!r}")
    _check_word("snaplen", snaplen, least=1)  # 0 would reject all
    if netmask is not None:
        _check_word("netmask", netmask)
    if source not in (None, "file", "live"):
        raise ValueError(f"source must be None, 'file' or 'live', not {source!r}")
    if resolver is not None and not isinstance(resolver, Resolver):
        raise TypeError(f"resolver must have the methods of a Resolver: {resolver!r} has not")
    options = Options(resolve(link), snaplen, netmask, optimize, resolver, source, swapped)
    made = Filter(text, options)
    with suppress(UnsupportedError, RejectsAllError):
        made.program()
    return made


def _check_word(name: str, value: int, least: int = 0) -> None:
    """Raise TypeError unless a value is a whole number, and ValueError unless 32 bits hold it."""
    if type(value) is bool or not isinstance(value, int):
        raise TypeError(f"{name} must be an int, not {value!r}")
    if not least <= value < 1 << 32:
        raise ValueError(f"{name} must be {least} to {(1 << 32) - 1}, not {value}")


class Filter:
    """A compiled filter. Immutable; equal, hashed and pickled by its text and options."""

    __slots__ = ("_engines", "_expr", "_judges", "_programs", "options", "text")

    text: str
    options: Options
    _expr: "Expr | None"
    _programs: "dict[Origin, Program]"
    _judges: "dict[Link | Origin | None, Judge]"
    _engines: "dict[Origin, Engine]"

    def __init__(self, text: str, options: Options) -> None:
        for name, value in (
            ("text", text),
            ("options", options),
            ("_expr", None),
            ("_programs", {}),
            ("_judges", {}),
            ("_engines", {}),
        ):
            object.__setattr__(self, name, value)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a Filter is immutable: {name} cannot be set")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"a Filter is immutable: {name} cannot be deleted")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Filter):
            return NotImplemented
        return (self.text, self.options) == (other.text, other.options)

    def __hash__(self) -> int:
        return hash((self.text, self.options))

    def __reduce__(self) -> tuple[type[Self], tuple[str, Options]]:
        return type(self), (self.text, self.options)

    def __repr__(self) -> str:
        return f"<Filter {self.text!r} for {self.options.link.name}>"

    # ---- programs ----------------------------------------------------------------------------

    def program(self, link: Link | None = None) -> "Program":
        """Give the classic program for a link type (by default the one compiled for)."""
        options = self.options
        row = options.link if link is None else resolve(link)
        return self._program(Origin(row, options.snaplen, options.source, options.swapped))

    def listing(self, style: str = "d", link: Link | None = None) -> str:
        """Give what `tcpdump -d` prints (or -dd, or -ddd), without a final newline."""
        from pcapfilter.bpf.text import listing

        return listing(self.program(link), style)

    def ebpf(
        self,
        host: str = "user",
        link: Link | None = None,
        match: int | None = None,
        other: int | None = None,
    ) -> "ebpf.program.Program":
        """Give the eBPF program for a host; `match` and `other` are what it returns."""
        from pcapfilter.codegen.ebpf import translate

        return translate(self.program(link), host=host, match=match, other=other)

    def _program(self, origin: Origin) -> "Program":
        found = self._programs.get(origin)
        if found is None:
            try:
                expr = self._expr or parsed(self.text, self.options, origin)
                object.__setattr__(self, "_expr", expr)
                found = generated(expr, self.options, origin)
            except FilterError as error:
                raise error.located(self.text) from None
            self._programs[origin] = found
        return found

    def _repr_svg_(self) -> str | None:
        from pcapfilter.tools.graph.notebook import picture_of

        return picture_of(self)

    def _repr_html_(self) -> str | None:
        from pcapfilter.tools.graph.notebook import figure_of

        return figure_of(self)

    # ---- single packets ----------------------------------------------------------------------

    def matches(self, frame: Octets, wirelen: int | None = None, link: Link | None = None) -> bool:
        """Tell whether a packet matches, by its captured bytes and its length on the wire.

        ValueError where that length is none of 32 bits.
        """
        if not isinstance(frame, Octets):
            raise TypeError(f"frame must be bytes, a bytearray or a memoryview, not {frame!r}")
        if wirelen is not None and not 0 <= index(wirelen) < 1 << 32:
            raise ValueError(f"wirelen must be 0 to {(1 << 32) - 1}, not {wirelen}")
        judge = self._judges.get(link)
        if judge is None:
            judge = self._judges[link] = judge_of(self.program(link))
        return judge.run(frame, wirelen) != 0

    def __call__(self, packet: Any) -> bool:
        """Tell whether a packet matches: bytes, a Packet, a scapy packet or a dpkt frame."""
        if isinstance(packet, Octets):
            return self.matches(packet)
        if isinstance(packet, Packet):
            if packet.origin is None:
                return self.matches(packet.data, packet.wirelen, packet.link)
            return self._matches(packet.data, packet.wirelen, packet.origin)
        from pcapfilter.integrations import frame_of

        frame, wirelen, link, swapped = frame_of(packet)
        if link is None:
            return self.matches(frame, wirelen)
        # Other people's packets come from savefiles, as far as anybody can tell.
        origin = Origin(resolve(link), self.options.snaplen, swapped=swapped)
        return self._matches(frame, wirelen, origin)

    def _matches(self, frame: Octets, wirelen: int | None, origin: Origin) -> bool:
        judge = self._judges.get(origin)
        if judge is None:
            judge = self._judges[origin] = judge_of(self._program(origin))
        return judge.run(frame, wirelen) != 0

    # ---- captures ----------------------------------------------------------------------------

    def engine(self, origin: Origin) -> "Engine":
        """Give the engine that judges batches of packets of one origin."""
        found = self._engines.get(origin)
        if found is None:
            found = self._engines[origin] = engine_of(self._program(origin))
        return found

    def engines(
        self, source: "Source", *, skip: Callable[[UnsupportedError], None] | None = None
    ) -> "Engines":
        """Give what gives the engine for each origin of a Source.

        FilterError where the filter is refused for one of the origins that the Source knows of, or
        where nothing can match on any of them; where that is so on some, they select nothing. With
        `skip`, which is told of it, nor do those for which it is refused. A live capture is judged
        by the kernel, and by an engine only as far as that cannot be.
        """
        from pcapfilter.io.base import Attachable

        if isinstance(source, Attachable):
            live = source.origin._replace(source="live")
            rest = source.attach(self._program(live), self.text)
            if rest is not None:
                judging = engine_of(rest)
                return lambda _: judging
        rejecting: list[FilterError] = []
        refused: list[FilterError] = []
        for origin in source.origins:
            try:
                self._program(origin)
            except RejectsAllError as error:
                rejecting.append(error)
            except UnsupportedError as error:
                refused.append(about(error, origin, source, skipping=skip is not None))
        if len(rejecting) + len(refused) == len(source.origins) or (refused and skip is None):
            raise (refused or rejecting)[0]
        return partial(self._engine_within, source, skip)

    def _engines_for(self, source: "Source", *, skipping: bool) -> "Engines":
        return self.engines(source, skip=warn if skipping else None)

    def _engine_within(
        self, source: "Source", skip: Callable[[UnsupportedError], None] | None, origin: Origin
    ) -> "Engine":
        try:
            return self.engine(origin)
        except RejectsAllError:
            pass
        except UnsupportedError as error:
            if skip is None:
                raise about(error, origin, source) from None
            skip(about(error, origin, source))
        return nothing()

    def read(
        self,
        src: "Place | Source",
        *,
        limit: int | None = None,
        workers: int | None = None,
        skip_unsupported: bool = False,
    ) -> Iterator[Packet]:
        """Give the packets that match, at most `limit`; CaptureError where `src` is no capture.

        UnsupportedError where the filter is refused for the link type of an interface; with
        `skip_unsupported` that is a warning, and its packets are left out, as long as there are
        others.
        """
        from pcapfilter import job

        job.check_numbers(limit, workers)
        with ExitStack() as opened:
            source = opened.enter_context(_opened(src))
            engines = self._engines_for(source, skipping=skip_unsupported)
            found = job.read(source, engines, limit=limit, workers=workers)
            return _closing(opened.pop_all(), found)

    def count(
        self,
        src: "Place | Source",
        *,
        limit: int | None = None,
        workers: int | None = None,
        skip_unsupported: bool = False,
    ) -> "Tally":
        """Count the packets that match, up to `limit` of them."""
        from pcapfilter import job

        with _opened(src) as source:
            engines = self._engines_for(source, skipping=skip_unsupported)
            return job.count(source, engines, limit=limit, workers=workers)

    def copy(
        self,
        src: "Place | Source",
        dst: "Place | Writer",
        *,
        format: "Format | None" = None,  # noqa: A002 -- the command's word
        precision: "Precision | None" = None,
        compress: str | None = None,
        limit: int | None = None,
        workers: int | None = None,
        skip_unsupported: bool = False,
    ) -> "Tally":
        """Write the packets that match to `dst`, as `tcpdump -r SRC -w DST` does.

        `format` is pcap, nanopcap or pcapng, and `compress` gzip, bzip2, xz, zstd, lz4 or none: by
        the ending of the name unless given. `precision` is that of the input unless given; blocks
        copied from pcapng to pcapng keep theirs. A new or regular file is written under another
        name, and renamed at the end. A Sink is written to, and stays open. RejectsAllError where
        nothing can match.
        """
        from pcapfilter import job
        from pcapfilter.io.opened import Writer
        from pcapfilter.io.output import Manner, check_manner, open_sink

        manner = Manner(format, precision, compress)
        check_manner(manner)
        with _opened(src) as source:
            engines = self._engines_for(source, skipping=skip_unsupported)
            if isinstance(dst, Writer):
                return job.copy(source, engines, dst, limit=limit, workers=workers)
            sink = open_sink(dst, source, manner=manner, native=native)
            with closing(sink):
                return job.copy(source, engines, sink, limit=limit, workers=workers)


@contextmanager
def _opened(src: "Place | Source") -> "Iterator[Source]":
    """A source, closed in the end unless it is the caller's own."""
    source = open_capture(src)
    try:
        yield source
    finally:
        if source is not src:
            source.close()


def _closing(opened: ExitStack, found: Iterator[Packet]) -> Iterator[Packet]:
    """Give packets, and close in the end what they come from."""
    with opened:
        yield from found


def native(loop: "Loop", signature: str) -> "Loop":
    """Give the native form of one of io's loops; nothing is loaded before the first is wanted."""
    from pcapfilter.engine import loops

    return loops.native(loop, signature)


def open_capture(src: "Place | Source", *, recover: bool = False) -> "Source":
    """Give the Source of a place, with its loops as native code; a Source is one already."""
    from pcapfilter.io.base import Source, open_source

    return src if isinstance(src, Source) else open_source(src, native=native, recover=recover)
