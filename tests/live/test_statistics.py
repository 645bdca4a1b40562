"""What is counted: packets received and dropped, against what is known to have been sent."""

import struct
import time
from pathlib import Path

import pytest

import pcapfilter as pf
from pcapfilter.io.live import devices
from pcapfilter.io.live.devices import dropped_by
from pcapfilter.io.live.source import LiveSource, Statistics, Wishes, open_live
from pcapfilter.io.live.tap import Counters
from tests.live.wires import NEAR, Wire, inside, tcp, udp


class Counting:
    """A socket whose kernel counts what it is told to, and begins anew at each reading."""

    def __init__(self, readings: list[tuple[int, int]]) -> None:
        self._readings = readings

    def getsockopt(self, level: int, option: int, size: int) -> bytes:
        assert (level, option, size) == (263, 6, 12)
        received, dropped = self._readings.pop(0) if self._readings else (0, 0)
        return struct.pack("=3I", received, dropped, 0)

    def close(self) -> None:
        pass


def test_counters_of_32_bits_add_up(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    with inside(wire.near):
        source = open_live(NEAR, Wishes())
    tap = source._tap
    tap._socket.close()
    most = 2**32 - 1
    monkeypatch.setattr(tap, "_socket", Counting([(most, most - 1)] * 3 + [(0, 0), (7, 5)]))
    with source:
        for times in (1, 2, 3, 3):
            assert tap.counters() == Counters(times * most, times * (most - 1))
        assert source.statistics() == (3 * most + 7, 3 * (most - 1) + 5, 0)
        assert source.statistics() == (3 * most + 7, 3 * (most - 1) + 5, 0)


def test_drops_of_the_interface_are_those_since_the_beginning(
    wire: Wire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(devices, "STATISTICS", f"{tmp_path}/{{name}}/{{counter}}")
    folder = tmp_path / NEAR
    folder.mkdir()
    missed, overruns = (folder / name for name in ("rx_missed_errors", "rx_fifo_errors"))
    missed.write_text(f"{2**40}\n")
    overruns.write_text("5\n")
    assert dropped_by(NEAR) == 2**40 + 5
    assert dropped_by("any") == 0
    with inside(wire.near):
        source = open_live(NEAR)
    with source:
        assert source.statistics() == (0, 0, 0)
        missed.write_text(f"{2**41}\n")
        overruns.write_text("6\n")
        assert source.statistics() == Statistics(0, 0, 2**40 + 1)
        overruns.unlink()
        missed.unlink()
        assert source.statistics().dropped_by_interface == 0


@pytest.mark.parametrize("text", ["udp", "ip protochain 17"])
def test_what_is_sent_is_received_or_dropped(wire: Wire, text: str) -> None:
    """More comes at once than the ring holds, of what matches and of what does not."""
    with inside(wire.near):
        source = pf.capture(NEAR, filter=text, buffer=1)
    frames = [udp(octets=bytes(1000))] * 600
    seen = []

    def started(source: LiveSource = source) -> None:
        for _ in range(3):
            wire.send([*frames, tcp()])
            seen.append(source.statistics())
        time.sleep(0.3)
        source.finish()

    source.started = started
    with source:
        captured = sum(batch.count for batch in source.batches())
        received, dropped, by_interface = source.statistics()
    others = 0 if text == "udp" else 3
    assert received == 3 * len(frames) + others
    assert [row.received for row in seen] == [n * (received // 3) for n in (1, 2, 3)]
    assert dropped > 1000
    assert by_interface == 0
    if text == "udp":
        assert captured == received - dropped
    assert captured <= received - dropped <= captured + others
