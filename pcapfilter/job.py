"""The work over whole captures: count what matches, copy it, hand it out.

A job joins a Source, the Engines that judge its packets (one for each origin) and perhaps a Sink.
It knows no filter text and no file format.
"""

from array import array
from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol

from pcapfilter.errors import CaptureError
from pcapfilter.io.base import Sink, Source
from pcapfilter.packets import Origin, Packet, PacketBatch


class Engine(Protocol):
    """What judges packets."""

    def judge(self, batch: PacketBatch) -> "array[int]":
        """Give the indices of the selected packets, rising."""
        ...

    def run(self, packet: bytes | bytearray | memoryview, wirelen: int | None = None) -> int:
        """Give the verdict on one packet: 0, or how much of it is wanted."""
        ...


class Tally(NamedTuple):
    """How many packets were seen, how many of them matched, and where the capture is damaged."""

    seen: int
    matched: int
    damage: CaptureError | None = None


Engines = Callable[[Origin], Engine]
"""Gives the engine for packets of one origin."""

Watch = Callable[[int, int], None]
"""Is told, after each batch, how many packets were seen and how many of them matched."""


class Selection(NamedTuple):
    """The selected packets of a batch, and how many of its packets were looked at."""

    batch: PacketBatch
    selected: "array[int]"
    seen: int


def select(
    source: Source, engines: Engines, *, skip: int = 0, limit: int | None = None
) -> Iterator[Selection]:
    """Give what matches, batch by batch: not the first `skip` matches, and then at most `limit`.

    Reading stops at the last packet that is wanted.
    """
    if limit is not None and limit <= 0:
        return
    known: dict[Origin, Engine] = {}
    for batch in source.batches():
        engine = known.get(batch.origin)
        if engine is None:
            engine = known[batch.origin] = engines(batch.origin)
        selected, seen = engine.judge(batch), batch.count
        if skip:
            dropped = min(skip, len(selected))
            skip -= dropped
            selected = selected[dropped:]
        if limit is not None:
            if len(selected) >= limit:
                selected = selected[:limit]
                yield Selection(batch, selected, selected[-1] + 1)
                return
            limit -= len(selected)
        yield Selection(batch, selected, seen)


def count(
    source: Source,
    engines: Engines,
    *,
    skip: int = 0,
    limit: int | None = None,
    workers: int | None = None,
    watch: Watch | None = None,
) -> Tally:
    """Count what matches."""
    return copy(source, engines, None, skip=skip, limit=limit, workers=workers, watch=watch)


def copy(
    source: Source,
    engines: Engines,
    sink: Sink | None,
    *,
    skip: int = 0,
    limit: int | None = None,
    workers: int | None = None,
    watch: Watch | None = None,
) -> Tally:
    """Write what matches to a sink, in order."""
    check_workers(workers)
    seen = matched = 0
    for batch, selected, looked_at in select(source, engines, skip=skip, limit=limit):
        seen += looked_at
        matched += len(selected)
        if sink is not None and selected:
            sink.write(batch, selected)
        if watch is not None:
            watch(seen, matched)
    return Tally(seen, matched, source.damage)


def read(
    source: Source, engines: Engines, *, skip: int = 0, limit: int | None = None
) -> Iterator[Packet]:
    """Give what matches as packets of their own."""
    for batch, selected, _ in select(source, engines, skip=skip, limit=limit):
        yield from map(batch.packet, selected)


def check_workers(workers: int | None) -> None:
    """Raise ValueError unless this is a number of workers, or None: as many as are of use."""
    if workers is not None and workers < 1:
        raise ValueError(f"workers must be 1 or more, not {workers}")
