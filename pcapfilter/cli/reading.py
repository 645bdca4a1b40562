"""The job over captures: packets written, counted or printed, file after file."""

import sys
from os import devnull
from sys import byteorder
from typing import TYPE_CHECKING

from pcapfilter import job
from pcapfilter.cli import run
from pcapfilter.cli.arguments import number, precision
from pcapfilter.cli.interrupts import Interrupts
from pcapfilter.cli.options import CommandLine
from pcapfilter.cli.progress import Progress
from pcapfilter.cli.statistics import Statistics
from pcapfilter.cli.writing import is_fifo, manner_of, open_output
from pcapfilter.errors import CaptureError, UnsupportedError
from pcapfilter.filter import Filter, native, open_capture
from pcapfilter.io.base import (
    UNITS,
    EnoughFilesError,
    Sink,
    Source,
    open_source,
    read_into,
)
from pcapfilter.io.output import Manner, chosen, open_sink
from pcapfilter.io.place import identity_at, refuse_overwriting
from pcapfilter.judge import left_out, within
from pcapfilter.packets import Origin

if TYPE_CHECKING:
    from pcapfilter.io.window import Window
    from pcapfilter.net.linktype import LinkType


LOADED = ("pcapfilter.cli.printing", "pcapfilter.io.rotation", "pcapfilter.io.append", "shlex")
"""Modules that may be needed when packets are being read."""

SAMPLE = bytes(8) + (60).to_bytes(4, byteorder) * 2 + bytes(60)
"""A packet's record in a pcap file."""


def read_inputs(line: CommandLine, text: str, inputs: list[str]) -> int:
    """Read every input, and do with what matches as the flags say; give the exit code."""
    with Interrupts(read_into, open_source) as interrupts:
        reading = Reading(line, text, inputs, interrupts)
        try:
            for name in inputs:
                reading.read(name)
        except KeyboardInterrupt:
            reading.statistics.interrupted = True
        except EnoughFilesError as enough:
            run.say(str(enough))
        finally:
            reading.close()
        reading.tell()
    return reading.code


