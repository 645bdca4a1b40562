"""A live capture: packets of an interface written, counted or printed until enough of them came."""

import json
import signal
import sys
from contextlib import suppress
from importlib import import_module
from os import devnull
from time import monotonic
from typing import cast

import pcapfilter
from pcapfilter import job
from pcapfilter.cli import run
from pcapfilter.cli.arguments import KIB, number, precision
from pcapfilter.cli.interfaces import chosen_device, chosen_link
from pcapfilter.cli.interrupts import Interrupts
from pcapfilter.cli.options import CommandLine, UsageError
from pcapfilter.cli.run import STANDARD_OUTPUTS
from pcapfilter.cli.writing import manner_of, open_output
from pcapfilter.filter import Filter, native
from pcapfilter.io.base import EnoughFilesError, Sink, begins_like_a_capture
from pcapfilter.io.live import devices, stamps, unloading
from pcapfilter.io.live.devices import ARPHRD_WIRELESS, Device
from pcapfilter.io.live.programs import Direction
from pcapfilter.io.live.promptness import be_prompt
from pcapfilter.io.live.source import RING, Wishes, checked_link, open_live
from pcapfilter.io.live.tap import Tap
from pcapfilter.io.output import chosen, open_sink
from pcapfilter.packets import MAXIMUM_SNAPLEN

SECOND = 1.0

LOADED = ("pcapfilter.cli.printing", "pcapfilter.io.rotation", "shlex")
"""Modules that may be needed when the capture is under way."""


def capture(line: CommandLine, text: str) -> int:
    """Capture as the flags say, from -D's first interface without -i; give the exit code."""
    if line.last("i") is None:
        _refuse_file(line)
    found = chosen_device(line)
    if line.times("I"):
        _check_monitor(found)
    with Interrupts(Tap.wait) as interrupts:
        try:
            capturing = Capturing(line, text, found, interrupts)
        except PermissionError as error:
            if line.last("i") is None:
                error.strerror = f"{error.strerror}; -r FILE reads a capture"
            raise
        try:
            return capturing.run()
        finally:
            capturing.close()


def _refuse_file(line: CommandLine) -> None:
    """Raise UsageError where the filter begins with a capture's name, which wants -r."""
    name = line.operands[0] if line.operands else ""
    with suppress(OSError, ValueError):
        if begins_like_a_capture(name):
            raise UsageError(f"{name} is a capture: name it behind -r")


def filter_of(line: CommandLine, text: str) -> Filter:
    """Give the Filter of the text for -i's interface, which need not be opened for that."""
    found = chosen_device(line)
    link = checked_link(found, chosen_link(line))
    if found.number == 0 or line.last("y") is not None:
        print(f"data link type {link.name}", file=sys.stderr)
    return pcapfilter.compile(
        text, link=link, snaplen=_snaplen(line), netmask=0, optimize=not line.times("O"),
        source="live",
    )  # fmt: skip


