"""Damaged captures: what is read and written is what tcpdump reads and writes."""

import io
import random
from array import array
from pathlib import Path

from pcapfilter.errors import CaptureError
from pcapfilter.io.base import open_source
from pcapfilter.io.output import Manner, open_sink
from tests.io.captures import ROWS, VARIANTS, pcap
from tests.oracle import needs_tcpdump, tcpdump

WHOLE = (
    pcap(ROWS),
    pcap(ROWS, order=">"),
    pcap(ROWS, snaplen=40),
    VARIANTS["nanoseconds"],
    VARIANTS["modified"],
    VARIANTS["version 2.3"],
)


def damaged(rng: random.Random) -> bytes:
    """Give a capture with some octets changed, left out, put in, or cut off."""
    octets = bytearray(rng.choice(WHOLE))
    for _ in range(rng.choice((1, 1, 1, 2, 5))):
        at = rng.randrange(4, len(octets))
        match rng.randrange(5):
            case 0:
                octets[at] ^= 1 << rng.randrange(8)
            case 1:
                octets[at] = rng.randrange(256)
            case 2:
                del octets[at : at + rng.randrange(1, 20)]
            case 3:
                octets[at:at] = rng.randbytes(rng.randrange(1, 20))
            case 4:
                del octets[max(at, 24) :]
        if len(octets) < 6:
            break
    return bytes(octets)


def copy(octets: bytes) -> tuple[bytes | None, str]:
    """Write every packet of a capture; give the result and what was wrong."""
    out = io.BytesIO()
    try:
        source = open_source(io.BytesIO(octets))
    except CaptureError as error:
        return None, error.message
    sink = open_sink(out, source, manner=Manner(precision="micro"))
    for batch in source.batches():
        sink.write(batch, array("I", range(batch.count)))
    return out.getvalue(), source.damage.message if source.damage else ""


@needs_tcpdump
def test_damaged_captures_are_read_as_by_tcpdump(
    tmp_path: Path, rng: random.Random, sweep: float
) -> None:
    path, target = tmp_path / "damaged", tmp_path / "theirs"
    for _ in range(round(200 * sweep)):
        octets = damaged(rng)
        path.write_bytes(octets)
        target.unlink(missing_ok=True)
        theirs = tcpdump("-r", path, "-w", target)
        said = theirs.stderr.decode().strip().splitlines()[-1]
        if "unknown data link type" in said:
            continue  # the file is in order; no filter, not even an empty one, can be compiled
        written, message = copy(octets)
        assert written == (target.read_bytes() if target.exists() else None), octets.hex()
        assert bool(message) == (theirs.returncode != 0), octets.hex()
        assert message in said, octets.hex()


def test_every_way_to_cut_a_capture() -> None:
    whole = pcap(ROWS)
    ends = [24]
    for row in ROWS:
        ends.append(ends[-1] + 16 + row.caplen)
    for size in range(24, len(whole)):
        written, message = copy(whole[:size])
        kept = max(end for end in ends if end <= size)
        assert written == whole[:kept]
        assert bool(message) == (size not in ends)
