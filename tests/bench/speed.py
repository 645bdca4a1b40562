"""How fast, beside tcpdump: `python -m tests.bench.speed [--written] [--list]`.

For each workload and expression, in one run with the files in the page cache and the cache of
native code filled, with the output going to /dev/null:

    tcpdump       seconds of tcpdump's whole process
    process       how much faster our whole process is, with one worker and with two
    scan          the same with the start-up of both left out
    walk          seconds of our scan, by those of reading the same file and walking its headers

after what short runs cost. Figures above 1 are faster than tcpdump, but for the walk, where 1
would be a filter that costs nothing. `--written` adds rows of real files, and `--list` a row of
ten files in one run (-V), for which one file is listed ten times.
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
from functools import partial
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
ROW = "{:5} {:30} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8}"


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

    def median(
        self, *actions: Callable[[], object], after: Callable[[], object] | None = None
    ) -> list[float]:
        """Give the median time of each action, after one run of each; they take turns.

        What is to be done after each is not measured.
        """
        taken: list[list[float]] = [[] for _ in actions]
        for turn in range(self.times + 1):
            for action, row in zip(actions, taken, strict=True):
                start = time.perf_counter()
                action()
                if turn:
                    row.append(time.perf_counter() - start)
                if after is not None:
                    after()
        return [statistics.median(row) for row in taken]

    def process(self, *command: str) -> Callable[[], object]:
        """Give an action that runs a command, with Python's own compiled files in use."""
        return lambda: subprocess.run(
            command, check=True, capture_output=True, env=self.environment
        )

    def compare(self, path: Path, kind: str, expression: str, start: list[float]) -> None:
        """Print one row; `start` is how long either takes to begin a scan."""
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
        rate, ours = theirs - start[0], start[1]
        faster = rate / (scan - ours), rate / (both - ours)
        figures = (theirs / one, theirs / two, *faster, scan / walk)
        shown = expression if len(expression) < 31 else expression[:23] + "..."
        show(kind, shown, theirs, *figures)

    def compare_written(self, path: Path, kind: str, folder: Path, start: list[float]) -> None:
        """Print how much faster real files are written, each into one that is not there yet."""
        out = folder / "pcapfilter-written.pcap"
        for expression in WRITTEN:
            words = ("-r", str(path), "-w", str(out), expression)
            made = pf.compile(expression, source="file")
            theirs, one, two, scan, both = self.median(
                self.process(*self.theirs, *words),
                self.process(*self.ours, "--workers", "1", *words),
                self.process(*self.ours, "--workers", "2", *words),
                partial(made.copy, path, out, workers=1),
                partial(made.copy, path, out, workers=2),
                after=lambda: out.unlink(missing_ok=True),
            )
            rate, ours = theirs - start[0], start[1]
            shown = f"{expression or 'all'}, to a file"
            faster = rate / (scan - ours), rate / (both - ours)
            show(kind, shown, theirs, theirs / one, theirs / two, *faster)

    def compare_list(self, path: Path, kind: str, folder: Path) -> None:
        """Print how much faster ten files are read in one run."""
        names = folder / "pcapfilter-names.txt"
        names.write_text(f"{path}\n" * 10, encoding="utf-8")
        words = ("-V", str(names), "-w", os.devnull, EXPRESSIONS[0])
        theirs, one, two = self.median(
            self.process(*self.theirs, *words),
            self.process(*self.ours, "--workers", "1", *words),
            self.process(*self.ours, "--workers", "2", *words),
        )
        show(kind, f"{EXPRESSIONS[0]}, ten files", theirs, theirs / one, theirs / two)

    def short(self, folder: Path) -> list[float]:
        """Print what short runs cost; give how long either takes to begin, ours in a process."""
        path = folder / "pcapfilter-short.pcap"
        make(path, "wide", 1_000_000, count=1700)
        words = ("-r", str(path), "-w", os.devnull, EXPRESSIONS[0])
        made = pf.compile(EXPRESSIONS[0], source="file")
        theirs, begun, ours, listing, python = self.median(
            self.process(*self.theirs, *words),
            partial(made.copy, path, os.devnull, workers=1),
            self.process(*self.ours, *words),
            self.process(*self.ours, "-d", EXPRESSIONS[0]),
            self.process(sys.executable, "-c", "pass"),
        )
        print("\nseconds of whole processes")
        print(f"    a capture of 1 MB    {ours:.3f}  (tcpdump {theirs:.3f})")
        print(f"    -d                   {listing:.3f}")
        print(f"    python -c pass       {python:.3f}")
        return [theirs, begun]


def show(kind: str, what: str, seconds: float, *figures: float) -> None:
    """Print a row; the figures that there are not stay empty."""
    shown = [f"{figure:.2f}" for figure in figures]
    print(ROW.format(kind, what, f"{seconds:.3f}", *shown, *[""] * (5 - len(shown))), flush=True)


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
    options.add_argument("--list", action="store_true", help="ten files of wide, too")
    chosen = options.parse_args()
    if not TCPDUMP:
        sys.exit("tcpdump is not installed: nothing to compare with")
    bench = Bench(chosen.times)
    start = bench.short(chosen.folder)
    print("\n" + ROW.format(*HEAD))
    for kind, usual in MEGABYTES.items():
        megabytes = chosen.megabytes or usual
        path = chosen.folder / f"pcapfilter-{kind}-{megabytes}.pcap"
        path.unlink(missing_ok=True)  # what was read back from a disk lies in smaller pieces
        make(path, kind, megabytes * 1_000_000)
        walk_headers(path)
        for expression in EXPRESSIONS:
            bench.compare(path, kind, expression, start)
        if chosen.written:
            bench.compare_written(path, kind, chosen.folder, start)
        if chosen.list and kind == "wide":
            bench.compare_list(path, kind, chosen.folder)


if __name__ == "__main__":
    main()