class Reading:
    """One run of the command over its inputs: where the output goes, and what was seen so far."""

    def __init__(
        self, line: CommandLine, text: str, inputs: list[str], interrupts: Interrupts
    ) -> None:
        self._line, self._text, self._inputs = line, text, inputs
        self._interrupts = interrupts
        self._limit = number(line, "c")
        self._skip = number(line, "skip") or 0
        self._workers = number(line, "workers")
        self._precision = precision(line)
        self._target = line.last("w")
        self._manner = manner_of(line, self._precision)
        self._one_link = (
            self._target is not None and chosen(self._target, self._manner)[0] != "pcapng"
        )
        self._filter: Filter | None = None
        self._left_out = LeftOut()
        self._link: LinkType | None = None
        self._sink: Sink | None = None
        self.counting = run.counts(line)
        self._measured = line.times("json") > 0 or (
            line.times("v") > 0 and (self.counting or self._target is not None)
        )
        self._printing = run.prints(line)
        self.code = 0
        self.statistics = Statistics()
        self._window: Window | None = None
        if line.times("after") or line.times("before"):
            from pcapfilter.cli.times import window_of

            self._window = window_of(line)

    def read(self, name: str) -> None:
        """Read one input to its end, or to its damage, which is told and sets the exit code.

        One of several that cannot be opened is told, and passed over.
        """
        source = opened(name, self._line, self.statistics, alone=len(self._inputs) == 1)
        if source is None:
            self.code = 1
            return
        try:
            run.announce(source)
            if self._filter is None:
                self._filter = run.filter_for(self._line, self._text, source)
            if self._link is not None and self._one_link and source.origin.link != self._link:
                raise run.other_link(self._link, source)
            engines = self._engines(self._filter, source)
            if engines is None:
                return
            first = self._link is None
            self._link = source.origin.link
            if self._window is not None:
                engines = within(engines, self._window)
            self._tell_kept_times(source)
            if first:
                self._interrupts.watch()
                if self._line.times("Z"):
                    self._warm(source, engines)
                self._sink = self._open(source)
                if self._measured:
                    self._sink = self.statistics.of(self._sink)
            self._interrupts.check()
            self._run(source, engines)
        finally:
            source.close()

    def _tell_kept_times(self, source: Source) -> None:
        """Say so where the precision asked for is not that of what is copied block by block."""
        asked = self._precision and UNITS[self._precision]
        blocks = hasattr(source, "described") and self._target is not None and not self._one_link
        if blocks and asked and asked != source.record.unit:
            run.say(
                f"{source.name}: --{self._precision} changes nothing: the blocks of a pcapng file "
                "keep their times (--format pcap changes them)"
            )

    def _engines(self, made: Filter, source: Source) -> job.Engines | None:
        """Give the engines for a source; None where it is left out, being one of several."""
        skip = self._left_out if self._line.times("skip-unsupported") else None
        try:
            return made.engines(source, skip=skip)
        except UnsupportedError as error:
            if len(self._inputs) == 1:
                raise
            if not error.hint:
                error.hint = (
                    f"{source.name} has packets of link type {source.origin.link.title}; "
                    "--skip-unsupported leaves them out"
                )
            if skip is None:
                raise
            skip(error)
            return None

    def _run(self, source: Source, engines: job.Engines) -> None:
        statistics = self.statistics
        before = statistics.seen, statistics.matched
        with Progress(source, wanted=not (self._printing and sys.stdout.isatty())) as progress:

            def watch(seen: int, matched: int) -> None:
                statistics.seen, statistics.matched = before[0] + seen, before[1] + matched
                self._interrupts.check()
                progress.show(matched)

            try:
                tally = job.copy(
                    source, engines, self._sink,
                    skip=self._skip, limit=self._limit, workers=self._workers, watch=watch,
                )  # fmt: skip
            finally:
                statistics.octets_read += source.position
        if tally.damage is not None:
            statistics.damages += tell_damage(source, tally.damage)
            self.code = 1

    def _warm(self, source: Source, engines: job.Engines) -> None:
        """Have every loop ready, and all that is needed to write packets loaded.

        As another user, we may not be able to read it any more.
        """
        from importlib import import_module
        from io import BytesIO

        for name in LOADED:
            import_module(name)
        form, compress = chosen(self._target or "-", self._manner)
        manner = self._manner._replace(format=form, compress=compress or "none")
        sample = BytesIO()
        open_sink(sample, source, manner=Manner("pcap")).close()
        sample.write(SAMPLE)
        sample.seek(0)
        with open_sink(devnull, source, manner=manner, native=native) as sink:
            job.copy(open_capture(sample), engines, None if self.counting else sink)
        self._workers = 1

    def _open(self, source: Source) -> Sink | None:
        named = (self._line.last(name) for name in "VF")
        inputs = (*self._inputs, *(name for name in named if name is not None))
        refuse_overwriting(self._target or "-", *(identity_at(name, 0) for name in inputs))
        run.change_user(self._line)
        if self.counting:
            return None
        if self._printing:
            from pcapfilter.cli.printing import PrintingSink, TwoSinks

            self._interrupts.allow(PrintingSink.write)
            out = sys.stderr if self._target in run.STANDARD_OUTPUTS else sys.stdout
            printed = PrintingSink(self._line, out, nano=self._precision == "nano")
            if self._target is None:
                return printed
        assert self._target is not None
        if is_fifo(self._target):  # which waits for its reader
            self._interrupts.allow(open_sink)
        if self._one_link:
            self._look_ahead()
        sink = open_output(self._line, self._target, source, self._manner)
        return TwoSinks(printed, sink) if self._printing else sink

    def _look_ahead(self) -> None:
        """Have the header of a pcap file hold for the inputs that are still to come."""
        coming = [found for name in self._inputs[1:] if (found := _header(name)) is not None]
        snaplen = max((origin.snaplen for origin, _ in coming), default=0)
        self._manner = self._manner._replace(snaplen=snaplen)
        if self._precision is None and any(unit == UNITS["nano"] for _, unit in coming):
            self._manner = self._manner._replace(precision="nano")

    def close(self) -> None:
        """Close the output."""
        if self._sink is not None:
            self._sink.close()

    def tell(self) -> None:
        """Say what was asked for of how many packets there were."""
        line, statistics = self._line, self.statistics
        matched, taken = statistics.matched, self._target in run.STANDARD_OUTPUTS
        if line.times("json"):
            statistics.print_json(to_stderr=taken or self._printing)
        elif line.times("count"):
            out = sys.stderr if taken else sys.stdout
            print(f"{matched} packet{'' if matched == 1 else 's'}", file=out)
        if self._measured and line.times("v"):
            statistics.tell()
        if statistics.interrupted:
            run.say(f"interrupted: {statistics.seen} packets seen, {matched} matched")


class LeftOut:
    """Says that packets are left out, and why, once for each reason."""

    def __init__(self) -> None:
        self._told: set[str] = set()

    def __call__(self, error: UnsupportedError) -> None:
        """Say it."""
        about = left_out(error)
        if about not in self._told:
            run.say(about)
            self._told.add(about)


def opened(name: str, line: CommandLine, statistics: Statistics, *, alone: bool) -> Source | None:
    """Open an input; one of several that cannot be opened is told, and None."""
    try:
        return open_capture(name, recover=line.times("recover") > 0)
    except (CaptureError, OSError) as error:
        if alone:
            raise
        if isinstance(error, OSError):
            found = CaptureError(error.strerror or str(error), name=name)
        else:
            found = error
    run.say(str(found))
    statistics.damages.append(found)
    return None


def tell_damage(source: Source, first: CaptureError) -> list[CaptureError]:
    """Say what is wrong with a capture; give it, too."""
    found = getattr(source, "damages", None)
    told: list[CaptureError] = found.told if found else [first]
    for damage in told:
        run.say(str(damage))
    if found and found.count > len(told):
        run.say(f"{source.name}: {found.count - len(told)} damages more")
    return told


def _header(name: str) -> tuple[Origin, int] | None:
    """Give the origin of a capture, and its parts of a second, if it can be opened twice."""
    try:
        if identity_at(name, 0) is None or name == "-":
            return None
        source = open_source(name)
    except (OSError, CaptureError):  # which is told when it is its turn
        return None
    source.close()
    return source.origin, source.record.unit
