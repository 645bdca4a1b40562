"""Captures converted to other formats, byte orders and compressions select what tcpdump selects.

Each capture is converted by a script of its own. tcpdump reads the conversion, or, where it cannot
(compressed ones), the original. `--sweep 30` takes all captures.
"""

import math
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

import pcapfilter
from pcapfilter.cli import main
from scripts.convert_captures import conversions
from tests.io.test_pcapng_sink import block_by_block
from tests.oracle import needs_tcpdump, tcpdump

TEXTS = ("", "ip", "tcp or udp", "not ip6 and less 200", "len > 80 or ether[0] & 1 != 0")
COMPRESSED = (".gz", ".bz2", ".xz", ".zst", ".lz4")
HEADERS_OF_THEIR_OWN = (117, 189, 220, 239)
"""Link types whose headers have the machine's byte order: turned, they are other packets."""


def written(path: Path, text: str, precision: str, target: Path) -> bytes | None:
    """Give what the command writes as pcap."""
    target.unlink(missing_ok=True)
    words = ["-r", str(path), precision, "--format", "pcap", "-w", str(target), text]
    main(words)
    return target.read_bytes() if target.exists() else None


def by_tcpdump(path: Path, text: str, precision: str, target: Path, *flags: str) -> bytes | None:
    target.unlink(missing_ok=True)
    tcpdump(*flags, "-r", path, precision, "-w", target, text)
    return target.read_bytes() if target.exists() else None


@needs_tcpdump
def test_conversions_select_what_tcpdump_selects(
    captures: Path,
    real_captures: Path,
    tmp_path: Path,
    sweep: float,
    record_property: Callable[[str, object], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    rng = random.Random("converted")
    every = sorted([*captures.glob("*.pcap*"), *real_captures.glob("*.pcap*")])
    paths = sorted(rng.sample(every, min(len(every), math.ceil(len(every) * sweep / 30))))
    tally: Counter[str] = Counter()
    wrong = []
    ours, theirs, twin = (tmp_path / name for name in ("ours", "theirs", "twin.pcap"))
    for path in paths:
        octets = path.read_bytes()
        if path.suffix == ".pcapng":
            whole = by_tcpdump(path, "", "--nano", twin)
            if whole is None:  # of several link types
                continue
            octets = whole
        twin.write_bytes(octets)
        link = int.from_bytes(octets[20:24], "little" if octets[3] > 0x80 else "big")
        for ending, converted in conversions(octets):
            if ".turned" in ending and link in HEADERS_OF_THEIR_OWN:
                continue
            other = tmp_path / f"converted{ending}"
            other.write_bytes(converted)
            asked = twin if ending in COMPRESSED else other
            text = rng.choice(TEXTS)
            for precision in ("--micro", "--nano"):
                mine = written(other, text, precision, ours)
                his = by_tcpdump(asked, text, precision, theirs)
                tally["compared"] += 1
                tally["refused by both"] += mine is None
                if mine != his and mine != by_tcpdump(asked, text, precision, theirs, "-O"):
                    wrong.append((path.name, ending, text, precision))
            tally[ending] += 1
            if ending.endswith("pcapng"):
                copy = tmp_path / "copy.pcapng"
                pcapfilter.compile("").copy(other, copy)
                assert block_by_block(copy.read_bytes()) == block_by_block(converted), path.name
            other.unlink()
        tally["captures"] += 1
    capsys.readouterr()
    record_property("tally", dict(tally))
    assert not wrong, f"{len(wrong)}:\n" + "\n".join(map(str, wrong[:20]))
    assert tally["refused by both"] * 2 < tally["compared"], tally
