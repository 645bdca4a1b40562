"""How long the command takes to begin. Runs alone: `scripts/check` does so.

What is measured is the processor's time, which other programs disturb less; where nothing else
runs, the whole process takes as long. Python's own compiled files are in use, as for any user.
"""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench.workload import make

pytestmark = pytest.mark.bench


def best(folder: Path, *words: str, times: int = 9) -> float:
    """Give the best time of a whole process, in seconds."""
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(folder)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    taken = []
    for _ in range(times):
        start = children()
        subprocess.run(
            [sys.executable, "-m", "pcapfilter", *words],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment,
        )
        taken.append(children() - start)
    return min(taken)


def children() -> float:
    """Give the processor's time that child processes have used, in seconds."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_a_listing(tmp_path: Path) -> None:
    assert best(tmp_path, "-d", "tcp port 80") < 0.08


def test_a_capture_of_a_megabyte(tmp_path: Path) -> None:
    path = tmp_path / "wide.pcap"
    make(path, "wide", 1_000_000, count=1700)
    assert best(tmp_path, "-r", str(path), "-w", os.devnull, "tcp port 80") < 0.13
