"""How long it takes to begin: a listing, as a person waits for it."""

import subprocess
import sys
import time

import pytest

pytestmark = pytest.mark.bench

LIMIT = 0.12


def test_a_listing_is_there_at_once() -> None:
    """The best of ten runs of the whole command."""
    command = [sys.executable, "-m", "pcapfilter", "-d", "tcp port 80"]
    took = []
    for _ in range(10):
        start = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        took.append(time.perf_counter() - start)
    print(f"pcapfilter -d 'tcp port 80': {min(took):.3f} s (at most {LIMIT} s)")
    assert min(took) < LIMIT
