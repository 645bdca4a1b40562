"""The job over captures: packets written, counted or printed, file after file."""

import signal
import sys
from array import array
from os import stat

from pcapfilter import job
from pcapfilter.cli import run
from pcapfilter.cli.options import CommandLine
from pcapfilter.cli.progress import Progress
from pcapfilter.errors import CaptureError
from pcapfilter.filter import Filter, native, open_capture
from pcapfilter.io.base import Sink, Source, identity_of, open_sink, refuse_overwriting
from pcapfilter.packets import MAXIMUM_SNAPLEN, PacketBatch

MOST = 2**31 - 1
"""The highest packet count."""

MOST_WORKERS = 256

INTERRUPTED = 130


def read_inputs(line: CommandLine, text: str, inputs: list[str]) -> int:
    """Read every input, and do with what matches as the flags say; give the exit code."""
    reading = Reading(line, text, inputs)
    try:
        for name in inputs:
            reading.read(name)
    except KeyboardInterrupt:
        reading.code = INTERRUPTED
    finally:
        reading.close()
    if reading.counting:
        print(f"{reading.matched} packet{'' if reading.matched == 1 else 's'}")
    if reading.code == INTERRUPTED:
        run.say(f"interrupted: {reading.seen} packets seen, {reading.matched} matched")
    return reading.code


class Reading:
    """One run of the command over its inputs: where the output goes, and what was seen so far."""

    def __init__(self, line: CommandLine, text: str, inputs: list[str]) -> None:
        self._line, self._text, self._inputs = line, text, inputs
        self._limit = run.number(line, "c", "packet count", 1, MOST)
        self._skip = run.number(line, "skip", "skip count", 0, MOST) or 0
        self._workers = run.number(line, "workers", "worker count", 1, MOST_WORKERS)
        run.number(line, "s", "snaplen", 0, MAXIMUM_SNAPLEN)
        self._precision = run.precision(line)
        self._target = line.last("w")
        self._filter: Filter | None = None
        self._sink: Sink | None = None
        self.counting = self._target is None and line.times("count") > 0
        self.code = self.seen = self.matched = 0

    def read(self, name: str) -> None:
        """Read one input to its end, or to its damage, which is told and sets the exit code."""
        source = open_capture(name)
        try:
            run.announce(source)
            first = self._filter is None
            if self._filter is None:
                self._filter = run.filter_for(self._line, self._text, source)
                self._link = source.origin.link
            elif self._target is not None and source.origin.link != self._link:
                raise CaptureError("new dlt does not match original", name=name)
            engines = self._filter.engines(source)
            if first:
                self._sink = self._open(source)
            self._run(source, engines)
        finally:
            source.close()

    def _run(self, source: Source, engines: job.Engines) -> None:
        before = self.seen, self.matched
        printing = self._target is None and not self.counting
        with Progress(source, wanted=not (printing and sys.stdout.isatty())) as progress:

            def watch(seen: int, matched: int) -> None:
                self.seen, self.matched = before[0] + seen, before[1] + matched
                progress.show(matched)

            tally = job.copy(
                source, engines, self._sink,
                skip=self._skip, limit=self._limit, workers=self._workers, watch=watch,
            )  # fmt: skip
        if tally.damage is not None:
            run.say(str(tally.damage))
            self.code = 1

    def _open(self, source: Source) -> Sink | None:
        if self.counting:
            return None
        if self._target is None:
            from pcapfilter.cli.printing import PrintingSink

            return PrintingSink(
                min(self._line.times("t"), 5),
                nano=self._precision == "nano",
                flushing=self._line.times("l") > 0,
            )
        for name in self._inputs:
            if name != "-":
                refuse_overwriting(self._target, identity_of(stat(name)))  # noqa: PTH116 - os.stat takes any name
        sink = open_sink(self._target, source, precision=self._precision, native=native)
        return UnbrokenSink(sink)

    def close(self) -> None:
        """Close the output."""
        if self._sink is not None:
            self._sink.close()


class UnbrokenSink:
    """A Sink whose writes an interrupt does not cut in two: it waits until the write is done."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._writing = self._asked = False
        signal.signal(signal.SIGINT, self._interrupt)

    def _interrupt(self, *_: object) -> None:
        self._asked = True
        if not self._writing:
            raise KeyboardInterrupt

    def write(self, batch: PacketBatch, selected: "array[int]") -> None:
        """Write the selected packets, all or none."""
        self._writing = True
        try:
            self._sink.write(batch, selected)
        finally:
            self._writing = False
        if self._asked:
            raise KeyboardInterrupt

    def close(self) -> None:
        """Close the sink, and leave interrupts as they were."""
        self._sink.close()
        signal.signal(signal.SIGINT, signal.default_int_handler)
