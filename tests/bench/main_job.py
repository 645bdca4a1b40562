"""The main job beside tcpdump: whole processes over a seeded capture of 500 MB, in the page cache.

    python -m tests.bench.main_job [MEGABYTES] [TIMES]

Prints, for each expression, the best time of each in one alternating run, and the ratio: above 1
is faster than tcpdump.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.workload import make
from tests.oracle import tcpdump_path

EXPRESSIONS = (
    "tcp port 80",
    "udp",
    "tcp and (port 80 or 443 or 8080) and net 10.0.0.0/8 and not len > 1000",
    "ip6",
)


def seconds(command: list[str]) -> float:
    """Give how long a command takes."""
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - start


def compare(path: Path, target: str, times: int) -> None:
    """Print a row for each expression."""
    for expression in EXPRESSIONS:
        arguments = ["-r", str(path), "-w", target, expression]
        ours = [sys.executable, "-m", "pcapfilter", *arguments]
        theirs = [tcpdump_path(), "-Z", "root", *arguments]
        seconds(ours)  # fills the cache of compiled loops
        rows = [(seconds(ours), seconds(theirs)) for _ in range(times)]
        one, two = min(row[0] for row in rows), min(row[1] for row in rows)
        print(f"{path.stem:<6}{target:<12}{one:8.3f}{two:10.3f}{two / one:8.2f}  {expression}")


def main() -> int:
    """Make the workloads, and measure."""
    megabytes = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    times = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    if not tcpdump_path():
        print("needs tcpdump")
        return 1
    print("load  target      pcapfilter   tcpdump   ratio")
    with tempfile.TemporaryDirectory() as folder:
        for kind in ("wide", "tiny"):
            path = Path(folder) / kind
            make(path, kind, megabytes * 1_000_000)
            compare(path, "/dev/null", times)
            path.unlink()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
