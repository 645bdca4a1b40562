"""One line a packet: time, addresses, ports, protocol, length, much as tcpdump has them."""

import sys
import time
from array import array

from pcapfilter.cli.line import describe
from pcapfilter.packets import PacketBatch


class PrintingSink:
    """A Sink that prints a line for each packet.

    `style` is how often -t was given: 0 the time of day, 1 nothing, 2 seconds since 1970, 3 the
    time since the line before, 4 date and time, 5 the time since the first line.
    """

    def __init__(self, style: int, *, nano: bool, flushing: bool) -> None:
        self._style, self._nano, self._flushing = style, nano, flushing
        self._base: int | None = None

    def write(self, batch: PacketBatch, selected: "array[int]") -> None:
        """Print the selected packets."""
        out = sys.stdout
        for index in selected:
            packet = batch.packet(index)
            stamp = self._stamp(packet.time_ns)
            out.write(f"{stamp}{describe(packet)}\n")
            if self._flushing:
                out.flush()

    def _stamp(self, nanoseconds: int) -> str:
        match self._style:
            case 1:
                return ""
            case 3 | 5:
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
        sys.stdout.flush()
