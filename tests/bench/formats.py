"""How fast pcapng and compressed captures are read: `python -m tests.bench.formats`.

Beside what else reads them, in one run with the files in the page cache and the output going to
/dev/null: tshark (dissecting as little as it can: with the capture filter's display twin), tcpdump
for pcapng, and `zcat | tcpdump` and its like for what is compressed. Figures above 1 are faster
than the other program.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from scripts.convert_captures import pcapng, read
from tests.bench.speed import TCPDUMP, USER, Bench
from tests.bench.workload import make

EXPRESSION, TWIN = "udp and not port 53", "udp and not (udp.port == 53)"
COMPRESSIONS = (
    # ending, what compresses, what decompresses
    (".gz", ("gzip", "-6"), "zcat"),
    (".zst", ("zstd", "-q"), "zstdcat"),
    (".lz4", ("lz4", "-q"), "lz4cat"),
    (".bz2", ("bzip2", "-1"), "bzcat"),
    (".xz", ("xz", "-1"), "xzcat"),
)
ROW = "{:22} {:>9} {:>9} {:>7}   {}"


class Formats:
    """Where the files are, and how often each program is run."""

    def __init__(self, bench: Bench, folder: Path, megabytes: int) -> None:
        self.bench, self.folder = bench, folder
        self.plain = folder / f"pcapfilter-wide-{megabytes}.pcap"
        make(self.plain, "wide", megabytes * 1_000_000)

    def compare(self, name: str, ours: tuple[str, ...], theirs: str, what: str) -> None:
        """Print how long a command of ours takes, and a line of the shell."""
        one, two = self.bench.median(
            self.bench.process(*self.bench.ours, *ours), self.bench.process("sh", "-c", theirs)
        )
        print(ROW.format(name, f"{one:.3f}", f"{two:.3f}", f"{two / one:.2f}", what))

    def pcapng(self) -> None:
        """Compare pcapng, read and written."""
        path = self.plain.with_suffix(".pcapng")
        if not path.exists():
            capture = read(self.plain.read_bytes())
            assert capture is not None
            path.write_bytes(pcapng(capture, "<"))
        words = ("-r", str(path), "-w", os.devnull, EXPRESSION)
        tcpdump = " ".join((TCPDUMP, *USER, "-r", str(path), "-w", os.devnull, f"'{EXPRESSION}'"))
        self.compare("pcapng -> pcap", words, tcpdump, "tcpdump")
        target = self.folder / "pcapfilter-formats.pcapng"
        words = ("-r", str(path), "-w", str(target), EXPRESSION)
        self.compare("pcapng -> pcapng", words, tcpdump, "tcpdump, to pcap in /dev/null")
        if tshark := shutil.which("tshark"):
            line = f"{tshark} -r {path} -w {os.devnull} -Y '{TWIN}'"
            self.compare("pcapng -> pcapng", words, line, "tshark -Y")
        target.unlink()

    def compressed(self, ending: str, compress: tuple[str, ...], decompress: str) -> None:
        """Compare a compression, read."""
        if not shutil.which(compress[0]):
            return
        path = self.plain.with_name(self.plain.name + ending)
        if not path.exists():
            with path.open("wb") as file:
                subprocess.run([*compress, "-c", self.plain], stdout=file, check=True)
        words = ("-r", str(path), "-w", os.devnull, EXPRESSION)
        tcpdump = " ".join((TCPDUMP, *USER, "-r", "-", "-w", os.devnull, f"'{EXPRESSION}'"))
        self.compare(f"{ending} -> pcap", words, f"{decompress} {path} | {tcpdump}", decompress)


def main() -> None:
    """Make the files and print the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--megabytes", type=int, default=300)
    options.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()))
    options.add_argument("--times", type=int, default=5)
    chosen = options.parse_args()
    if not TCPDUMP:
        sys.exit("tcpdump is not installed: nothing to compare with")
    formats = Formats(Bench(chosen.times), chosen.folder, chosen.megabytes)
    print(ROW.format("seconds", "ours", "theirs", "ratio", "beside"))
    formats.pcapng()
    for row in COMPRESSIONS:
        formats.compressed(*row)


if __name__ == "__main__":
    main()