class Capturing:
    """One live capture: where its packets go, and how it is going."""

    def __init__(self, line: CommandLine, text: str, found: Device, interrupts: Interrupts) -> None:
        self._line, self._text, self._interrupts = line, text, interrupts
        if line.times("after") or line.times("before"):
            raise UsageError("--after and --before pick packets of files, not of interfaces")
        self._limit = number(line, "c")
        self._skip = number(line, "skip") or 0
        self._target = line.last("w")
        self._counting, self._printing = run.counts(line), run.prints(line)
        asked = precision(line)
        self._nano = asked == "nano"
        self._manner = manner_of(line, asked)._replace(in_place=True, flushing=True)
        self._fine = self._nano or (
            asked is None
            and self._target is not None
            and chosen(self._target, self._manner)[0] != "pcap"
        )
        self._to_terminal = self._printing and sys.stdout.isatty()
        self._telling = line.times("v") > 0 and not self._to_terminal
        self._source = open_live(found.name, self._wishes(found), native=native)
        self._sink: Sink | None = None
        self._due = 0.0
        self._matched = 0
        self._interrupted = self._asked = False

    def _wishes(self, found: Device) -> Wishes:
        line = self._line
        kib = number(line, "B")
        direction = line.last("Q") or "inout"
        prompt = self._to_terminal or any(map(line.times, ("immediate-mode", "U", "l")))
        return Wishes(
            link=chosen_link(line),
            snaplen=_snaplen(line),
            promiscuous=not line.times("p"),
            buffer=RING if kib is None else kib * KIB,
            direction=cast("Direction", direction),
            immediate=prompt,
            precision="nano" if self._fine else "micro",
            clock=_clock(line, found),
        )

    def run(self) -> int:
        """Capture to the end: enough packets, a signal, or an interface that is gone."""
        source = self._source
        engines = run.filter_for(self._line, self._text, source).engines(source)
        if source.remark:
            run.say(source.remark)
        self._warm(engines)
        run.change_user(self._line)
        self._sink = self._open()
        source.started, source.stopped = self._announce, self._say_stopped
        source.wait = self._wait
        self._interrupts.watch()
        with suppress(ValueError):  # not the main thread, which alone may do this
            signal.signal(signal.SIGUSR1, self._ask)
        be_prompt()
        try:
            tally = job.copy(
                source, engines, self._sink, skip=self._skip, limit=self._limit, watch=self._watch
            )
        except KeyboardInterrupt:  # a second one, or one on a terminal
            self._interrupted, damage = True, None
        except EnoughFilesError as enough:
            run.say(str(enough))
            damage = None
        except BrokenPipeError:
            raise
        except OSError:
            self._tell("\n")
            raise
        else:
            damage = tally.damage
        if self._sink is not None:
            self._sink.close()
        if damage is not None:
            run.say(str(damage))
        self._report()
        return int(damage is not None)

    def _report(self) -> None:
        """Say how many packets there were: for machines, where that was asked for, too."""
        if self._interrupted and sys.stderr.isatty():
            print(file=sys.stderr)  # behind the ^C
        taken = self._target in STANDARD_OUTPUTS
        if self._line.times("json"):
            row = {
                "captured": self._matched,
                **self._source.statistics()._asdict(),
                "interrupted": self._interrupted,
            }
            print(json.dumps(row), file=sys.stderr if taken or self._printing else sys.stdout)
        elif self._line.times("count"):
            print(_counted(self._matched, ""), file=sys.stderr if taken else sys.stdout)
        self._tell("\n")

    def _warm(self, engines: job.Engines) -> None:
        """Have every loop ready before packets come, and all that is needed to write them loaded.

        As another user, we may not be able to read it any more.
        """
        engine = engines(self._source.origin)
        if isinstance(engine, job.Filler):
            engine.fill(unloading.unload, unloading.UNLOAD)
        for name in LOADED:
            import_module(name)
        if self._target is not None:
            kind, compress = chosen(self._target, self._manner)
            manner = self._manner._replace(format=kind, compress=compress or "none")
            open_sink(devnull, self._source, manner=manner, native=native).close()

    def _open(self) -> Sink | None:
        if self._counting:
            return None
        if not self._printing:
            return self._written()
        from pcapfilter.cli.printing import PrintingSink, TwoSinks

        if self._to_terminal:
            self._interrupts.allow(PrintingSink.write)
        out = sys.stderr if self._target in STANDARD_OUTPUTS else sys.stdout
        printed = PrintingSink(self._line, out, nano=self._nano, interfaces=devices.name_of)
        return printed if self._target is None else TwoSinks(printed, self._written())

    def _written(self) -> Sink:
        assert self._target is not None
        return open_output(self._line, self._target, self._source, self._manner)

    def _announce(self) -> None:
        source = self._source
        link, snaplen, *_ = source.origin
        run.say(
            f"listening on {source.name}, link-type {link.title}, snapshot length {snaplen} bytes"
        )
        self._due = monotonic() + SECOND

    def _say_stopped(self) -> None:
        run.say(f"{self._source.name}: The interface went down: nothing comes until it is up again")

    # ---- while packets come -------------------------------------------------------------------

    def _wait(self, milliseconds: int) -> bool:
        """Wait for packets; a signal lets no more in, and what came before it is still taken."""
        try:
            return self._source.await_packets(milliseconds)
        except KeyboardInterrupt:
            self._finish()
            return True

    def _finish(self) -> None:
        self._interrupted = True
        if self._to_terminal:
            raise KeyboardInterrupt
        self._source.finish()

    def _watch(self, _seen: int, matched: int) -> None:
        self._matched = matched
        if self._printing:
            sys.stdout.flush()
        if self._asked:
            self._asked = False
            self._tell("\n")
        if self._telling and monotonic() >= self._due:
            self._due += SECOND
            self._tell(", ")
        try:
            self._interrupts.check()
        except KeyboardInterrupt:
            self._finish()

    def _ask(self, *_: object) -> None:
        """Have the statistics told soon (SIGUSR1)."""
        self._asked = True

    def _tell(self, between: str) -> None:
        """Say how many packets came and were lost, as tcpdump words it."""
        statistics = self._source.statistics()
        told = [
            _counted(self._matched, " captured"),
            _counted(statistics.received, " received by filter"),
            _counted(statistics.dropped, " dropped by kernel"),
            _counted(statistics.dropped_by_interface, " dropped by interface"),
        ]
        print(between.join(told), file=sys.stderr, flush=True)

    def close(self) -> None:
        """Let go of the interface."""
        self._source.close()


def _counted(number: int, what: str) -> str:
    return f"{number} packet{'' if number == 1 else 's'}{what}"


def _snaplen(line: CommandLine) -> int:
    return number(line, "s") or MAXIMUM_SNAPLEN


def _clock(line: CommandLine, found: Device) -> str:
    """Give -j's clock; one that the interface does not have is left out, which is said."""
    word = line.last("j") or "host"
    if word not in stamps.clocks(found.name):
        run.say(
            f"WARNING: When trying to set timestamp type '{word}' on {found.name}: "
            "That type of time stamp is not supported by that device"
        )
        return "host"
    return word


def _check_monitor(found: Device) -> None:
    """Raise UsageError unless an interface is in monitor mode already."""
    if found.kind in ARPHRD_WIRELESS:
        return
    if found.wireless:
        raise UsageError(
            f"{found.name}: is not in monitor mode; add an interface that is, and capture there: "
            f"iw dev {found.name} interface add {found.name}mon type monitor"
        )
    raise UsageError(f"{found.name}: That device doesn't support monitor mode")
