"""pcapng files that are written: nothing but what was filtered out is lost."""

import io
import random
import struct
from array import array
from pathlib import Path

import pytest

import pcapfilter
from pcapfilter.cli import main
from pcapfilter.errors import CaptureError
from pcapfilter.filter import native
from pcapfilter.io import pcapng
from pcapfilter.io.base import Native, open_source, plain
from pcapfilter.io.output import Manner, Precision, open_sink
from pcapfilter.io.pcapng_sink import PcapngSink
from pcapfilter.packets import Packet
from tests.io.captures import DNS, HTTP, OCTETS, ROWS, VARIANTS, machine_headers, pcap
from tests.io.sections import BIG, LITTLE, Order
from tests.io.sections import VARIANTS as SECTIONS
from tests.io.test_pcap import Trickle
from tests.oracle import needs_tcpdump, tcpdump

PCAPNG = Manner(format="pcapng")


def block_by_block(octets: bytes) -> list[bytes]:
    """Give the blocks of a file that is in order."""
    found, at, sign = [], 0, "<"
    while at < len(octets):
        if octets[at : at + 4] == b"\x0a\x0d\x0d\x0a":
            sign = ">" if octets[at + 8] == 0x1A else "<"
        (length,) = struct.unpack_from(f"{sign}I", octets, at + 4)
        found.append(octets[at : at + length])
        at += length
    return found


def rich(o: Order, *, length: bool = False) -> bytes:
    """Give a section with everything in it."""
    comment = o.option(1, b"a comment") + o.option(2988, b"custom 1") + o.option(0, b"")
    body = (
        o.block(10, b"TLSK" + bytes(20))
        + o.interface(options=o.option(2, b"eth0") + o.option(3, b"the first"))
        + o.block(4, struct.pack(f"{o.sign}HH", 1, 9) + bytes((10, 0, 0, 1)) + b"host\0" + bytes(3))
        + o.packet(HTTP, options=o.option(2, bytes(4)) + comment)
        + o.block(0x0BAD, b"\0\0\x80\1custom")
        + o.packet(DNS, options=comment)
        + o.packet(OCTETS[:33], wirelen=2000)
        + o.interface(101, 2000, resolution=9, offset=-5)
        + o.packet(HTTP[14:], 2**63 + 12_345, interface=1)
        + o.simple_packet(HTTP)
        + o.old_packet(DNS)
        + o.block(0x80001234, bytes(40))
        + o.packet(HTTP, interface=0)
        + o.block(5, bytes(12) + o.option(4, bytes(8)) + o.option(0, b""))
        + o.block(9, b"__REALTIME_TIMESTAMP=1\n")
    )
    section = o.section(options=o.option(2, b"machine") + o.option(4, b"program") + comment)
    if length:
        section = section[:16] + struct.pack(f"{o.sign}q", len(body)) + section[24:]
    return section + body


def copied(octets: bytes, text: str = "", loops: Native = plain, step: int = 0) -> bytes:
    """Give the pcapng file of what a filter selects."""
    out = io.BytesIO()
    file = Trickle(octets, step) if step else io.BytesIO(octets)
    source = open_source(file, native=loops)
    sink = open_sink(out, source, manner=PCAPNG, native=loops)
    assert isinstance(sink, PcapngSink)
    sink.follow(source)
    made = pcapfilter.compile(text)
    for batch in source.batches():
        chosen = array("I", (n for n, packet in enumerate(batch) if made(packet)))
        sink.write(batch, chosen)
    sink.close()
    return out.getvalue()


def packets(octets: bytes) -> list[Packet]:
    source = open_source(io.BytesIO(octets))
    found = [packet for batch in source.batches() for packet in batch]
    assert source.damage is None
    return found


@pytest.mark.parametrize("loops", [plain, native], ids=["plain", "native"])
def test_everything_is_kept(loops: Native) -> None:
    for octets in (rich(LITTLE), rich(BIG), rich(LITTLE) + rich(BIG) + rich(LITTLE)):
        assert copied(octets, loops=loops) == octets


