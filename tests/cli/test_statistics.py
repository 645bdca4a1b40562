"""Windows of time, and what a run came to, for people and for machines."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

import pcapfilter
from pcapfilter import job
from pcapfilter.cli import main
from pcapfilter.filter import native, open_capture
from pcapfilter.io.window import Window
from pcapfilter.judge import within
from tests.io.captures import HTTP, ROWS, pcap
from tests.io.sections import LITTLE

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a capture of six packets, a second apart, from 22:13:20.25 UTC on."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    path = tmp_path / "trace.pcap"
    path.write_bytes(pcap(ROWS))
    return path


@pytest.mark.parametrize(
    ("words", "count"),
    [
        (("--after", "1700000002"), 4),
        (("--after", "1700000002.25"), 4),
        (("--after", "1700000002.2500001"), 3),
        (("--before", "1700000002.25"), 2),
        (("--before", "1700000002.250000001"), 3),
        (("--after", "1700000001", "--before", "1700000004"), 3),
        (("--after", "9" * 99), 0),
        (("--after", "2023-11-14T22:13:22Z"), 4),
        (("--after", "2023-11-14 23:13:22"), 4),
        (("--after", "2023-11-14t22:13:22z"), 4),
        (("--after", "2023-11-14 23:13:22.250000000"), 4),
        (("--after", "2023-11-14 23:13:22.250000001"), 3),
        (("--before", "2023-11-14T22:13:22.2500000012Z"), 3),
        (("--after", "2023-11-14T23:13:22.3+01:00"), 3),
        (("--before", "2023-11-14"), 0),
        (("--after", "2023-11-14"), 6),
        (("--after", "-5"), 6),
        (("--after", "1700000001", "-c", "2"), 2),
        (("--after", "1700000001", "--skip", "2"), 3),
        (("--after", "1700000001", "--skip", "1", "-c", "3", "tcp"), 1),
        (("--before", "1700000004", "udp"), 1),
    ],
)
def test_windows(words: tuple[str, ...], count: int, trace: Path, capsys: Captured) -> None:
    assert main(["-r", str(trace), "--count", *words]) == 0
    assert capsys.readouterr().out == f"{count} packet{'' if count == 1 else 's'}\n"


def test_a_window_is_written(trace: Path, tmp_path: Path) -> None:
    target = tmp_path / "out"
    assert main(["-r", str(trace), "-w", str(target), "--after", "1700000002", "tcp"]) == 0
    assert target.read_bytes() == pcap((ROWS[2], ROWS[5]))


def test_windows_of_every_kind_of_time(tmp_path: Path) -> None:
    far = LITTLE.interface(resolution=0, offset=2**33)
    fine = LITTLE.interface(resolution=9)
    path = tmp_path / "in.pcapng"
    path.write_bytes(
        LITTLE.section() + fine + far + LITTLE.packet(HTTP, 5_000_000_001)
        + LITTLE.packet(HTTP, 7, interface=1)
    )  # fmt: skip
    made = pcapfilter.compile("")

    def count(after: int | None, before: int | None) -> int:
        for loops in ((native,), ()):
            window = Window(after, before, *loops)
            source = open_capture(path)
            found = job.count(source, within(made.engines(source), window)).matched
            source.close()
        return found

    assert count(5_000_000_001, None) == 2
    assert count(5_000_000_002, None) == 1
    assert count(None, 5_000_000_001) == 0
    assert count(None, 5_000_000_002) == 1
    assert count((2**33 + 7) * 10**9, None) == 1
    assert count((2**33 + 7) * 10**9 + 1, None) == 0


@pytest.mark.parametrize("word", ["yesterday", "", "2023-13-01", "1e9", "1_0", "10:00"])
def test_what_is_no_time(word: str, trace: Path, capsys: Captured) -> None:
    assert main(["-r", str(trace), f"--after={word}"]) == 1
    assert "--after wants a time such as 2026-05-01T10:00:00" in capsys.readouterr().err


def test_statistics_for_people(trace: Path, tmp_path: Path, capsys: Captured) -> None:
    assert main(["-r", str(trace), "-w", str(tmp_path / "out"), "-v", "tcp"]) == 0
    said = capsys.readouterr().err.splitlines()[-1]
    octets = 3 * len(HTTP)
    size = trace.stat().st_size
    start = f"pcapfilter: 6 packets seen ({size} octets read), 3 matched ({octets} octets), in "
    assert said.startswith(start)
    assert said.endswith(" MB a second")
    assert main(["-r", str(trace), "--count", "-v", "tcp"]) == 0
    done = capsys.readouterr()
    assert done.out == "3 packets\n"
    assert f"3 matched ({octets} octets)" in done.err
    assert (tmp_path / "out").read_bytes() == pcap((ROWS[0], ROWS[2], ROWS[5]))


def answer(text: str) -> dict[str, Any]:
    row: dict[str, Any] = json.loads(text)
    assert row.pop("seconds") >= 0
    assert row.pop("packets_per_second") > 0
    return row


def test_statistics_for_machines(trace: Path, tmp_path: Path, capsys: Captured) -> None:
    wanted = {
        "seen": 6, "matched": 3, "octets_read": trace.stat().st_size,
        "octets_matched": 3 * len(HTTP), "interrupted": False, "damages": [],
    }  # fmt: skip
    assert main(["-r", str(trace), "--count", "--json", "tcp"]) == 0
    assert answer(capsys.readouterr().out) == wanted
    assert main(["-r", str(trace), "-w", str(tmp_path / "out"), "--json", "tcp"]) == 0
    assert answer(capsys.readouterr().out) == wanted
    assert main(["-r", str(trace), "--json", "tcp"]) == 0
    done = capsys.readouterr()
    assert len(done.out.splitlines()) == 3
    assert answer(done.err.splitlines()[-1]) == wanted
    assert main(["-r", str(trace), "-r", str(trace), "--json", "--count"]) == 0
    assert answer(capsys.readouterr().out)["seen"] == 12


def test_damage_is_told_to_machines(trace: Path, capsys: Captured) -> None:
    trace.write_bytes(pcap(ROWS)[:-10])
    assert main(["-r", str(trace), "--count", "--json"]) == 1
    [damage] = answer(capsys.readouterr().out)["damages"]
    assert (damage["file"], damage["packet"]) == (str(trace), 6)
    assert damage["offset"] == len(pcap(ROWS[:5]))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("-r", "F", "--count", "nosuchword"), "can't parse filter expression"),
        (("-r", "missing", "--count"), "missing: No such file or directory"),
        (("-r", "F", "-w", "/dev/full"), "/dev/full: No space left on device"),
        (("-r", "F", "-w", "out", "-C", "x"), "invalid file size x"),
        (("-V", "missing", "--count"), "missing: No such file or directory"),
    ],
)
def test_faults_for_machines(
    words: tuple[str, ...], said: str, trace: Path, capsys: Captured
) -> None:
    assert main([str(trace) if word == "F" else word for word in words] + ["--json"]) == 1
    done = capsys.readouterr()
    assert json.loads(done.out)["error"].startswith(said)
    assert said in done.err


def test_one_bad_input_of_several_is_told_to_machines(trace: Path, capsys: Captured) -> None:
    assert main(["-r", str(trace), "-r", "missing", "--count", "--json"]) == 1
    told = answer(capsys.readouterr().out)
    assert told["seen"] == 6
    [damage] = told["damages"]
    assert (damage["file"], damage["message"]) == ("missing", "No such file or directory")
