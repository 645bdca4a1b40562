"""How fast, beside tcpdump: `python -m tests.bench.speed [--megabytes 500] [--folder DIR]`.

For each workload and expression, in one run with the files in the page cache: tcpdump's whole
process, ours (start-up included, cache warm), our job alone in a warm process, and how much faster
these are. The output goes to /dev/null.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pcapfilter as pf
from tests.bench.workload import make

EXPRESSIONS = (
    "tcp port 80",
    "ip",
    "host 10.0.1.7 and port 443",
    "udp and not port 53",
    "tcp[tcpflags] & (tcp-syn|tcp-fin) != 0",
    " or ".join(f"host 10.0.{n % 4}.{n * 7}" for n in range(20)),
)
USER = ("-Z", "root") if os.geteuid() == 0 else ()
"""As root, tcpdump would become another user, who may not see the file."""
ROW = "{:5} {:26} {:>8} {:>8} {:>8} {:>8} {:>8}"


def seconds(action: Callable[[], object], times: int) -> float:
    """Give the median time of an action."""
    taken: list[float] = []
    for _ in range(times):
        start = time.perf_counter()
        action()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def process(*command: str) -> Callable[[], object]:
    """Give an action that runs a command, with Python's own compiled files in use."""
    cached = {"PYTHONPYCACHEPREFIX": str(Path(tempfile.gettempdir()) / "pcapfilter-pycache")}
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"} | cached
    return lambda: subprocess.run(command, check=True, capture_output=True, env=environment)


def measure(path: Path, kind: str, expression: str, times: int) -> None:
    """Print one row."""
    tcpdump = shutil.which("tcpdump", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    if tcpdump is None:
        sys.exit("tcpdump is not installed: nothing to compare with")
    script = (
        "import sys, pcapfilter; pcapfilter.compile(sys.argv[1]).copy(sys.argv[2], '/dev/null')"
    )
    theirs = seconds(process(tcpdump, *USER, "-r", str(path), "-w", "/dev/null", expression), times)
    process(sys.executable, "-c", script, expression, str(path))()
    ours = seconds(process(sys.executable, "-c", script, expression, str(path)), times)
    made = pf.compile(expression)
    made.copy(str(path), "/dev/null")
    job = seconds(lambda: made.copy(str(path), "/dev/null"), times)
    shown = expression if len(expression) < 27 else expression[:23] + "..."
    figures = (f"{theirs:.3f}", f"{ours:.3f}", f"{job:.3f}", f"{theirs / ours:.2f}x")
    sys.stdout.write(ROW.format(kind, shown, *figures, f"{theirs / job:.2f}x") + "\n")


def main() -> None:
    """Make the workloads and print the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--megabytes", type=int, default=500)
    options.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()))
    options.add_argument("--times", type=int, default=3)
    chosen = options.parse_args()
    sys.stdout.write(
        ROW.format("", "seconds", "tcpdump", "process", "job", "process", "job") + "\n"
    )
    for kind in ("wide", "tiny"):
        path = chosen.folder / f"pcapfilter-{kind}-{chosen.megabytes}.pcap"
        make(path, kind, chosen.megabytes * 1_000_000)
        path.read_bytes()
        for expression in EXPRESSIONS:
            measure(path, kind, expression, chosen.times)


if __name__ == "__main__":
    main()
