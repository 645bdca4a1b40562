"""How long the command takes to begin. Runs alone: `scripts/check` does so."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.bench.workload import make

pytestmark = pytest.mark.bench


def best(*words: str, times: int = 7) -> float:
    """Give the best time of a whole process, in seconds."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "pcapfilter", *words],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        taken.append(time.perf_counter() - start)
    return min(taken)


def test_a_listing_takes_less_than_an_eighth_of_a_second() -> None:
    assert best("-d", "tcp port 80") < 0.12


def test_a_capture_of_a_megabyte_takes_less_than_a_quarter_of_a_second(tmp_path: Path) -> None:
    path = tmp_path / "wide.pcap"
    make(path, "wide", 1_000_000, count=1700)
    assert best("-r", str(path), "-w", os.devnull, "tcp port 80") < 0.25
