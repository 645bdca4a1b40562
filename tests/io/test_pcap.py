"""What pcap files are read as, and what is written of them: byte for byte what tcpdump writes."""

import io
import os
import threading
import time
from array import array
from pathlib import Path
from typing import Any, Literal

import pytest

from pcapfilter.errors import CaptureError
from pcapfilter.filter import native
from pcapfilter.io import pcap as pcap_file
from pcapfilter.io.base import Native, open_source, plain
from pcapfilter.io.output import Manner, open_sink
from pcapfilter.io.pcap import PcapSource
from tests.io.captures import OCTETS, THREE, VARIANTS, pcap, write_all, zeros
from tests.oracle import needs_tcpdump, tcpdump

Precision = Literal["micro", "nano"]


def rewrite(
    octets: bytes, precision: Precision | None = None, loops: Native = plain, step: int = 1
) -> tuple[bytes, CaptureError | None]:
    """Read a capture and write every packet (or each `step`-th): the result, and the damage."""
    source = open_source(io.BytesIO(octets), native=loops)
    out = io.BytesIO()
    sink = open_sink(out, source, manner=Manner(precision=precision), native=loops)
    for batch in source.batches():
        sink.write(batch, array("I", range(0, batch.count, step)))
    sink.close()
    return out.getvalue(), source.damage


@needs_tcpdump
@pytest.mark.parametrize("precision", ["micro", "nano"])
@pytest.mark.parametrize("loops", [plain, native], ids=["plain", "native"])
def test_rewritten_files_are_tcpdumps(precision: Precision, loops: Native, tmp_path: Path) -> None:
    target = tmp_path / "theirs"
    for name, path in write_all(tmp_path).items():
        target.unlink(missing_ok=True)
        theirs = tcpdump("-r", path, "-w", target, f"--{precision}")
        said = theirs.stderr.decode().strip().splitlines()[-1]
        if not target.exists():
            with pytest.raises(CaptureError) as caught:
                open_source(path)
            assert caught.value.message in said, name
            continue
        ours, damage = rewrite(path.read_bytes(), precision, loops)
        assert ours == target.read_bytes(), name
        assert (damage is not None) == (theirs.returncode != 0), name
        if damage is not None:
            assert damage.message in said, name


@needs_tcpdump
def test_real_captures_are_rewritten_as_tcpdump_does(real_captures: Path, tmp_path: Path) -> None:
    target = tmp_path / "theirs"
    for path in sorted(real_captures.glob("*.pcap"))[::7]:
        theirs = tcpdump("-r", path, "-w", target, "--micro")
        if theirs.returncode == 0:
            assert rewrite(path.read_bytes(), "micro") == (target.read_bytes(), None), path.name


def test_precision_is_kept_unless_asked_otherwise() -> None:
    nano = VARIANTS["nanoseconds"]
    assert rewrite(nano) == (nano, None)
    assert rewrite(VARIANTS["nanoseconds, big-endian"]) == (nano, None)


def test_selected_records_are_gathered_in_order() -> None:
    rows = tuple(zeros(n)._replace(seconds=n) for n in range(100))
    every_third = pcap(rows[::3])
    for loops in (plain, native):
        assert rewrite(pcap(rows), step=3, loops=loops) == (every_third, None)


class Trickle(io.RawIOBase):
    """A pipe that gives a few octets at a time."""

    def __init__(self, octets: bytes, step: int) -> None:
        self._rest, self._step = io.BytesIO(octets), step

    def readinto(self, buffer: Any) -> int:
        octets = self._rest.read(min(self._step, len(buffer)))
        buffer[: len(octets)] = octets
        return len(octets)


def test_non_blocking_pipes_are_waited_for() -> None:
    rows = tuple(zeros(60_000)._replace(seconds=n) for n in range(20))
    near, far = os.pipe()
    back, out = os.pipe()
    for end in (near, out):
        os.set_blocking(end, False)

    def feed() -> None:
        with open(far, "wb", buffering=0) as file:
            for at in range(0, len(octets), 7000):
                time.sleep(0.0001)
                file.write(octets[at : at + 7000])

    def copy() -> None:
        with open(near, "rb", buffering=0) as file, open(out, "wb", buffering=0) as target:
            source = open_source(file)
            sink = open_sink(target, source)
            for batch in source.batches():
                sink.write(batch, array("I", range(batch.count)))

    octets = pcap(rows)
    for action in (feed, copy):
        threading.Thread(target=action).start()
    with open(back, "rb") as file:
        assert file.read() == octets


@pytest.mark.parametrize("step", [1, 7, 16, 100])
def test_short_reads_change_nothing(step: int) -> None:
    source = PcapSource(Trickle(pcap(), step), "pipe")
    packets = [packet for batch in source.batches() for packet in batch]
    assert [packet.data for packet in packets] == [OCTETS] * 3
    assert source.damage is None
    assert source.position == len(pcap())


def test_chunks_smaller_than_records(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = tuple(zeros(n)._replace(seconds=n) for n in (0, 1000, 5, 40_000, 60_000, 3))
    monkeypatch.setattr(pcap_file, "CHUNK", 64)
    assert rewrite(pcap(rows)) == (pcap(rows), None)


def test_a_packet_says_what_it_is() -> None:
    source = open_source(io.BytesIO(VARIANTS["nanoseconds, big-endian"]))
    first, second, _ = [packet for batch in source.batches() for packet in batch]
    origin = source.origin
    assert first == (1_000_000_002, 60, 60, OCTETS, origin.link, origin)
    assert (second.time_ns, second.wirelen) == (3_002_000_000, 100)
    assert source.origin.swapped
    assert source.origin.source == "file"


def test_damage_names_offset_and_packet() -> None:
    _, damage = rewrite(VARIANTS["cut in a packet"])
    assert isinstance(damage, CaptureError)
    assert (damage.offset, damage.packet) == (24 + 76, 2)


def test_an_input_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "in.pcap"
    path.write_bytes(pcap())
    other = tmp_path / "link.pcap"
    other.symlink_to(path)
    source = open_source(path)
    for place in (path, str(other)):
        with pytest.raises(CaptureError, match="also an input"):
            open_sink(place, source)
    source.close()
    assert path.read_bytes() == pcap()


def test_of_what_was_written_whole_records_stay() -> None:
    octets = pcap(THREE)[24:]
    ends = [0, 76, 152, 228]
    for size in range(len(octets) + 1):
        cut = memoryview(octets)[:size]
        assert pcap_file.whole_records(cut) == max(end for end in ends if end <= size)


def test_header_faults_raise() -> None:
    for name in ("empty", "no capture", "version 3.0", "cut in the file's header"):
        with pytest.raises(CaptureError):
            open_source(io.BytesIO(VARIANTS[name]))
    with pytest.raises(CaptureError, match="unknown file format"):
        open_source(io.BytesIO(b"\x0a\x0d\x0d\x0a" + bytes(24)))


def test_memory_does_not_follow_a_length_field() -> None:
    absurd = pcap((THREE[0]._replace(caplen=120 * 2**20),), link=231, snaplen=0)
    _, damage = rewrite(absurd)
    assert damage is not None