def test_whatever_is_in_order_is_kept(real_captures: Path, captures: Path) -> None:
    files = [octets for name, octets in SECTIONS.items() if not name.startswith("resolution")]
    files += [p.read_bytes() for p in real_captures.glob("*.pcapng")]
    files.append((captures / "mixed.pcapng").read_bytes())
    compared = 0
    for octets in files:
        try:
            source = open_source(io.BytesIO(octets))
        except CaptureError:
            continue
        for _ in source.batches():
            pass
        if source.damage is None:
            assert copied(octets) == octets
            compared += 1
    assert compared > 20


def test_up_to_the_damage_all_is_kept() -> None:
    octets = rich(LITTLE)
    ends = [0]
    for block in block_by_block(octets):
        ends.append(ends[-1] + len(block))
    for cut in range(ends[3], len(octets), 7):
        assert copied(octets[:cut]) == octets[: max(end for end in ends if end <= cut)]


@pytest.mark.parametrize("order", [LITTLE, BIG])
@pytest.mark.parametrize("loops", [plain, native], ids=["plain", "native"])
def test_only_packets_are_left_out(order: Order, loops: Native) -> None:
    octets = rich(order) + rich(order)
    for text, left in (("tcp", 8), ("udp", 4), ("len > 100000", 0), ("greater 1000", 2)):
        wanted = []
        made = pcapfilter.compile(text)
        kept = iter(packets(octets))
        for block in block_by_block(octets):
            kind = int.from_bytes(block[:4], "big" if order is BIG else "little")
            if kind not in {2, 3, 6} or made(next(kept)):
                wanted.append(block)
        written = copied(octets, text, loops)
        assert block_by_block(written) == wanted
        assert len(packets(written)) == left


