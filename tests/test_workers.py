"""A capture scanned in ranges, by several workers: what one scan gives, octet for octet."""

import _thread
import struct
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

import pcapfilter as pf
from pcapfilter import job
from pcapfilter.cli import main
from pcapfilter.filter import open_capture
from pcapfilter.io import pcap as pcap_file
from pcapfilter.io import ranges
from pcapfilter.packets import Packet
from tests.bench.workload import HEADER, records
from tests.io.captures import Row, machine_headers, pcap

WORKERS = (1, 2, 3, 7)
TEXTS = ("tcp port 80", "", "ip6 or len > 900", "ether proto 0x1234")

Cut = Callable[..., None]


@pytest.fixture
def cut(monkeypatch: pytest.MonkeyPatch) -> Cut:
    """Makes ranges and chunks of a size, however small."""

    def apply(size: int, chunk: int = 4096) -> None:
        monkeypatch.setattr(job, "range_size", lambda: size)
        monkeypatch.setattr(pcap_file, "CHUNK", chunk)

    return apply


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Lists which guesses were right."""
    done: list[str] = []
    confirm = ranges.Ranges.confirm

    def watch(
        self: ranges.Ranges,
        number: int,
        span: int,
        portion: ranges.Portion | None,
        shelf: ranges.Shelf,
    ) -> ranges.Portion | None:
        found = confirm(self, number, span, portion, shelf)
        if portion is not None:
            done.append("right" if found is portion else "wrong")
        return found

    monkeypatch.setattr(ranges.Ranges, "confirm", watch)
    return done


def results(path: Path, text: str, workers: int) -> tuple[bytes, pf.Tally, pf.Tally, list[Packet]]:
    """Give what copy, count and read give."""
    made, out = pf.compile(text, source="file"), path.with_suffix(f".{workers}")
    copied = made.copy(path, out, workers=workers)
    counts = made.count(path, workers=workers)
    return out.read_bytes(), copied, counts, list(made.read(path, workers=workers))


def shown(tally: pf.Tally) -> tuple[int, int, str]:
    return tally.seen, tally.matched, str(tally.damage)


def check(path: Path, texts: tuple[str, ...] = TEXTS, workers: tuple[int, ...] = WORKERS) -> None:
    """Compare the runs of several numbers of workers."""
    for text in texts:
        octets, copied, counts, packets = results(path, text, 1)
        for number in workers[1:]:
            others = results(path, text, number)
            assert others[0] == octets
            assert shown(others[1]) == shown(copied) == shown(others[2]) == shown(counts)
            assert others[3] == packets


def test_real_sizes(tmp_path: Path, counted: list[str]) -> None:
    path = tmp_path / "in.pcap"
    path.write_bytes(HEADER + records("wide", Random(1), 20000) + records("tiny", Random(2), 30000))
    check(path, TEXTS[:2])
    assert counted.count("right") > 20
    assert counted.count("wrong") == 0


@pytest.mark.parametrize("size", [64, 1000, 5000])
def test_small_ranges(tmp_path: Path, cut: Cut, size: int) -> None:
    cut(size)
    path = tmp_path / "in.pcap"
    path.write_bytes(HEADER + records("wide", Random(3), 200))
    check(path)


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("skip", [0, 1, 40, 119, 200])
def test_skipped_matches_may_fill_ranges(tmp_path: Path, cut: Cut, skip: int, workers: str) -> None:
    """Also where records are written as they are, and where a limit comes after them."""
    cut(1000)
    path, out = tmp_path / "in.pcap", tmp_path / "out.pcap"
    path.write_bytes(HEADER + records("wide", Random(3), 200))
    everything = list(pf.compile("").read(path))
    for text in ("", "tcp"):
        matches = [p for p in everything if pf.compile(text)(p)]
        assert len(matches) > 100
        for limit in (None, 30):
            words = ["-r", str(path), "-w", str(out), "--skip", str(skip), "--workers", workers]
            words += [] if limit is None else ["-c", str(limit)]
            assert main([*words, text]) == 0
            stop = len(matches) if limit is None else skip + limit
            assert list(pf.compile("").read(out)) == matches[skip:stop]


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_ranges_whose_scan_fails_are_scanned_again(
    tmp_path: Path, cut: Cut, monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    """However many ranges the scan was to take in one go: nothing is lost, and nobody waits."""
    cut(1000)
    path, spans = tmp_path / "in.pcap", set()
    path.write_bytes(HEADER + records("wide", Random(3), 400))
    scan = ranges.Ranges.scan

    def failing(
        self: ranges.Ranges, number: int, span: int, shelf: ranges.Shelf
    ) -> ranges.Portion | None:
        if number % 3:
            return scan(self, number, span, shelf)
        spans.add(span)
        raise RuntimeError("a scan from a wrong guess")

    made = pf.compile("tcp")
    counts, packets = made.count(path, workers=1), list(made.read(path, workers=1))
    monkeypatch.setattr(ranges.Ranges, "scan", failing)
    assert made.count(path, workers=workers) == counts
    assert list(made.read(path, workers=workers)) == packets
    assert max(spans) > 1


def liars(random: Random, count: int) -> bytes:
    """Give packets that are full of record headers, some of them in chains as long as you like."""
    inner = records("tiny", random, 60)
    parts = [HEADER]
    for number in range(count):
        start = random.randrange(len(inner) // 2)
        octets = (
            bytes(random.randrange(40)) + inner[start : start + random.choice((90, 3000, 9000))]
        )
        parts.append(struct.pack("=IIII", 1_700_000_000 + number, 5, len(octets), len(octets)))
        parts.append(octets)
    return b"".join(parts)


@pytest.mark.parametrize("size", [300, 2000, 20000])
def test_payloads_that_imitate_records(
    tmp_path: Path, cut: Cut, counted: list[str], size: int
) -> None:
    cut(size)
    path = tmp_path / "in.pcap"
    path.write_bytes(liars(Random(4), 60))
    check(path, ("", "len > 1000"), (1, 2, 7))
    assert "wrong" in counted


@pytest.mark.parametrize("seed", range(6))
def test_damage(tmp_path: Path, cut: Cut, seed: int) -> None:
    """The same message at the same place, after the same packets."""
    random = Random(seed)
    cut(random.choice((500, 3000)))
    path, octets = tmp_path / "in.pcap", bytearray(HEADER + records("wide", random, 300))
    for _ in range(random.randrange(1, 4)):
        at = random.randrange(24, len(octets))
        octets[at : at + 8] = random.choice((b"\xff" * 8, bytes(8), b"\x7f\0\0\0\x7f\0\0\0", b""))
    path.write_bytes(octets[: random.randrange(len(octets) // 2, len(octets))])
    check(path, ("", "tcp"), (1, 2, 3))


def test_random_cuts(tmp_path: Path, cut: Cut, sweep: float) -> None:
    """Whatever the sizes of packets, ranges and chunks."""
    random = Random(8)
    path = tmp_path / "in.pcap"
    for _ in range(int(12 * sweep)):
        cut(random.randrange(20, 4000), random.randrange(16, 3000))
        rows = tuple(
            Row(1000 + n, random.randrange(10**6), size, size + random.randrange(3), bytes(size))
            for n, size in enumerate(random.choices((0, 1, 14, 60, 1514, 5000), k=90))
        )
        path.write_bytes(
            pcap(
                rows,
                order=random.choice("<>"),
                snaplen=random.choice((65535, 40)),
                magic=random.choice((0xA1B2C3D4, 0xA1B23C4D)),
                version=random.choice(((2, 4), (2, 3))),
            )
        )
        check(path, ("", "len > 60"), (1, 3))


def test_the_command_takes_a_number_of_workers(
    tmp_path: Path, cut: Cut, capsys: pytest.CaptureFixture[str]
) -> None:
    cut(1000)
    path, outs = tmp_path / "in.pcap", []
    path.write_bytes((HEADER + records("wide", Random(6), 100))[:-5])
    for workers in WORKERS:
        out = tmp_path / f"out{workers}"
        words = ["-r", str(path), "-w", str(out), "--workers", str(workers), "tcp"]
        assert main(words) == 1
        outs.append((out.read_bytes(), capsys.readouterr().err))
    assert outs == [outs[0]] * len(WORKERS)
    assert "truncated" in outs[0][1]
    assert main(["-r", str(path), "--workers", "0"]) == 1
    assert "invalid" in capsys.readouterr().err


def test_skipping_and_limits(tmp_path: Path, cut: Cut) -> None:
    cut(1000)
    path = tmp_path / "in.pcap"
    path.write_bytes(HEADER + records("wide", Random(7), 200))
    made = pf.compile("tcp")
    for skip, limit in ((3, None), (0, 5), (3, 5), (70, 2), (1000, None), (1000, 1)):
        found = []
        for workers in (1, 2):
            source = open_capture(path)
            found.append(
                list(
                    job.read(source, made.engines(source), skip=skip, limit=limit, workers=workers)
                )
            )
            source.close()
        assert found[0] == found[1]


def test_threads_end_with_the_reader(tmp_path: Path, cut: Cut) -> None:
    cut(1000)
    path = tmp_path / "in.pcap"
    path.write_bytes(HEADER + records("wide", Random(9), 500))
    before = _thread._count()
    packets = pf.compile("").read(path, workers=3)
    while _thread._count() == before:
        next(packets)
    packets.close()  # type: ignore[attr-defined]  # it is a generator
    deadline = time.monotonic() + 20
    while _thread._count() > before and time.monotonic() < deadline:
        time.sleep(0.001)  # they have nothing more to do, but may not have been told to go
    assert _thread._count() == before


def test_packets_that_are_changed_before_they_are_judged_are_left_to_one(
    tmp_path: Path, cut: Cut, counted: list[str]
) -> None:
    cut(500)
    path = tmp_path / "in.pcap"
    path.write_bytes(machine_headers(189, ">"))
    made = pf.compile("len > 60", link=189)
    assert made.count(path, workers=3) == made.count(path, workers=1)
    assert counted == []


def test_open_files_are_left_to_one(tmp_path: Path, cut: Cut, counted: list[str]) -> None:
    cut(500)
    path = tmp_path / "in.pcap"
    path.write_bytes(HEADER + records("wide", Random(9), 100))
    with path.open("rb") as file:
        assert pf.compile("").count(file, workers=3).seen == 100
    assert counted == []
