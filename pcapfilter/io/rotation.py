"""A Sink that goes on to another file by size or by time, as tcpdump's -C, -G, -W and -z do."""

import time
from array import array
from collections.abc import Callable
from subprocess import Popen
from typing import NamedTuple

from pcapfilter.io.base import EnoughFilesError, Sink, Source
from pcapfilter.io.framing import word
from pcapfilter.io.opened import Writer
from pcapfilter.packets import Blocks, PacketBatch

FILE_HEADER, RECORD_HEADER = 24, 16
"""Octets of a pcap file's header, and of a record's."""

MOST_COMMANDS = 8
"""So many commands may run at once."""

Opened = Callable[[str, Sink | None], Sink]
"""Opens the file of a name, which goes on where a Sink before it ended."""


class Rotation(NamedTuple):
    """When to go on to another file: after so many octets, or seconds (0: never).

    `most` is how many files there may be: by size, the oldest is written over; by time alone,
    writing ends. `command` is run with each file that is done with.
    """

    name: str
    size: int = 0
    seconds: int = 0
    most: int = 0
    command: tuple[str, ...] = ()

    def file_name(self, number: int, seconds: int) -> str:
        """Give the name of a file, by its number among those of its time."""
        name = self.name
        if self.seconds:
            name = time.strftime(name, time.localtime(seconds))
        digits = len(str(self.most - 1)) if self.most > 1 and self.size else 0
        return f"{name}{number:0{digits}}" if number or digits else name


class RotatingSink(Writer):
    """Writes packets to files that `opened` opens. `clock` gives the time, unless packets do."""

    def __init__(
        self, rotation: Rotation, opened: Opened, clock: Callable[[], float] | None = None
    ) -> None:
        self._rotation, self._opened, self._clock = rotation, opened, clock
        self._source: Source | None = None
        self._sink: Sink | None = None
        self._name = ""
        self._size = self._number = self._files = self._began = 0
        self._commands: list[Popen[bytes]] = []
        self._fault: OSError | None = None
        if not rotation.seconds or clock:
            self._open(int(clock()) if clock else 0)

    def follow(self, source: Source) -> None:
        """Take what comes next from a Source."""
        self._source = source
        follow = getattr(self._sink, "follow", None)
        if follow is not None:
            follow(source)
        elif hasattr(source, "whole") and self._sink is None:
            source.whole = True  # harmless where blocks are not wanted

    def write(self, batch: PacketBatch, selected: "array[int]") -> None:
        """Write the selected packets, each to the file that its size and time lead to."""
        first = place = 0  # of `selected`, and of the batch's packets
        for at, index in enumerate(selected):
            due = self._due(batch, index)
            if due is not None:
                self._write(batch, selected[first:at], place, index)
                first, place = at, index
                self._turn(*due)
            self._size += _octets(batch, index)
        self._write(batch, selected[first:], place, batch.count)

    def _due(self, batch: PacketBatch, index: int) -> tuple[bool, int] | None:
        """Whether another file is due for a packet, and by time, and which time that is."""
        rotation = self._rotation
        if rotation.seconds:
            now = int(self._clock()) if self._clock else _seconds(batch, index)
            if self._sink is None or now - self._began >= rotation.seconds:
                return True, now
        if rotation.size and self._size > rotation.size:
            return False, self._began
        return None

    def _turn(self, by_time: bool, now: int) -> None:
        rotation = self._rotation
        if self._sink is not None:
            self._files += 1
            if by_time and not rotation.size and 0 < rotation.most <= self._files:
                raise EnoughFilesError(f"Maximum file limit reached: {rotation.most}")
            self._finish(self._sink)
        self._number = 0 if by_time or self._sink is None else self._number + 1
        if rotation.most and self._number >= rotation.most:
            self._number = 0
        self._open(now)

    def _open(self, now: int) -> None:
        self._began = now
        before = self._sink
        self._name = self._rotation.file_name(self._number, now)
        self._sink = self._opened(self._name, before)
        self._size = getattr(self._sink, "size", FILE_HEADER)
        if before is None and self._source is not None:
            self.follow(self._source)

    def _finish(self, sink: Sink) -> None:
        """Close a file and run the command with it."""
        sink.close()
        if self._rotation.command:
            if len(self._commands) >= MOST_COMMANDS:
                self._commands.pop(0).wait()
            try:
                command = Popen([*self._rotation.command, self._name])  # noqa: S603 -- the user's
            except OSError as error:
                self._fault = self._fault or error
            else:
                self._commands.append(command)

    def _write(self, batch: PacketBatch, selected: "array[int]", start: int, stop: int) -> None:
        """Write selected packets of batch[start:stop], with the blocks that belong there."""
        if self._sink is None or (not selected and batch.blocks is None):
            return
        if batch.blocks is not None and (start or stop != batch.count):
            selected = array("I", (index - start for index in selected))
            batch = _part(batch, batch.blocks, start, stop)
        self._sink.write(batch, selected)

    def close(self) -> None:
        """Close the file, and wait for the commands; OSError if one could not be begun."""
        if self._sink is None:
            self._open(int(time.time()))
        assert self._sink is not None
        self._sink.close()
        for command in self._commands:
            command.wait()
        if self._fault is not None:
            raise self._fault


def _seconds(batch: PacketBatch, index: int) -> int:
    return batch.stamp(index)[0] + (batch.record.era << 32)


def _octets(batch: PacketBatch, index: int) -> int:
    """Give about how many octets a packet takes in the file."""
    if batch.blocks is None:
        return RECORD_HEADER + batch.caplens[index]
    blocks = batch.blocks
    return word(blocks.buffer, blocks.places[index] + 4, int(blocks.order == ">"))


def _part(batch: PacketBatch, blocks: Blocks, start: int, stop: int) -> PacketBatch:
    """Give batch[start:stop], with its own blocks alone."""
    first, last = start == 0, stop == batch.count
    part = PacketBatch(
        batch.buffer, stop - start,
        batch.offsets[start:stop], batch.caplens[start:stop], batch.wirelens[start:stop],
        origin=batch.origin, record=batch.record,
    )  # fmt: skip
    part.blocks = blocks._replace(
        start=blocks.start if first else blocks.places[start],
        end=blocks.end if last else blocks.places[stop],
        places=blocks.places[start:stop],
        turned=blocks.turned if first else (),
    )
    return part
