"""One line a packet: time, addresses, ports, protocol, length, much as tcpdump has them."""

import time
from array import array
from collections.abc import Callable
from typing import TextIO

from pcapfilter.cli import dump
from pcapfilter.cli.line import Lines, Style
from pcapfilter.cli.options import CommandLine
from pcapfilter.cli.readers import read_frame
from pcapfilter.io.base import Following, Sink, Source
from pcapfilter.packets import Packet, PacketBatch

DUMPS = (
    # flag, what shows the octets; the first one given decides. Given twice: link layer included
    ("X", dump.both),
    ("x", dump.hexadecimal),
    ("A", dump.text),
)


class PrintingSink:
    """A Sink that prints a line for each packet, and its octets below where the flags ask for them.

    The time is printed as often as -t was given: 0 the time of day, 1 nothing, 2 seconds since
    1970, 3 the time since the line before, 4 date and time, 5 the time since the first line.
    `interfaces` gives the names of interfaces, where those are this machine's.
    """

    def __init__(
        self,
        line: CommandLine,
        out: TextIO,
        *,
        nano: bool,
        interfaces: Callable[[int], str] | None = None,
    ) -> None:
        self._out = out
        self._style, self._nano = min(line.times("t"), 5), nano
        self._flushing = line.times("l") > 0
        self._numbered, self._lengths = line.times("#") > 0, line.times("lengths") > 0
        self._number = 0
        self._lines = Lines(
            Style(
                link_header=line.times("e") > 0,
                quiet=line.times("q") > 0,
                verbose=line.times("v"),
                absolute=line.times("S") > 0,
                verify=not line.times("K"),
            ),
            interfaces,
        )
        self._dump: Callable[[bytes], str] | None = None
        self._from_link_layer = False
        for flag, show in reversed(DUMPS):
            if line.times(flag):
                self._dump, self._from_link_layer = show, line.times(flag) > 1
        self._base: int | None = None

    def write(self, batch: PacketBatch, selected: "array[int]") -> None:
        """Print the selected packets."""
        out = self._out
        for index in selected:
            out.write(self._text(batch.packet(index)))
            if self._flushing:
                out.flush()

    def _text(self, packet: Packet) -> str:
        self._number += 1
        number = f"{self._number:5}  " if self._numbered else ""
        lengths = f"caplen {packet.caplen} len {packet.wirelen} " if self._lengths else ""
        stamp = self._stamp(packet.time_ns)
        octets = ""
        if self._dump is not None:
            start = 0 if self._from_link_layer else read_frame(packet).start
            octets = self._dump(packet.data[start:])
        return f"{number}{lengths}{stamp}{self._lines.describe(packet)}{octets}\n"

    def _stamp(self, nanoseconds: int) -> str:
        match self._style:
            case 1:
                return ""
            case 3 | 5:
                if not self._nano:
                    nanoseconds -= nanoseconds % 1000  # as each time is printed
                elapsed = 0 if self._base is None else nanoseconds - self._base
                if self._style == 3 or self._base is None:
                    self._base = nanoseconds
                sign = "-" if elapsed < 0 else " "
                seconds, part = divmod(abs(elapsed), 10**9)
                minutes, second = divmod(seconds, 60)
                clock = f"{sign}{minutes // 60:02}:{minutes % 60:02}:{second:02}"
            case style:
                seconds, part = divmod(nanoseconds, 10**9)
                if style == 2:
                    clock = str(seconds)
                else:
                    form = "%Y-%m-%d %H:%M:%S" if style == 4 else "%H:%M:%S"
                    clock = time.strftime(form, time.localtime(seconds))
        return f"{clock}.{part:09} " if self._nano else f"{clock}.{part // 1000:06} "

    def close(self) -> None:
        """Write out what was printed."""
        self._out.flush()


class TwoSinks:
    """A Sink that hands on to two others (--print beside -w)."""

    def __init__(self, first: Sink, second: Sink) -> None:
        self._sinks = first, second

    def follow(self, source: Source) -> None:
        """Tell those that want to know where what comes next is from."""
        for sink in self._sinks:
            if isinstance(sink, Following):
                sink.follow(source)

    def write(self, batch: PacketBatch, selected: "array[int]") -> None:
        """Write the selected packets to both."""
        for sink in self._sinks:
            sink.write(batch, selected)

    def close(self) -> None:
        """Close both, the second one even where the first one cannot be."""
        first, second = self._sinks
        try:
            first.close()
        finally:
            second.close()
