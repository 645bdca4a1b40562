"""Captures with damage of every kind: no traceback, no memory, no packet lost before it."""

import io
import os
import struct
import tracemalloc
from array import array
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from pcapfilter.errors import CaptureError
from pcapfilter.filter import native
from pcapfilter.io.base import open_source
from pcapfilter.io.output import Format, Manner, open_sink
from pcapfilter.io.pcapng_sink import PcapngSink
from tests.io.captures import HTTP, OCTETS, ROWS, VARIANTS, pcap
from tests.io.sections import BIG, LITTLE
from tests.io.test_pcapng_sink import block_by_block, rich

MOST = 64 * 2**20
"""Octets that reading and writing a damaged capture of some kilobytes may take at most."""

EXAMPLES = round(300 * float(os.environ.get("PCAPFILTER_SWEEP", "1")))

RECORDS = tuple(row._replace(seconds=row.seconds + n) for n, row in enumerate(ROWS * 6))
PCAP = (
    pcap(RECORDS),
    pcap(RECORDS, order=">"),
    pcap(RECORDS, magic=0xA1B23C4D),
    pcap(RECORDS, magic=0xA1B2CD34, padding=8),
    pcap(RECORDS, snaplen=40),
    pcap(RECORDS, link=231, snaplen=0),
    VARIANTS["version 2.3"],
)
PCAPNG = (
    rich(LITTLE),
    rich(BIG) + rich(LITTLE, length=True),
    LITTLE.section() + 3 * LITTLE.interface() + 20 * LITTLE.packet(HTTP, interface=2),
    LITTLE.section() + LITTLE.interface(231, 0) + 20 * LITTLE.packet(OCTETS),
)
LENGTHS = (0, 1, 8, 11, 12, 16, 33, 255, 2**16, 2**18, 2**24, 2**24 + 4, 2**27, 2**31, 2**32 - 4)


class Damage(NamedTuple):
    """A change to a file: what, where (as a part of its length), and a number."""

    kind: str
    where: float
    number: int


DAMAGES = st.lists(
    st.builds(
        Damage,
        st.sampled_from(("flip", "set", "length", "cut out", "put in", "cut off", "swap")),
        st.floats(0, 1, exclude_max=True),
        st.integers(0, 2**32 - 1),
    ),
    min_size=1,
    max_size=5,
)


def damaged(whole: bytes, damages: list[Damage]) -> tuple[bytes, int]:
    """Give the damaged file, and up to where it is whole."""
    octets, intact = bytearray(whole), len(whole)
    for kind, where, number in damages:
        if len(octets) < 8:
            break
        at = int(where * (len(octets) - 4))
        intact = min(intact, at)
        match kind:
            case "flip":
                octets[at] ^= 1 << number % 8
            case "set":
                octets[at] = number % 256
            case "length":
                length = LENGTHS[number % len(LENGTHS)]
                octets[at : at + 4] = struct.pack("<>"[number % 2] + "I", length)
            case "cut out":
                del octets[at : at + 1 + number % 40]
            case "put in":
                octets[at:at] = number.to_bytes(4) * (1 + number % 9)
            case "cut off":
                del octets[at:]
            case "swap":
                octets[at : at + 4] = octets[at : at + 4][::-1]
    return bytes(octets), intact


def ends(whole: bytes) -> list[int]:
    """Give where each packet of a whole file ends."""
    found, at = [], 24
    if whole[:4] == b"\x0a\x0d\x0d\x0a":
        at, order = 0, "<"
        for block in block_by_block(whole):
            at += len(block)
            if block[:4] == b"\x0a\x0d\x0d\x0a":
                order = ">" if block[8] == 0x1A else "<"
            if struct.unpack_from(f"{order}I", block)[0] in {2, 3, 6}:
                found.append(at)
        return found
    order = ">" if whole[0] == 0xA1 else "<"
    header = 24 if whole[:4] in {b"\x34\xcd\xb2\xa1", b"\xa1\xb2\xcd\x34"} else 16
    while at < len(whole):
        caplen, wirelen = struct.unpack_from(f"{order}II", whole, at + 8)
        at += header + min(caplen, wirelen)
        found.append(at)
    return found


def read(octets: bytes, form: Format, *, recover: bool) -> list[bytes]:
    """Read a file as far as it goes, and write it; give the packets."""
    try:
        source = open_source(io.BytesIO(octets), native=native, recover=recover)
    except CaptureError:
        return []
    found: list[bytes] = []
    sink = open_sink(io.BytesIO(), source, manner=Manner(form), native=native)
    if form == "pcapng":
        assert isinstance(sink, PcapngSink)
        sink.follow(source)
    for batch in source.batches():
        found += map(batch.octets, range(batch.count))
        try:
            sink.write(batch, array("I", range(batch.count)))
        except CaptureError:
            assert form == "pcap"  # of two link types
    sink.close()
    return found


@given(
    whole=st.sampled_from((*PCAP, *PCAPNG)),
    damages=DAMAGES,
    form=st.sampled_from(("pcap", "pcapng")),
    recover=st.booleans(),
)
@settings(max_examples=EXAMPLES, deadline=None, derandomize=True)
def test_damage(whole: bytes, damages: list[Damage], form: Format, recover: bool) -> None:
    octets, intact = damaged(whole, damages)
    before = read(whole, form, recover=False)
    tracemalloc.start()
    try:
        found = read(octets, form, recover=recover)
        assert tracemalloc.get_traced_memory()[1] < MOST
    finally:
        tracemalloc.stop()
    kept = sum(end <= intact for end in ends(whole))
    if whole in PCAPNG and intact < len(octets) and kept == 0:
        return  # not even an interface may be there
    assert found[:kept] == before[:kept]


def test_ends() -> None:
    for whole in (*PCAP, *PCAPNG):
        assert len(ends(whole)) == len(read(whole, "pcapng", recover=False)) > 1
