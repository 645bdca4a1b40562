"""Memory does not grow with the file. Runs alone: `scripts/check` does so.

What compiling takes, once for each loop and filter, is left out: each run is made twice.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import BinaryIO

import pytest

from tests.bench.workload import make

pytestmark = pytest.mark.bench

MOST = 200 << 20


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A capture of twice what a run may take."""
    path = tmp_path_factory.mktemp("large") / "wide.pcap"
    make(path, "wide", 2 * MOST)
    return path


def most_resident(*words: str, file: BinaryIO | None = None) -> int:
    """Give the most octets that a run of the command had in memory at once."""
    return min(_most_resident(words, file) for _ in range(2))


def _most_resident(words: tuple[str, ...], file: BinaryIO | None) -> int:
    if file is not None:
        file.seek(0)
    process = subprocess.Popen(
        [sys.executable, "-m", "pcapfilter", *words],
        stdin=file,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return used.ru_maxrss * 1024


@pytest.mark.parametrize("workers", ["1", "2", "5"])
@pytest.mark.parametrize(
    "words",
    [("--count", "tcp port 80"), ("-w", os.devnull, "tcp port 80"), ("-w", os.devnull, "")],
    ids=["count", "few", "all"],
)
def test_a_large_file(large: Path, workers: str, words: tuple[str, ...]) -> None:
    assert most_resident("-r", str(large), "--workers", workers, *words) < MOST


def test_many_files(large: Path, tmp_path: Path) -> None:
    names = tmp_path / "names"
    names.write_text(f"{large}\n" * 3, encoding="utf-8")
    assert most_resident("-V", str(names), "-w", os.devnull, "udp") < MOST


def test_a_pipe(large: Path) -> None:
    with large.open("rb") as file:
        assert most_resident("-r", "-", "-w", os.devnull, "udp", file=file) < MOST
