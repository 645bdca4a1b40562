"""A live capture as a Source.

    source = open_live("eth0")
    rest = source.attach(program)        # what remains to be judged in user space
    for batch in source.batches(): ...   # the first packet can pass when this begins

Packets are copied out of the ring as the records of a pcap file, so that a block goes back to the
kernel at once, however long its packets are in work. A VLAN tag that the kernel took out is put
back: what a Source gives is as in a savefile, whatever the kernel saw.
"""

import os
import sys
from collections.abc import Callable, Iterator
from errno import EACCES, ENETDOWN, EPERM
from threading import RLock
from time import monotonic, time_ns
from typing import Literal, NamedTuple

from pcapfilter.bpf.program import NOTHING, Program
from pcapfilter.errors import CaptureError, ProgramError, UnsupportedError
from pcapfilter.io.base import UNITS, Loop, Measure, Native, plain
from pcapfilter.io.live import programs, stamps, unloading
from pcapfilter.io.live.backlog import Backlog
from pcapfilter.io.live.devices import Device, device, dropped_by, exists
from pcapfilter.io.live.programs import Direction
from pcapfilter.io.live.tap import Tap
from pcapfilter.io.opened import Reader
from pcapfilter.io.place import Identity
from pcapfilter.net.linktype import LinkType
from pcapfilter.packets import MAXIMUM_SNAPLEN, NANOSECONDS, Origin, PacketBatch, Record

RING = 16 << 20
"""Octets of the ring, unless another size is asked for."""

PATIENT, PROMPT = 100, 1
"""Milliseconds after which a block that is not full is handed over."""

BREATH = 1000
"""Milliseconds after which an empty batch is given if no packets come."""

FAREWELL = 0.5
"""Seconds that the last packets have to come out of the kernel; they seldom take so long."""

UNLOADINGS = {
    "EN10MB": unloading.ETHERNET,
    "DOCSIS": unloading.ETHERNET,
    "CAN_SOCKETCAN": unloading.CAN_BUS,
}
COOKED = {"LINUX_SLL": unloading.SLL, "LINUX_SLL2": unloading.SLL2}
"""How packets are unloaded, by link type, where it is not as they are."""


class Wishes(NamedTuple):
    """How an interface is to be captured: `buffer` in octets."""

    link: LinkType | None = None
    snaplen: int = MAXIMUM_SNAPLEN
    promiscuous: bool = True
    buffer: int = RING
    direction: Direction = "inout"
    immediate: bool = False
    precision: Literal["micro", "nano"] = "nano"
    clock: str = "host"


class Statistics(NamedTuple):
    """Packets that the kernel's program accepted, and those that kernel and interface dropped."""

    received: int
    dropped: int
    dropped_by_interface: int


def open_live(name: str, wishes: Wishes | None = None, *, native: Native = plain) -> "LiveSource":
    """Open an interface for capture, or `any` for all; no packet can come in yet.

    OSError, with the interface as its file, where that cannot be; UnsupportedError for a link type
    that it has not.
    """
    if not sys.platform.startswith("linux"):
        raise UnsupportedError("live capture needs Linux")
    return LiveSource(device(name), wishes or Wishes(), native=native)


