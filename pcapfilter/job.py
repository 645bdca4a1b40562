"""The work over whole captures: count what matches, copy it, hand it out.

A job joins a Source, the Engines that judge its packets (one for each origin) and perhaps a Sink.
It knows no filter text and no file format.
"""

from array import array
from collections.abc import Callable, Iterator, Sequence
from itertools import compress
from typing import Any, NamedTuple, Protocol, runtime_checkable

from pcapfilter.errors import CaptureError
from pcapfilter.io.base import (
    NOTHING,
    PACKETS,
    RECORDS,
    Following,
    Loop,
    Recording,
    Selective,
    Sink,
    Source,
)  # fmt: skip
from pcapfilter.io.parallel import in_order, range_size, usable_cores
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


class Fill(Protocol):
    """A loop with a filter in it; `compiled` tells whether it is native code."""

    compiled: bool

    def __call__(self, *arguments: Any) -> int:
        """Run the loop."""
        ...

    def twin(self) -> "Fill":
        """Give the same for use in another thread."""
        ...


@runtime_checkable
class Filler(Protocol):
    """An Engine that can put its filter into a loop that frames packets."""

    def fill(self, loop: Loop, signature: str) -> Fill:
        """Give the loop with the filter where it calls `wanted`."""
        ...


class Selection(NamedTuple):
    """The selected packets of a batch, and how many were looked at to find them.

    There is no batch where the packets themselves are not needed, or no more than their records.
    """

    batch: PacketBatch | None
    selected: "array[int]"
    seen: int
    matched: int
    records: memoryview | None = None


def select(
    source: Source,
    engines: Engines,
    *,
    skip: int = 0,
    limit: int | None = None,
    workers: int | None = None,
    keep: int = PACKETS,
) -> Iterator[Selection]:
    """Give what matches, batch by batch: not the first `skip` matches, and then at most `limit`.

    Reading stops at the last packet that is wanted. Where less than PACKETS is to be kept, there
    may be counts alone, or records.
    """
    check_numbers(limit, workers)
    if limit == 0:
        return
    if isinstance(source, Selective):
        engine = engines(source.origin)
        if isinstance(engine, Filler):
            kept = PACKETS if skip and keep == RECORDS else keep
            found = _parallel(source, engine, workers, kept) if limit is None else None
            if found is None:
                found = _fused(source, engine, None if limit is None else skip + limit)
            if found is not None:
                yield from _skipping(found, skip)
                return
    yield from _judged(source, engines, skip, limit)


def _fused(source: Selective, engine: Filler, limit: int | None) -> Iterator[Selection] | None:
    """Select by one loop that frames and judges."""
    batches = source.matching(engine.fill, limit)
    if batches is None:
        return None
    everything = Everything()
    return (
        Selection(batch, everything.of(batch.count), seen, batch.count) for batch, seen in batches
    )


def _parallel(
    source: Selective, engine: Filler, workers: int | None, keep: int
) -> Iterator[Selection] | None:
    """Select in ranges, by several workers at once; None where there are none."""
    workers = workers or usable_cores()

    def fill(loop: Loop, signature: str) -> Fill:
        return engine.fill(loop, signature).twin()

    ranges = source.ranges(fill, size=range_size(), keep=keep)
    if ranges is None:
        return None
    everything, nothing = Everything(), array("I")
    return (
        Selection(
            portion.batch,
            everything.of(portion.matched) if portion.batch is not None else nothing,
            portion.seen,
            portion.matched,
            portion.octets,
        )
        for portion in in_order(ranges, workers)
    )


def _skipping(found: Iterator[Selection], skip: int) -> Iterator[Selection]:
    """Leave out the first `skip` matches."""
    for selection in found:
        if not skip:
            yield selection
            continue
        batch, selected, seen, matched, _ = selection
        dropped = min(skip, matched)
        skip -= dropped
        yield Selection(batch, selected[dropped:], seen, matched - dropped)


def _judged(source: Source, engines: Engines, skip: int, limit: int | None) -> Iterator[Selection]:
    """Select from batches by the engine of each one's origin."""
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
                yield Selection(batch, selected, selected[-1] + 1, limit)
                return
            limit -= len(selected)
        yield Selection(batch, selected, seen, len(selected))


class Everything:
    """The indices of whole batches, made once."""

    __slots__ = ("_indices",)

    def __init__(self) -> None:
        self._indices = array("I")

    def of(self, count: int) -> "array[int]":
        """Give the indices of all of so many packets."""
        if count > len(self._indices):
            self._indices = array("I", range(2 * count))
        return self._indices[:count]


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
    if isinstance(sink, Following):
        sink.follow(source)
    seen = matched = 0
    keep = NOTHING if sink is None else PACKETS
    recorder = sink if isinstance(sink, Recording) else None
    if recorder is not None and recorder.takes(source.origin, source.record):
        keep = RECORDS
    found = select(source, engines, skip=skip, limit=limit, workers=workers, keep=keep)
    for batch, selected, looked_at, chosen, records in found:
        seen += looked_at
        matched += chosen
        if recorder is not None and records:
            recorder.write_records(records)
        elif sink is not None and batch is not None and (selected or batch.blocks):
            sink.write(batch, selected)
        if watch is not None:
            watch(seen, matched)
    return Tally(seen, matched, source.damage)


def read(
    source: Source,
    engines: Engines,
    *,
    skip: int = 0,
    limit: int | None = None,
    workers: int | None = None,
) -> Iterator[Packet]:
    """Give what matches as packets of their own."""
    for batch, selected, *_ in select(source, engines, skip=skip, limit=limit, workers=workers):
        if batch is not None:
            yield from map(batch.packet, selected)


def check_numbers(limit: int | None, workers: int | None) -> None:
    """Raise TypeError or ValueError unless either is a number in its range, or None.

    None stands for no limit, and for as many workers as are of use.
    """
    for name, value, least in (("limit", limit, 0), ("workers", workers, 1)):
        if value is None:
            continue
        if not hasattr(value, "__index__"):
            raise TypeError(f"{name} must be an int, not {value!r}")
        if value < least:
            raise ValueError(f"{name} must be {least} or more, not {value}")


def split(
    source: Source,
    outputs: Sequence[tuple[Engines, Sink]],
    rest: Sink | None = None,
    *,
    watch: Callable[[int, list[int]], None] | None = None,
) -> list[Tally]:
    """Write what matches to each output, in one pass, and to `rest` what matches none.

    Give a Tally for each output, and one for the rest if it is wanted. `watch` is told, after each
    batch, how many packets were seen, and how many went to each of them.
    """
    sinks = [sink for _, sink in outputs] + ([] if rest is None else [rest])
    for sink in sinks:
        if isinstance(sink, Following):
            sink.follow(source)
    known: dict[Origin, list[Engine]] = {}
    matched, seen = [0] * len(sinks), 0
    for batch in source.batches():
        judging = known.get(batch.origin)
        if judging is None:
            judging = known[batch.origin] = [engines(batch.origin) for engines, _ in outputs]
        chosen = [engine.judge(batch) for engine in judging]
        if rest is not None:
            left = bytearray(b"\1") * batch.count
            for selected in chosen:
                for index in selected:
                    left[index] = 0
            chosen.append(array("I", compress(range(batch.count), left)))
        for number, (sink, selected) in enumerate(zip(sinks, chosen, strict=True)):
            matched[number] += len(selected)
            if selected or batch.blocks:
                sink.write(batch, selected)
        seen += batch.count
        if watch is not None:
            watch(seen, matched)
    return [Tally(seen, count, source.damage) for count in matched]
