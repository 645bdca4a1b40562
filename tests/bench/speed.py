"""How fast, beside tcpdump: `python -m tests.bench.speed [--megabytes 500] [--times 5]`.

For each workload and expression, in one run with the files in the page cache and the cache of
native code filled, with the output going to /dev/null:

    tcpdump       seconds of tcpdump's whole process
    process       how much faster our whole process is, with one worker and with two
    scan          the same with the start-up of both left out
    walk          seconds of our scan, by those of reading the same file and walking its headers

and then what short runs cost. Figures above 1 are faster than tcpdump, but for the walk, where 1
would be a filter that costs nothing. `--written` gives one more table, of real files.
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
from pcapfilter.filter import open_capture
from tests.bench.workload import make

EXPRESSIONS = (
    "tcp port 80",
    "ip",
    "host 10.0.1.7 and port 443",
    "udp and not port 53",
    "tcp[tcpflags] & (tcp-syn|tcp-fin) != 0",
    " or ".join(f"host 10.0.{n % 4}.{n * 7}" for n in range(20)),
)
MEGABYTES = {"wide": 1550, "tiny": 651}
WRITTEN = ("udp and not port 53", "")
"""An expression of which at most a fifth of the octets match, and one of which all do."""
USER = ("-Z", "root") if os.geteuid() == 0 else ()
"""As root, tcpdump would become another user, who may not see the file."""
TCPDUMP = shutil.which("tcpdump", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin") or ""
HEAD = ("load", "expression", "tcpdump", "process", "with 2", "scan", "with 2", "walk")
ROW = "{:5} {:26} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8}"


class Bench:
    """The two programs, and how often each is run."""

    def __init__(self, times: int) -> None:
        self.times = times
        self.theirs = (TCPDUMP, *USER)
        command = shutil.which("pcapfilter", path=Path(sys.executable).parent)
        self.ours = (command,) if command else (sys.executable, "-m", "pcapfilter")
        cached = {"PYTHONPYCACHEPREFIX": str(Path(tempfile.gettempdir()) / "pcapfilter-pycache")}
        self.environment = {
            name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"
        } | cached

    def median(self, *actions: Callable[[], object]) -> list[float]:
        """Give the median time of each action, after one run of each; they take turns."""
        taken: list[list[float]] = [[] for _ in actions]
        for turn in range(self.times + 1):
            for action, row in zip(actions, taken, strict=True):
                start = time.perf_counter()
                action()
                if turn:
                    row.append(time.perf_counter() - start)
        return [statistics.median(row) for row in taken]

    def process(self, *command: str) -> Callable[[], object]:
        """Give an action that runs a command, with Python's own compiled files in use."""
        return lambda: subprocess.run(
            command, check=True, capture_output=True, env=self.environment
        )

    def compare(self, path: Path, kind: str, expression: str, start: list[float]) -> None:
        """Print one row; `start` is how long either program takes to begin."""
        words = ("-r", str(path), "-w", os.devnull, expression)
        made = pf.compile(expression, source="file")
        theirs, one, two, scan, both, walk = self.median(
            self.process(*self.theirs, *words),
            self.process(*self.ours, "--workers", "1", *words),
            self.process(*self.ours, "--workers", "2", *words),
            lambda: made.copy(path, os.devnull, workers=1),
            lambda: made.copy(path, os.devnull, workers=2),
            lambda: walk_headers(path),
        )
        rate = theirs - start[0]
        figures = (theirs / one, theirs / two, rate / scan, rate / both, scan / walk)
        shown = expression if len(expression) < 27 else expression[:23] + "..."
        print(ROW.format(kind, shown, f"{theirs:.3f}", *(f"{figure:.2f}" for figure in figures)))

    def compare_written(self, path: Path, kind: str, folder: Path) -> None:
        """Print how much faster real files are written."""
        for expression in WRITTEN:
            targets = [folder / f"pcapfilter-{name}.out" for name in ("theirs", "one", "two")]
            words = [("-r", str(path), "-w", str(target), expression) for target in targets]
            theirs, one, two = self.median(
                self.process(*self.theirs, *words[0]),
                self.process(*self.ours, "--workers", "1", *words[1]),
                self.process(*self.ours, "--workers", "2", *words[2]),
            )
            for target in targets:
                target.unlink()
            row = (f"{theirs:.3f}", f"{theirs / one:.2f}", f"{theirs / two:.2f}", "", "", "")
            print(ROW.format(kind, f"{expression or 'all'}, to a file", *row))

    def short(self, folder: Path) -> list[float]:
        """Print what short runs cost; give how long both programs take to begin."""
        path = folder / "pcapfilter-short.pcap"
        make(path, "wide", 1_000_000, count=1700)
        words = ("-r", str(path), "-w", os.devnull, EXPRESSIONS[0])
        theirs, ours, listing, python = self.median(
            self.process(*self.theirs, *words),
            self.process(*self.ours, *words),
            self.process(*self.ours, "-d", EXPRESSIONS[0]),
            self.process(sys.executable, "-c", "pass"),
        )
        print("\nseconds of whole processes")
        print(f"    a capture of 1 MB    {ours:.3f}  (tcpdump {theirs:.3f})")
        print(f"    -d                   {listing:.3f}")
        print(f"    python -c pass       {python:.3f}")
        return [theirs, ours]


def walk_headers(path: Path) -> None:
    """Read a capture in chunks and walk its record headers, without any filter."""
    source = open_capture(path)
    for _ in source.batches():
        pass
    source.close()


def main() -> None:
    """Make the workloads and print the tables."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--megabytes", type=int, help="of each workload, not 1,550 and 651")
    options.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()))
    options.add_argument("--times", type=int, default=5)
    options.add_argument("--written", action="store_true", help="write real files as well")
    chosen = options.parse_args()
    if not TCPDUMP:
        sys.exit("tcpdump is not installed: nothing to compare with")
    bench = Bench(chosen.times)
    start = bench.short(chosen.folder)
    print("\n" + ROW.format(*HEAD))
    for kind, usual in MEGABYTES.items():
        megabytes = chosen.megabytes or usual
        path = chosen.folder / f"pcapfilter-{kind}-{megabytes}.pcap"
        make(path, kind, megabytes * 1_000_000)
        walk_headers(path)
        for expression in EXPRESSIONS:
            bench.compare(path, kind, expression, start)
        if chosen.written:
            bench.compare_written(path, kind, chosen.folder)


if __name__ == "__main__":
    main()