@pytest.mark.parametrize("step", [1, 37, 1000])
def test_short_reads_and_small_chunks(step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    octets = rich(LITTLE) + rich(BIG)
    wanted = copied(octets, "tcp")
    monkeypatch.setattr(pcapng, "CHUNK", 64)
    assert copied(octets, "tcp", step=step) == wanted
    assert copied(octets, step=step) == octets


def test_the_length_of_a_section_is_set_anew(tmp_path: Path) -> None:
    path, target = tmp_path / "in.pcapng", tmp_path / "out.pcapng"
    octets = rich(LITTLE, length=True) + rich(BIG, length=True) + rich(LITTLE)
    path.write_bytes(octets)
    assert main(["-r", str(path), "-w", str(target)]) == 0
    assert target.read_bytes() == octets
    assert main(["-r", str(path), "-w", str(target), "udp"]) == 0
    written = target.read_bytes()
    blocks = block_by_block(written)
    first, second, third = (n for n, b in enumerate(blocks) if b[:4] == b"\x0a\x0d\x0d\x0a")
    sizes = [len(b"".join(part)) for part in (blocks[1:second], blocks[second + 1 : third])]
    assert first == 0
    assert struct.unpack_from("<q", blocks[0], 16) == (sizes[0],)
    assert struct.unpack_from(">q", blocks[second], 16) == (sizes[1],)
    assert struct.unpack_from("<q", blocks[third], 16) == (-1,)
    assert len(written) < len(octets)
    # where nothing can be put right afterwards, no length is given
    for block in block_by_block(copied(octets, "udp")):
        if block[:4] == b"\x0a\x0d\x0d\x0a":
            assert block[16:24] == bytes([255] * 8)


def test_nothing_but_blocks(tmp_path: Path) -> None:
    path, target = tmp_path / "in.pcapng", tmp_path / "out.pcapng"
    octets = LITTLE.section() + LITTLE.interface() + 3000 * LITTLE.block(77, bytes(1000))
    path.write_bytes(octets)
    assert pcapfilter.compile("tcp").copy(path, target) == (0, 0, None)
    assert target.read_bytes() == octets


def test_few_packets_among_many(tmp_path: Path) -> None:
    rng = random.Random(4)
    path, target = tmp_path / "in.pcapng", tmp_path / "out.pcapng"
    head = LITTLE.section() + LITTLE.interface()
    path.write_bytes(head + b"".join(
        LITTLE.packet(HTTP if rng.random() < 0.1 else DNS + bytes(rng.randrange(900)))
        for _ in range(20_000)
    ))  # fmt: skip
    tally = pcapfilter.compile("tcp").copy(path, target)
    assert target.read_bytes() == head + tally.matched * LITTLE.packet(HTTP)
    assert 1000 < tally.matched < 3000


# ---- from pcap, and to pcap --------------------------------------------------------------------


@pytest.mark.parametrize("loops", [plain, native], ids=["plain", "native"])
def test_pcap_becomes_pcapng(loops: Native) -> None:
    for name, octets in VARIANTS.items():
        try:
            source = open_source(io.BytesIO(octets))
        except CaptureError:
            continue
        wanted = [packet for batch in source.batches() for packet in batch]
        source = open_source(io.BytesIO(octets), native=loops)
        out = io.BytesIO()
        sink = open_sink(out, source, manner=PCAPNG, native=loops)
        assert isinstance(sink, PcapngSink)
        sink.follow(source)
        for batch in source.batches():
            sink.write(batch, array("I", range(batch.count)))
        sink.close()
        found = packets(out.getvalue())
        assert [p[:5] for p in found] == [p[:5] for p in wanted], name


@needs_tcpdump
@pytest.mark.parametrize("precision", ["micro", "nano"])
def test_tcpdump_reads_it(precision: Precision, tmp_path: Path) -> None:
    path, made, theirs = tmp_path / "in.pcap", tmp_path / "made.pcapng", tmp_path / "theirs"
    headers = {f"machine headers {dlt}": machine_headers(dlt, ">") for dlt in (117, 189, 220, 239)}
    for name, octets in (VARIANTS | headers).items():
        path.write_bytes(octets)
        theirs.unlink(missing_ok=True)
        if tcpdump("-r", path, "-w", theirs, f"--{precision}").returncode or "odd" in name:
            continue
        pcapfilter.compile("").copy(path, made, precision=precision)
        twin = tmp_path / "twin"
        assert tcpdump("-r", made, "-w", twin, f"--{precision}").returncode == 0, name
        one, two = (packets(file.read_bytes()) for file in (twin, theirs))
        assert [p[:5] for p in one] == [p[:5] for p in two], name


def test_precision_of_written_blocks(tmp_path: Path) -> None:
    path, target = tmp_path / "in.pcap", tmp_path / "out.pcapng"
    nano = pcap(ROWS, magic=0xA1B23C4D)
    everything = pcapfilter.compile("")
    cases: tuple[tuple[bytes, Precision | None, int], ...] = (
        (pcap(ROWS), None, 6), (nano, None, 9), (pcap(ROWS), "nano", 9), (nano, "micro", 6),
    )  # fmt: skip
    for octets, precision, resolution in cases:
        path.write_bytes(octets)
        everything.copy(path, target, precision=precision)
        described = block_by_block(target.read_bytes())[1]
        assert (b"\x09\x00\x01\x00\x09" in described) == (resolution == 9)
        first = next(everything.read(target))
        fine = octets == nano and precision != "micro"
        assert first.time_ns % 10**9 == (250_000 if fine or octets == nano else 250_000_000)


def test_the_length_of_checksums_is_told(tmp_path: Path) -> None:
    path, target = tmp_path / "in.pcap", tmp_path / "out.pcapng"
    path.write_bytes(pcap(link=1 | 0x24000000))
    pcapfilter.compile("").copy(path, target)
    assert LITTLE.option(13, bytes([32])) in block_by_block(target.read_bytes())[1]


def test_inputs_of_two_link_types_make_one_file(tmp_path: Path) -> None:
    one, two, three = (tmp_path / name for name in ("1.pcap", "2.pcap", "3.pcapng"))
    one.write_bytes(pcap(ROWS))
    raw = tuple(r._replace(octets=r.octets[14:], caplen=r.caplen - 14) for r in ROWS)
    two.write_bytes(pcap(raw, link=101))
    three.write_bytes(rich(BIG))
    target = tmp_path / "out.pcapng"
    words = [word for path in (one, two, one, three, two) for word in ("-r", str(path))]
    assert main([*words, "-w", str(target), "tcp"]) == 0
    written = target.read_bytes()
    assert [p.link.name for p in packets(written)] == (
        ["EN10MB"] * 3 + ["RAW"] * 3 + ["EN10MB"] * 4 + ["RAW"] + ["EN10MB"] * 2 + ["RAW"] * 3
    )
    kinds = [block[:4] for block in block_by_block(written)]
    assert kinds.count(b"\x0a\x0d\x0d\x0a") == 3
    assert kinds.count(b"\1\0\0\0") == 3


def test_mixed_links_do_not_fit_into_pcap(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, target = tmp_path / "in.pcapng", tmp_path / "out.pcap"
    path.write_bytes(rich(LITTLE))
    assert main(["-r", str(path), "-w", str(target), "tcp"]) == 1
    said = capsys.readouterr().err
    assert "a pcap file has one link type" in said
    assert "--format pcapng" in said
    assert [p.data for p in packets(target.read_bytes())] == [HTTP]
    assert main(["-r", str(path), "-w", str(target), "--format", "pcapng", "tcp"]) == 0
    assert len(packets(target.read_bytes())) == 4


@pytest.mark.parametrize(
    ("name", "words", "magic"),
    [
        ("x.pcapng", (), b"\x0a\x0d\x0d\x0a"),
        ("x.NTAR", (), b"\x0a\x0d\x0d\x0a"),
        ("x.pcapng.gz", (), b"\x1f\x8b"),
        ("x.pcapng", ("--format", "pcap"), b"\xd4\xc3\xb2\xa1"),
        ("x.pcap", ("--format", "pcapng"), b"\x0a\x0d\x0d\x0a"),
        ("x.pcap", ("--format=nanopcap",), b"\x4d\x3c\xb2\xa1"),
        ("x", (), b"\xd4\xc3\xb2\xa1"),
        ("x.gz", ("--compress", "none"), b"\xd4\xc3\xb2\xa1"),
        ("x", ("--compress", "zstd"), b"\x28\xb5\x2f\xfd"),
        ("x.bz2", (), b"BZh9"),
        ("x.XZ", (), b"\xfd7zX"),
        ("x.pcap.zst", (), b"\x28\xb5\x2f\xfd"),
        ("x.lz4", (), b"\x04\x22\x4d\x18"),
    ],
)
def test_formats_by_name_and_by_flag(
    name: str, words: tuple[str, ...], magic: bytes, tmp_path: Path
) -> None:
    path, target = tmp_path / "in.pcap", tmp_path / name
    path.write_bytes(pcap(ROWS))
    assert main(["-r", str(path), "-w", str(target), *words, "tcp"]) == 0
    assert target.read_bytes().startswith(magic)
    assert [p.data for p in pcapfilter.compile("").read(target)] == [HTTP] * 3


class Watched:
    """An interface, as far as there is more to tell than its packets."""

    name, filter, began = "eth7", "udp", 1_700_000_000 * 10**9

    def statistics(self) -> tuple[int, int, int]:
        """Give the packets that the kernel accepted, and those dropped by it and the interface."""
        return 100, 30, 5


def test_what_was_received_and_dropped_is_told() -> None:
    """What the kernel dropped it had accepted, and what the interface dropped it had not."""
    out = io.BytesIO()
    sink = PcapngSink(out, owned=False, observed=Watched())
    with open_source(io.BytesIO(pcap(ROWS))) as source:
        for packet in source:
            sink.add(packet)
    sink.close()
    assert pcapfilter.compile("").count(io.BytesIO(out.getvalue())).matched == len(ROWS)
    last = block_by_block(out.getvalue())[-1]
    assert last[:4] == struct.pack("=I", 5)
    assert struct.pack("=HHQ", 4, 8, 70) + struct.pack("=HHQ", 5, 8, 35) in last


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--format", "erf"), "no such format: 'erf' (pcap, nanopcap, pcapng)"),
        (("--compress", "zip"), "no such compression: 'zip' (none, gzip, bzip2, xz, zstd, lz4)"),
        (("--format", "nanopcap", "--micro"), "nanopcap has times in nanoseconds"),
        (("--compress", "xz", "-U"), "packets cannot be written out one by one with xz"),
    ],
)
def test_what_cannot_be_written(
    words: tuple[str, ...], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, target = tmp_path / "in.pcap", tmp_path / "out"
    path.write_bytes(pcap(ROWS))
    assert main(["-r", str(path), "-w", str(target), *words]) == 1
    assert message in capsys.readouterr().err