class LiveSource(Reader):
    """The packets of an interface, as they come.

    `remark` says why the filter is judged in user space, where the kernel did not take it; `filter`
    is its text. `started` is called when the first packet can pass, and `wait` to wait for packets;
    `began` is when that was, in nanoseconds since 1970 (0: not yet), and `damage` what ended it.
    `stopped` is called when the interface goes down: it may come up again.
    """

    size = 0
    extension = 0
    identity: Identity | None = None

    def __init__(self, found: Device, wishes: Wishes, *, native: Native) -> None:
        self.name, self.device = found.name, found
        self.remark = self.filter = ""
        self.began = 0
        self.started: Callable[[], object] = bool
        self.stopped: Callable[[], object] = bool
        self.wait = self.await_packets
        self.damage: CaptureError | None = None
        self.position = 0
        self.measure: Measure = self
        link = checked_link(found, wishes.link)
        self.origin = Origin(link, wishes.snaplen)
        self.origins: tuple[Origin, ...] = (self.origin,)
        unit = UNITS[wishes.precision]
        self.record = Record(16, sys.byteorder, unit, verbatim=True)
        cooked = link.name in COOKED
        self._cooked = programs.COOKED.get(link.name)
        self._direction = wishes.direction
        kind = (COOKED if cooked else UNLOADINGS).get(link.name, unloading.RAW)
        self._native = native
        self._pause = PROMPT if wishes.immediate else PATIENT
        self._tap = _tapped(found, wishes, cooked=cooked, milliseconds=self._pause)
        self._drops = dropped_by(found.name)
        self._program: Program | None = None
        self._rest = programs.EVERYTHING
        self._fixed: Loop | None = None
        numbers = int(sys.byteorder == "big"), kind, NANOSECONDS // unit, wishes.snaplen
        self._backlog = Backlog(self._tap, numbers)
        self._end: float | None = None
        self._fallen = self._closed = False
        self._at_the_ring = RLock()

    # ---- the filter ---------------------------------------------------------------------------

    def attach(self, program: Program, text: str = "") -> Program | None:
        """Have the kernel judge by a program, made for live capture on this link type.

        Give the program that remains to be judged by in user space: one that takes everything,
        where the kernel took the program. None where packets are judged by another filter already.
        `text` is what the program was made from.
        """
        if self._fixed is not None:
            return None
        if self._program is None:
            self._rest = self._attach(program)
            self._program, self.filter = program, text
        elif program != self._program:
            raise CaptureError("is being captured with another filter", name=self.name)
        return self._rest

    def _attach(self, program: Program) -> Program:
        before = programs.guard(self._direction)
        try:
            self._tap.attach(programs.for_kernel(program, before, self._cooked))
        except (ProgramError, OSError) as error:
            reason = error.strerror if isinstance(error, OSError) else error.message
            self.remark = f"the filter is judged in user space, not in the kernel: {reason}"
            self._tap.attach(Program((*before, *programs.EVERYTHING)))
            return programs.for_user(program)
        return programs.EVERYTHING

    def fix(self, fill: Native) -> None:
        """Make the filter that was attached part of the Source: all that it gives has passed it."""
        self._fixed = fill(unloading.unload, unloading.UNLOAD)

    # ---- packets ------------------------------------------------------------------------------

    def batches(self) -> Iterator[PacketBatch]:
        """Give the packets as they come; each batch is good until the next one is asked for."""
        loop = self._fixed or self._native(unloading.unload, unloading.UNLOAD)
        return (batch for batch, _ in self._run(loop, None) if batch.count)

    def matching(
        self, fill: Native, limit: int | None = None
    ) -> Iterator[tuple[PacketBatch, int]] | None:
        """Give what a filter selects, and how many packets each batch was chosen from.

        The filter is that of the program which `attach` gave. A batch is empty where nothing came
        for a while. None where packets are judged by another filter already.
        """
        if self._fixed is not None:
            return None
        return self._run(fill(unloading.unload, unloading.UNLOAD), limit)

    def ranges(self, fill: Native, *, size: int, keep: int) -> None:  # noqa: ARG002 -- a stream
        """Give nothing: what comes as it comes has no ranges."""
        return

    def _run(self, loop: Loop, limit: int | None) -> Iterator[tuple[PacketBatch, int]]:
        if self._closed:
            raise ValueError(f"{self.name}: the capture is closed")
        self._start()
        empty = PacketBatch.of([], self.origin)
        while limit is None or limit > 0:
            with self._at_the_ring:
                if self._closed:
                    return
                self._backlog.fill(loop)
                found = self._backlog.batch(limit, self.origin, self.record)
                self._tap.counters()  # which are 32 bits wide there
                ended = found is None and self._ended()
            if found is not None:
                yield found
                if limit is not None:
                    limit -= found[0].count
            elif ended:
                return
            elif not self.wait(self._pause if self._end else BREATH):
                yield empty, 0

    def await_packets(self, milliseconds: int) -> bool:
        """Wait for packets, or the end of the capture; tell whether there is something new."""
        return self._tap.wait(milliseconds)

    def _start(self) -> None:
        """Let packets in, once."""
        if self.began:
            return
        if self._program is None:
            self._rest = self._attach(programs.EVERYTHING)
        try:
            self._tap.bind()
        except OSError as error:
            raise OSError(error.errno, error.strerror, self.name) from None
        self.began = time_ns()
        self.started()

    # ---- the end ------------------------------------------------------------------------------

    def finish(self) -> None:
        """Let no more packets in: what is in the ring comes out yet, and then the batches end."""
        if self._end is None and not self._closed:
            self._tap.attach(NOTHING)
            self._end = monotonic() + FAREWELL

    def _ended(self) -> bool:
        """Tell whether no more packets will come."""
        if self._end is not None:
            received, dropped = self._tap.counters()
            return self._backlog.seen >= received - dropped or monotonic() > self._end
        fell = self._tap.fault() == ENETDOWN
        self._fallen = self._fallen or fell  # an interface that is down tells no more
        if self._fallen and not exists(self.device.number):
            self.damage = CaptureError("The interface disappeared", name=self.name)
            return True
        if fell:
            self.stopped()
        return False

    def statistics(self) -> Statistics:
        """Give what kernel and interface counted since the capture was opened."""
        received, dropped = self._tap.counters()
        return Statistics(received, dropped, max(0, dropped_by(self.name) - self._drops))

    def close(self) -> None:
        """Let go of the interface; batches that another thread takes end soon, within a second."""
        with self._at_the_ring:
            self._closed = True
            self._tap.close()


def checked_link(found: Device, wanted: LinkType | None) -> LinkType:
    """Give the link type that is wanted, or the usual one; UnsupportedError if it has no such."""
    if wanted is None:
        return found.links[0]
    if wanted not in found.links:
        names = ", ".join(link.name for link in found.links)
        raise UnsupportedError(
            f"{wanted.name} is not one of the DLTs supported by this device ({names})"
        )
    return wanted


def _tapped(found: Device, wishes: Wishes, *, cooked: bool, milliseconds: int) -> Tap:
    """Give the socket and its ring; OSError, in tcpdump's words, where that cannot be."""
    try:
        tap = Tap(found.number, cooked=cooked, size=wishes.buffer, milliseconds=milliseconds)
    except OSError as error:
        if error.errno in {EPERM, EACCES}:
            raise PermissionError(
                EPERM,
                "You don't have permission to perform this capture on that device "
                "(CAP_NET_RAW is missing)",
                found.name,
            ) from None
        raise OSError(error.errno, os.strerror(error.errno or 0), found.name) from None
    if not found.up:
        tap.close()
        raise OSError(ENETDOWN, "That device is not up", found.name)
    if wishes.promiscuous and found.number:
        tap.watch_all()
    if wishes.clock in stamps.CLOCKS and stamps.start(found.name, wishes.clock):
        tap.stamp_by(stamps.CLOCKS[wishes.clock])
    return tap
