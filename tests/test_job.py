"""Jobs over sources, engines and sinks that know nothing of each other."""

import io
from array import array

import pytest

from pcapfilter import job
from pcapfilter.io.base import open_source
from pcapfilter.io.output import open_sink
from pcapfilter.packets import Origin, PacketBatch
from tests.io.captures import VARIANTS, Row, pcap, zeros

ROWS = tuple(zeros(10 + number)._replace(seconds=number) for number in range(20))


class Even:
    """An engine that selects every second packet, counted over all batches."""

    def __init__(self, origin: Origin) -> None:
        self.origin = origin

    def judge(self, batch: PacketBatch) -> "array[int]":
        return array("I", (i for i in range(batch.count) if batch.stamp(i)[0] % 2 == 0))

    def run(self, packet: bytes | bytearray | memoryview, wirelen: int | None = None) -> int:
        return len(packet) if wirelen is None else wirelen


def copied(
    rows: tuple[Row, ...], *, skip: int = 0, limit: int | None = None
) -> tuple[job.Tally, bytes]:
    source, out = open_source(io.BytesIO(pcap(rows))), io.BytesIO()
    tally = job.copy(source, Even, open_sink(out, source), skip=skip, limit=limit)
    return tally, out.getvalue()


def test_everything_is_seen_and_what_matches_is_written() -> None:
    assert copied(ROWS) == ((20, 10, None), pcap(ROWS[::2]))


def test_a_limit_stops_at_the_last_packet_wanted() -> None:
    assert copied(ROWS, limit=3) == ((5, 3, None), pcap(ROWS[:5:2]))
    assert copied(ROWS, limit=0) == ((0, 0, None), pcap(()))
    assert copied(ROWS, limit=100) == ((20, 10, None), pcap(ROWS[::2]))


def test_skipped_matches_come_before_the_limit() -> None:
    assert copied(ROWS, skip=2, limit=2) == ((7, 2, None), pcap(ROWS[4:8:2]))
    assert copied(ROWS, skip=100) == ((20, 0, None), pcap(()))


def test_limits_run_across_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pcapfilter.io.pcap.CHUNK", 64)
    assert copied(ROWS, skip=2, limit=4) == ((11, 4, None), pcap(ROWS[4:12:2]))


def test_packets_are_read_in_order() -> None:
    source = open_source(io.BytesIO(pcap(ROWS)))
    assert [p.caplen for p in job.read(source, Even, skip=1, limit=3)] == [12, 14, 16]


def test_damage_is_in_the_tally() -> None:
    tally = job.count(open_source(io.BytesIO(VARIANTS["cut in a packet"])), Even)
    assert (tally.seen, tally.matched) == (1, 0)
    assert tally.damage is not None


def test_watchers_are_told_after_each_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pcapfilter.io.pcap.CHUNK", 64)
    told: list[tuple[int, int]] = []
    job.count(open_source(io.BytesIO(pcap(ROWS))), Even, watch=lambda *counts: told.append(counts))
    assert told == sorted(told)
    assert told[-1] == (20, 10)


def test_workers_are_one_or_more() -> None:
    with pytest.raises(ValueError, match="workers"):
        job.count(open_source(io.BytesIO(pcap(ROWS))), Even, workers=0)
