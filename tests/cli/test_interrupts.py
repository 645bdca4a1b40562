"""Signals that ask the command to end: what is written is whole, and counted."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import pcapfilter
from tests.io.captures import ROWS, pcap

WANTED = pcap((ROWS[0], ROWS[2], ROWS[5]))
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def begun(*words: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "pcapfilter", *words], stdin=subprocess.PIPE, stderr=subprocess.PIPE
    )


def ended(process: subprocess.Popen[bytes]) -> tuple[int, str]:
    """Wait for a process; give its exit code and what it said."""
    assert process.stdin is not None
    assert process.stderr is not None
    try:
        code = process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    said = process.stderr.read().decode()
    process.stdin.close()
    process.stderr.close()
    assert "Traceback" not in said
    return code, said


def wait_for(target: Path, size: int) -> None:
    """Wait until the file, which has another name until it is whole, has so many octets."""
    deadline = time.monotonic() + 20
    while not any(
        path.stat().st_size == size for path in target.parent.glob(f".{target.name}.*.part")
    ):
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_leaves_whole_packets_and_statistics(number: int, tmp_path: Path) -> None:
    target = tmp_path / "out"
    process = begun("-r", "-", "-v", "-w", str(target), "tcp")
    assert process.stdin is not None
    process.stdin.write(pcap(ROWS))
    process.stdin.flush()
    wait_for(target, len(WANTED))
    process.send_signal(number)
    code, said = ended(process)
    assert code == 0
    assert target.read_bytes() == WANTED
    assert "6 packets seen, 3 matched" in said
    assert f"6 packets seen ({len(pcap(ROWS))} octets read), 3 matched" in said


def test_nothing_is_held_back_that_sigusr2_could_have_written(tmp_path: Path) -> None:
    target = tmp_path / "out"
    process = begun("-r", "-", "-w", str(target), "tcp")
    assert process.stdin is not None
    process.stdin.write(pcap(ROWS))
    process.stdin.flush()
    wait_for(target, len(WANTED))
    process.send_signal(signal.SIGUSR2)
    time.sleep(0.1)
    assert process.poll() is None
    assert process.stderr is not None
    process.stdin.close()
    process.stderr.close()
    assert process.wait(20) == 0
    assert target.read_bytes() == WANTED


@pytest.mark.parametrize("number", SIGNALS)
def test_a_file_has_its_header_before_there_are_packets(number: int, tmp_path: Path) -> None:
    target = tmp_path / "out"
    process = begun("-r", "-", "-w", str(target), "tcp")
    assert process.stdin is not None
    process.stdin.write(pcap(()))
    process.stdin.flush()
    wait_for(target, len(pcap(())))
    process.send_signal(number)
    code, said = ended(process)
    assert (code, target.read_bytes()) == (0, pcap(()))
    assert "0 packets seen, 0 matched" in said


def test_no_moment_has_a_traceback_or_a_cut_file(tmp_path: Path, sweep: float) -> None:
    path, target = tmp_path / "long.pcap", tmp_path / "out"
    path.write_bytes(pcap(()) + pcap(ROWS)[24:] * 200_000)
    matched = {pcap(ROWS[n : n + 1])[24:] for n in (0, 2, 5)}
    size = len(next(iter(matched)))
    steps = round(20 * sweep)
    codes = set()
    for step in range(steps):
        target.unlink(missing_ok=True)
        process = begun("-r", str(path), "-w", str(target), "tcp")
        assert process.stderr is not None
        process.stderr.readline()
        time.sleep(0.15 * step / steps)
        process.send_signal(SIGNALS[step % 3])
        code, said = ended(process)
        codes.add(code)
        if target.exists():
            octets = target.read_bytes()
            assert octets[:24] == pcap(())
            assert (len(octets) - 24) % size == 0
            assert octets[24:][-size:] in {b"", *matched}
            if "interrupted" in said:
                assert f" {(len(octets) - 24) // size} matched" in said
    assert codes <= {0, *(-number for number in SIGNALS)}


def test_a_terminal_that_is_to_be_ignored_is_ignored(tmp_path: Path) -> None:
    target = tmp_path / "out"
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        process = begun("-r", "-", "-w", str(target), "tcp")
    finally:
        signal.signal(signal.SIGHUP, before)
    assert process.stdin is not None
    process.stdin.write(pcap(()))
    process.stdin.flush()
    wait_for(target, 24)
    process.send_signal(signal.SIGHUP)
    process.stdin.write(pcap(ROWS)[24:])
    process.stdin.flush()
    wait_for(target, len(WANTED))
    process.stdin.close()
    assert process.stderr is not None
    assert b"interrupted" not in process.stderr.read()
    process.stderr.close()
    assert process.wait(20) == 0


def test_a_fifo_without_a_reader_is_broken_off(tmp_path: Path) -> None:
    path, target = tmp_path / "trace.pcap", tmp_path / "fifo"
    path.write_bytes(pcap(ROWS))
    os.mkfifo(target)
    process = begun("-r", str(path), "-w", str(target), "tcp")
    assert process.stderr is not None
    process.stderr.readline()
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    assert ended(process)[0] == 0


def test_a_command_that_is_still_being_imported_ends_without_a_word(tmp_path: Path) -> None:
    path = tmp_path / "pcapfilter"
    path.write_text(
        "import signal\nimport pcapfilter\n"
        "print(signal.getsignal(signal.SIGINT) == signal.SIG_DFL)\n"
    )
    env = {**os.environ, "PYTHONPATH": str(Path(pcapfilter.__file__).parent.parent)}
    done = subprocess.run([sys.executable, path], env=env, capture_output=True, check=True)
    assert done.stdout == b"True\n"
    path = path.rename(tmp_path / "other")
    done = subprocess.run([sys.executable, path], env=env, capture_output=True, check=True)
    assert done.stdout == b"False\n"
