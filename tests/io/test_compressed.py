"""Compressed captures: what is read of them is what is read of the plain file."""

import bz2
import gzip
import io
import lzma
import operator
import os
import random
import struct
import subprocess
import sys
import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import lz4.frame
import pytest
from backports import zstd

import pcapfilter
from pcapfilter.errors import CaptureError
from pcapfilter.filter import native
from pcapfilter.io import compressions
from pcapfilter.io.base import open_source
from tests.io.captures import HTTP, ROWS, pcap
from tests.io.sections import LITTLE
from tests.io.test_pcap import Trickle

WHOLE = pcap(ROWS * 500)
SKIPPED = struct.pack("<II", 0x184D2A53, 5) + b"12345"
COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": zstd.compress,
    "lz4": partial(lz4.frame.compress, content_checksum=True),
}


@pytest.fixture(params=COMPRESS)
def kind(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def read(octets: bytes) -> tuple[list[bytes], CaptureError | None]:
    """Give the packets of a capture, and its damage."""
    source = open_source(io.BytesIO(octets), native=native)
    found = [packet.data for batch in source.batches() for packet in batch]
    source.close()
    return found, source.damage


EVERYTHING = [row.octets for row in ROWS * 500]


def test_a_compressed_capture_is_read(kind: str) -> None:
    assert read(COMPRESS[kind](WHOLE)) == (EVERYTHING, None)


def test_streams_joined_end_to_end(kind: str) -> None:
    squeeze = COMPRESS[kind]
    joined = b"".join(squeeze(WHOLE[at : at + 9999]) for at in range(0, len(WHOLE), 9999))
    assert read(joined) == (EVERYTHING, None)
    assert read(squeeze(b"") + squeeze(WHOLE) + squeeze(b"")) == (EVERYTHING, None)


def test_a_pcapng_file_inside(kind: str) -> None:
    octets = LITTLE.section() + LITTLE.interface() + 20 * LITTLE.packet(HTTP)
    assert read(COMPRESS[kind](octets)) == ([HTTP] * 20, None)


def test_frames_that_hold_nothing() -> None:
    assert read(SKIPPED + zstd.compress(WHOLE) + SKIPPED) == (EVERYTHING, None)
    assert read(lz4.frame.compress(WHOLE) + SKIPPED) == (EVERYTHING, None)


@pytest.mark.parametrize("kind", ["gzip", "xz"])
def test_zeros_may_follow(kind: str) -> None:
    assert read(COMPRESS[kind](WHOLE) + bytes(512)) == (EVERYTHING, None)
    more = COMPRESS[kind](WHOLE[:1000]) + bytes(512) + COMPRESS[kind](WHOLE[1000:])
    assert read(more) == (EVERYTHING, None)


def test_every_cut_keeps_what_came_before(kind: str) -> None:
    rng = random.Random(kind)
    noise = [rng.randbytes(400) for _ in range(3000)]
    rows = tuple(ROWS[0]._replace(octets=octets, caplen=400, wirelen=400) for octets in noise)
    octets = COMPRESS[kind](pcap(rows))
    counts = []
    for size in sorted(rng.randrange(8, len(octets)) for _ in range(12)):
        try:
            found, damage = read(octets[:size])
        except CaptureError:
            counts.append(0)  # not even the header is there
            continue
        assert found == noise[: len(found)]
        assert damage is not None
        assert damage.message == f"the {kind} stream is cut short"
        assert damage.packet == len(found) + 1
        counts.append(len(found))
    assert counts[-1] > 100


def test_damage_inside_keeps_what_came_before(kind: str) -> None:
    rng = random.Random(kind)
    noise = [rng.randbytes(400) for _ in range(6000)]
    rows = tuple(ROWS[0]._replace(octets=octets, caplen=400, wirelen=400) for octets in noise)
    octets = bytearray(COMPRESS[kind](pcap(rows)))
    for at in range(len(octets) * 3 // 4, len(octets), 5000):
        octets[at] ^= 0x55
    found, damage = read(bytes(octets))
    assert damage is not None
    assert len(found) > 1000
    right = sum(one == two for one, two in zip(found, noise, strict=False))
    assert right >= len(found) * 0.7  # a checksum may come after what it is of


SUMS = {"gzip": 8, "zstd": 4, "lz4": 4, "bzip2": 10}
"""Octets at the end of a stream that hold a check sum, or the rest of one."""


@pytest.mark.parametrize("kind", SUMS)
@pytest.mark.parametrize("seekable", [True, False])
def test_a_wrong_sum_at_the_end_costs_nothing(kind: str, seekable: bool) -> None:
    rng = random.Random(kind)
    noise = [rng.randbytes(400) for _ in range(4000)]
    rows = tuple(ROWS[0]._replace(octets=octets, caplen=400, wirelen=400) for octets in noise)
    octets = bytearray(zstd_summed(pcap(rows)) if kind == "zstd" else COMPRESS[kind](pcap(rows)))
    octets[-SUMS[kind]] ^= 0x55
    if seekable or kind == "zstd":  # whose last block comes with its sum
        found, damage = read(bytes(octets))
    else:
        near, far = os.pipe()
        with ThreadPoolExecutor(1) as pool, open(near, "rb", buffering=0) as file:
            pool.submit(write_and_close, far, bytes(octets))
            source = open_source(file, native=native)
            found = [packet.data for batch in source.batches() for packet in batch]
            damage = source.damage
            source.close()
    assert len(found) == len(noise) if kind != "bzip2" else len(found) > 1800
    assert found == noise[: len(found)]
    assert damage is not None
    assert damage.message.startswith(f"the {kind} stream is ")


def zstd_summed(octets: bytes) -> bytes:
    """Compress with a check sum."""
    return zstd.compress(octets, options={int(zstd.CompressionParameter.checksum_flag): 1})


def write_and_close(place: int, octets: bytes) -> None:
    """Write everything into a pipe."""
    with open(place, "wb") as file:
        file.write(octets)


def test_damage_in_a_file_costs_no_packet_before_it(kind: str) -> None:
    rng = random.Random(kind)
    noise = [rng.randbytes(400) for _ in range(6000)]
    rows = tuple(ROWS[0]._replace(octets=octets, caplen=400, wirelen=400) for octets in noise)
    octets = bytearray(zstd_summed(pcap(rows)) if kind == "zstd" else COMPRESS[kind](pcap(rows)))
    at = len(octets) * 2 // 3
    octets[at : at + 64] = bytes(64)
    found, damage = read(bytes(octets))
    assert damage is not None
    block = {"bzip2": 900_000, "xz": 70_000, "zstd": 140_000, "lz4": 70_000, "gzip": 2_000}[kind]
    same = map(operator.eq, found, noise)
    right = next((n for n, equal in enumerate(same) if not equal), len(found))
    assert right * 416 > at - block


def test_a_cut_stream_gives_all_that_its_decompressor_holds() -> None:
    rows = tuple(ROWS[0]._replace(octets=bytes(400), caplen=400, wirelen=400) for _ in range(9000))
    found, damage = read(bz2.compress(pcap(rows))[:-10])
    assert len(found) == 9000
    assert damage is not None
    assert damage.message == "the bzip2 stream is cut short"


@pytest.mark.parametrize("flags", range(0, 32, 2))
def test_a_gzip_header_in_parts(flags: int) -> None:
    head = b"\x1f\x8b\x08" + bytes([flags]) + bytes(4) + b"\0\3"
    head += b"\5\0extra" * (flags >> 2 & 1) + b"name\0" * (flags >> 3 & 1)
    head += b"comment\0" * (flags >> 4 & 1)
    head += struct.pack("<H", zlib.crc32(head) & 0xFFFF) * (flags >> 1 & 1)
    octets = head + gzip.compress(WHOLE)[10:]
    assert gzip.decompress(octets) == WHOLE
    assert read(octets) == (EVERYTHING, None)
    source = open_source(Trickle(octets, 1), native=native)
    assert [packet.data for batch in source.batches() for packet in batch] == EVERYTHING
    assert read(gzip.compress(WHOLE[:5000]) + head + gzip.compress(WHOLE[5000:])[10:]) == (
        EVERYTHING,
        None,
    )


def test_a_frame_that_holds_nothing_tells_nothing_of_what_follows() -> None:
    empty = struct.pack("<II", 0x184D2A50, 7) + b"nothing"
    for kinds in (("lz4",), ("zstd", "lz4"), ("lz4", "zstd")):
        middle = len(WHOLE) // len(kinds)
        parts = [WHOLE[n * middle : (n + 1) * middle] for n in range(len(kinds))]
        parts[-1] += WHOLE[len(kinds) * middle :]
        octets = empty + empty.join(COMPRESS[k](part) for k, part in zip(kinds, parts, strict=True))
        assert read(octets) == (EVERYTHING, None)


def test_something_else_behind_the_stream(kind: str) -> None:
    found, damage = read(COMPRESS[kind](WHOLE) + b"something")
    assert found == EVERYTHING
    assert damage is not None
    assert damage.message == f"something else follows the {kind} stream"


def test_the_cut_beginning_of_another_stream(kind: str) -> None:
    for size in (1, 2):
        found, damage = read(COMPRESS[kind](WHOLE) + COMPRESS[kind](WHOLE)[:size])
        assert found == EVERYTHING
        assert damage is not None
        assert damage.message == f"the {kind} stream is cut short"


def test_short_reads(kind: str) -> None:
    for step in (1, 1000):
        source = open_source(Trickle(COMPRESS[kind](WHOLE), step))
        assert [p.data for b in source.batches() for p in b] == EVERYTHING
        assert source.damage is None


def test_memory_does_not_follow_the_stream(kind: str) -> None:
    bomb = COMPRESS[kind](WHOLE + bytes(100_000_000))
    tracemalloc.start()
    source = open_source(io.BytesIO(bomb), native=native)
    assert pcapfilter.compile("len > 1").count(source).matched == len(EVERYTHING)
    source.close()
    assert tracemalloc.get_traced_memory()[1] < 60 * 2**20
    tracemalloc.stop()


def test_a_window_beyond_reason_is_refused() -> None:
    head = struct.pack("<I", 0xFD2FB528) + bytes([0x00, (28 - 10) << 3]) + bytes(20)
    with pytest.raises(CaptureError, match="the zstd stream is damaged"):
        open_source(io.BytesIO(head))
    options = {int(zstd.CompressionParameter.window_log): 27}
    assert read(zstd.compress(WHOLE, options=options)) == (EVERYTHING, None)


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for kind, module in (("zstd", "backports"), ("lz4", "lz4.frame")):
        monkeypatch.setitem(sys.modules, module, None)
        with pytest.raises(CaptureError) as caught:
            open_source(io.BytesIO(COMPRESS[kind](WHOLE)))
        assert str(caught.value) == (
            f"-: compressed with {kind}, which wants an extra: "
            "pip install 'pcapfilter-engine[compress]'"
        )


def test_gzip_without_an_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "isal", None)
    assert isinstance(compressions.KINDS["gzip"].reader(b""), compressions.Inflater)
    for step in (1, 5000, len(WHOLE)):
        joined = b"".join(gzip.compress(WHOLE[n : n + step]) for n in range(0, 9 * step, step))
        found, damage = read(joined + gzip.compress(WHOLE[9 * step :]) + bytes(9))
        assert (found, damage) == (EVERYTHING, None)


def test_a_stream_that_is_still_being_written() -> None:
    near, far = os.pipe()
    stream = zlib.compressobj(wbits=31)
    found: list[bytes] = []

    def follow() -> None:
        with open(near, "rb", buffering=0) as file:
            found.extend(p.data for p in pcapfilter.compile("tcp").read(file))

    reader = threading.Thread(target=follow)
    reader.start()
    os.write(far, stream.compress(pcap(ROWS[:1])) + stream.flush(zlib.Z_SYNC_FLUSH))
    deadline = time.monotonic() + 20
    while not found:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.write(far, stream.compress(pcap(ROWS)[24:]) + stream.flush())
    os.close(far)
    reader.join()
    assert found == [HTTP] * 4


def test_standard_input_and_lists(kind: str, tmp_path: Path) -> None:
    path, listed = tmp_path / "trace.x", tmp_path / "list"
    path.write_bytes(COMPRESS[kind](WHOLE))
    listed.write_text(f"{path}\n{path}\n")
    command = [sys.executable, "-m", "pcapfilter", "--count", "udp"]
    done = subprocess.run(
        [*command, "-r", "-"], input=path.read_bytes(), capture_output=True, check=True
    )
    assert done.stdout == b"1000 packets\n"
    done = subprocess.run([*command, "-V", str(listed)], capture_output=True, check=True)
    assert done.stdout == b"2000 packets\n"


def test_a_cut_stream_on_the_command_line(kind: str, tmp_path: Path) -> None:
    path, target = tmp_path / "trace.x", tmp_path / "out"
    path.write_bytes(
        COMPRESS[kind](WHOLE)[:-2] if kind != "lz4" else lz4.frame.compress(WHOLE)[:-6]
    )
    done = subprocess.run(
        [sys.executable, "-m", "pcapfilter", "-r", str(path), "-w", str(target)],
        capture_output=True,
        check=False,
    )
    assert done.returncode == 1
    said = done.stderr.decode().splitlines()
    assert said[-1].startswith(f"pcapfilter: {path}: the {kind} stream is cut short (offset ")
    assert len(said) == 2
    assert WHOLE.startswith(target.read_bytes())
    assert len(target.read_bytes()) >= (24 if kind in {"bzip2", "zstd"} else len(WHOLE) // 2)
