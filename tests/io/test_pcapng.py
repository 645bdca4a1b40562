"""What pcapng files are read as: the packets that tcpdump reads, and more where it gives up."""

import io
import os
import random
import re
import threading
import tracemalloc
from array import array
from pathlib import Path
from typing import Literal

import pytest

import pcapfilter
from pcapfilter.errors import CaptureError, RejectsAllError, UnsupportedError
from pcapfilter.filter import native
from pcapfilter.io import pcapng
from pcapfilter.io.base import Native, open_source, plain
from pcapfilter.io.output import Manner, open_sink
from pcapfilter.packets import Packet
from tests.io.captures import DNS, HTTP, OCTETS
from tests.io.sections import BIG, LITTLE, NOT_BY_TCPDUMP, VARIANTS, Order
from tests.io.test_pcap import Trickle
from tests.oracle import needs_tcpdump, tcpdump

HEAD = LITTLE.section() + LITTLE.interface()
MIXED = LITTLE.section() + LITTLE.interface() + LITTLE.interface(101, resolution=9)


def packets(octets: bytes, loops: Native = plain) -> list[Packet]:
    """Every packet of a file that is in order."""
    source = open_source(io.BytesIO(octets), native=loops)
    found = [packet for batch in source.batches() for packet in batch]
    assert source.damage is None
    return found


def copied(
    octets: bytes, precision: Literal["micro", "nano"] | None = None, loops: Native = plain
) -> tuple[bytes | None, str]:
    """Write every packet of a file as pcap; give the result and what was wrong."""
    out = io.BytesIO()
    try:
        source = open_source(io.BytesIO(octets), native=loops)
    except CaptureError as error:
        return None, error.message
    sink = open_sink(out, source, manner=Manner(precision=precision), native=loops)
    for batch in source.batches():
        sink.write(batch, array("I", range(batch.count)))
    return out.getvalue(), source.damage.message if source.damage else ""


def compare(octets: bytes, folder: Path, name: str, precision: Literal["micro", "nano"]) -> None:
    """Compare with what tcpdump writes, and with its message."""
    path, target = folder / "in.pcapng", folder / "theirs"
    path.write_bytes(octets)
    target.unlink(missing_ok=True)
    theirs = tcpdump("-r", path, "-w", target, f"--{precision}")
    said = theirs.stderr.decode().strip().splitlines()[-1]
    expected = target.read_bytes() if target.exists() else None
    for loops in (plain, native):
        written, message = copied(octets, precision, loops)
        assert written == expected, name
        assert bool(message) == (theirs.returncode != 0), name
        assert message in said, name


@needs_tcpdump
@pytest.mark.parametrize("precision", ["micro", "nano"])
def test_files_are_read_as_by_tcpdump(precision: Literal["micro", "nano"], tmp_path: Path) -> None:
    for name, octets in VARIANTS.items():
        compare(octets, tmp_path, name, precision)


@needs_tcpdump
def test_real_captures_are_read_as_by_tcpdump(real_captures: Path, tmp_path: Path) -> None:
    paths = sorted(real_captures.glob("*.pcapng"))
    assert paths
    for path in paths:
        compare(path.read_bytes(), tmp_path, path.name, "nano")


@needs_tcpdump
@pytest.mark.parametrize("order", [LITTLE, BIG], ids=["little", "big"])
def test_converted_captures_give_what_tcpdump_selects(
    order: Order, captures: Path, tmp_path: Path
) -> None:
    path, target = tmp_path / "in.pcapng", tmp_path / "theirs"
    for capture in sorted(captures.glob("*.pcap")):
        source = open_source(capture)
        octets = order.section() + order.interface(
            source.origin.link.linktype, source.origin.snaplen, resolution=9
        )
        for batch in source.batches():
            for p in batch:
                octets += order.packet(p.data, p.time_ns, wirelen=p.wirelen)
        source.close()
        path.write_bytes(octets)
        for text in ("", "ip and len > 60", "not greater 50"):
            target.unlink(missing_ok=True)
            tcpdump("-r", path, "-w", target, "--nano", text)
            ours = io.BytesIO()
            if not target.exists():
                with pytest.raises((RejectsAllError, UnsupportedError)):
                    pcapfilter.compile(text, netmask=0).copy(path, ours)
                continue
            found = pcapfilter.compile(text, netmask=0).copy(path, ours)
            assert found.damage is None
            assert ours.getvalue() == target.read_bytes(), (capture.name, text)


def test_a_file_of_many_kinds(captures: Path) -> None:
    path = captures / "mixed.pcapng"
    everything = packets(path.read_bytes())
    assert {packet.link.name for packet in everything} == {"EN10MB", "LINUX_SLL", "RAW"}
    for text in ("tcp", "udp port 53", "ip6 or len < 20", "not ip"):
        made = pcapfilter.compile(text)
        wanted = [p for p in everything if made.matches(p.data, p.wirelen, p.link)]
        assert list(made.read(path)) == wanted
        assert wanted


@needs_tcpdump
def test_damaged_files_are_read_as_by_tcpdump(
    tmp_path: Path, rng: random.Random, sweep: float
) -> None:
    whole = [
        VARIANTS[name + ending]
        for name in ("three", "options", "unknown blocks", "old packets", "two interfaces")
        for ending in ("", ", big-endian")
    ]
    for _ in range(round(100 * sweep)):
        octets = bytearray(rng.choice(whole))
        at = rng.randrange(12, len(octets))
        match rng.randrange(3):
            case 0:
                octets[at] ^= 1 << rng.randrange(8)
            case 1:
                del octets[at : at + rng.choice((1, 4, 8, 30))]
            case 2:
                del octets[at:]
        path, target = tmp_path / "damaged", tmp_path / "theirs"
        path.write_bytes(octets)
        target.unlink(missing_ok=True)
        theirs = tcpdump("-r", path, "-w", target, "--micro")
        said = theirs.stderr.decode().strip().splitlines()[-1]
        if "unknown data link type" in said or "of the first interface" in said:
            continue  # we read on
        written, message = copied(bytes(octets), "micro")
        assert written == (target.read_bytes() if target.exists() else None), octets.hex()
        assert bool(message) == (theirs.returncode != 0), octets.hex()
        if written is not None:  # of two faults in the first block, any may be told
            assert message in said, octets.hex()


@pytest.mark.parametrize("loops", [plain, native], ids=["plain", "native"])
def test_what_tcpdump_gives_up_on(loops: Native) -> None:
    first, second, third = packets(NOT_BY_TCPDUMP["two link types"], loops)
    assert (first.link.name, second.link.name, third.link.name) == ("EN10MB", "RAW", "EN10MB")
    assert second.data == OCTETS[14:]
    assert [len(p.data) for p in packets(NOT_BY_TCPDUMP["two snapshot lengths"], loops)] == [
        60,
        150,
    ]
    assert [len(p.data) for p in packets(NOT_BY_TCPDUMP["two orders"], loops)] == [60, 60, 20]


@pytest.mark.parametrize("order", [LITTLE, BIG])
def test_times(order: Order) -> None:
    def time(octets: bytes) -> int:
        return packets(order.section() + octets)[0].time_ns

    assert time(order.interface() + order.packet(time=1_000_001)) == 1_000_001_000
    assert time(order.interface(resolution=9) + order.packet(time=123)) == 123
    assert (
        time(order.interface(resolution=12) + order.packet(time=2_000_000_001_999)) == 2 * 10**9 + 1
    )
    assert (
        time(order.interface(resolution=18) + order.packet(time=2**64 - 1)) == (2**64 - 1) // 10**9
    )
    assert time(order.interface(resolution=128 + 10) + order.packet(time=1025)) == 10**9 + 976562
    assert time(order.interface(resolution=128 + 62) + order.packet(time=2**61)) == 500_000_000
    assert time(order.interface(offset=100) + order.packet(time=0)) == 100 * 10**9
    assert time(order.interface(offset=-100) + order.packet(time=0)) == -100 * 10**9
    assert time(order.interface(resolution=0) + order.packet(time=2**40)) == 2**40 * 10**9
    assert time(order.interface(resolution=0, offset=2**33) + order.packet(time=1)) == (
        2**33 + 1
    ) * 10**9  # fmt: skip


@pytest.mark.parametrize(("octet", "said"), [(19, "10^-19"), (127, "10^-127"), (128 + 63, "2^-63")])
def test_resolutions_of_which_64_bits_hold_no_two_seconds(octet: int, said: str) -> None:
    described = LITTLE.section() + LITTLE.interface(resolution=octet)
    with pytest.raises(CaptureError, match=re.escape(f"resolution {said} is too high")):
        open_source(io.BytesIO(described + LITTLE.packet()))


def test_resolutions_are_split_exactly(rng: random.Random) -> None:
    for _ in range(300):
        exponent = rng.choice([*range(19), *range(128, 128 + 63)])
        ticks = 2 ** (exponent - 128) if exponent >= 128 else 10**exponent
        time, offset = rng.getrandbits(rng.choice((8, 40, 64))), rng.randrange(-(2**40), 2**40)
        octets = LITTLE.section() + LITTLE.interface(resolution=exponent, offset=offset)
        (packet,) = packets(octets + LITTLE.packet(b"", time))
        assert packet.time_ns == time * 10**9 // ticks + offset * 10**9, (exponent, time)


def test_nanoseconds_are_kept_where_an_interface_has_them() -> None:
    fine = LITTLE.section() + LITTLE.interface() + LITTLE.interface(resolution=9)
    coarse = LITTLE.section() + LITTLE.interface(resolution=128 + 10)
    for head, magic in ((fine, 0xA1B23C4D), (coarse, 0xA1B2C3D4), (HEAD, 0xA1B2C3D4)):
        written, _ = copied(head + LITTLE.packet())
        assert written is not None
        assert int.from_bytes(written[:4], "little") == magic
    written, _ = copied(fine + LITTLE.packet(), "micro")
    assert written is not None
    assert written[:4] == b"\xd4\xc3\xb2\xa1"


def test_interfaces_alternate() -> None:
    octets = MIXED
    for number in range(50):
        octets += LITTLE.packet(bytes([number]) * 30, interface=number % 2)
    found = packets(octets)
    assert [packet.data[0] for packet in found] == list(range(50))
    assert {packet.link.name for packet in found[::2]} == {"EN10MB"}
    assert {packet.link.name for packet in found[1::2]} == {"RAW"}


def test_interfaces_of_one_kind_share_batches() -> None:
    octets = LITTLE.section() + 3 * LITTLE.interface()
    octets += b"".join(LITTLE.packet(interface=n % 3) for n in range(30))
    assert [batch.count for batch in open_source(io.BytesIO(octets)).batches()] == [30]


def test_a_filter_is_compiled_for_each_link_type(tmp_path: Path) -> None:
    path, target = tmp_path / "in.pcapng", tmp_path / "out.pcap"
    path.write_bytes(
        MIXED + LITTLE.packet(HTTP) + LITTLE.packet(HTTP[14:], interface=1) + LITTLE.packet(DNS)
    )
    assert pcapfilter.compile("tcp port 80").count(str(path))[:2] == (3, 2)
    assert [p.link.name for p in pcapfilter.compile("tcp").read(str(path))] == ["EN10MB", "RAW"]
    with pytest.raises(UnsupportedError, match=r"link type RAW"):
        pcapfilter.compile("ether host 1:2:3:4:5:6").count(str(path))
    with pytest.raises(CaptureError, match="one link type"):
        pcapfilter.compile("tcp").copy(str(path), str(target))
    assert [p.data for p in pcapfilter.compile("").read(str(target))] == [HTTP]
    assert pcapfilter.compile("udp").copy(str(path), str(target)).matched == 1


def test_a_filter_that_nothing_of_an_interface_can_match(tmp_path: Path) -> None:
    path = tmp_path / "in.pcapng"
    ipv4 = LITTLE.interface(228)
    arp = OCTETS[:12] + b"\x08\x06" + OCTETS
    octets = LITTLE.section() + ipv4
    path.write_bytes(octets + LITTLE.packet(HTTP[14:]))
    with pytest.raises(RejectsAllError):
        pcapfilter.compile("arp").count(str(path))
    octets += LITTLE.interface() + LITTLE.packet(HTTP[14:]) + LITTLE.packet(arp, interface=1)
    path.write_bytes(octets)
    assert pcapfilter.compile("arp").count(str(path))[:2] == (2, 1)
    path.write_bytes(LITTLE.section() + LITTLE.interface() + LITTLE.packet(arp) + ipv4
                     + LITTLE.packet(HTTP[14:], interface=1))  # fmt: skip
    assert pcapfilter.compile("arp").count(str(path))[:2] == (2, 1)


def test_a_packet_longer_than_the_written_snapshot_length() -> None:
    late = LITTLE.section() + LITTLE.interface(snaplen=100) + LITTLE.packet()
    late += LITTLE.interface(snaplen=200)
    assert copied(late + LITTLE.packet(interface=1))[1] == ""
    assert copied(late + LITTLE.packet(bytes(100), interface=1))[1] == ""
    with pytest.raises(CaptureError, match="one snapshot length"):
        copied(late + LITTLE.packet(bytes(150), interface=1))


def test_damage_names_file_offset_and_packet(tmp_path: Path) -> None:
    path = tmp_path / "in.pcapng"
    good = HEAD + LITTLE.packet() + LITTLE.block(99, bytes(5)) + LITTLE.packet()
    path.write_bytes(good + LITTLE.packet(interface=5))
    source = open_source(path)
    assert sum(batch.count for batch in source.batches()) == 2
    source.close()
    assert source.damage is not None
    assert (source.damage.name, source.damage.offset, source.damage.packet) == (
        str(path), len(good), 3,
    )  # fmt: skip


def test_every_way_to_cut_a_file() -> None:
    blocks = [*(LITTLE.packet(bytes(n)) for n in (0, 1, 30)), LITTLE.block(77, bytes(9))]
    whole, ends = HEAD, [len(HEAD)]
    for block in blocks:
        whole += block
        ends.append(len(whole))
    for size in range(len(HEAD), len(whole)):
        source = open_source(io.BytesIO(whole[:size]))
        count = sum(batch.count for batch in source.batches())
        assert count == sum(end <= size for end in ends[1:4])
        assert (source.damage is not None) == (size not in ends)


@pytest.mark.parametrize("step", [1, 7, 100])
def test_short_reads_and_small_chunks(step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    octets = MIXED + b"".join(
        LITTLE.packet(bytes([n]) * (n * 37 % 900), interface=n % 2) for n in range(60)
    )
    wanted = packets(octets)
    monkeypatch.setattr(pcapng, "CHUNK", 64)
    source = open_source(Trickle(octets, step))
    assert [packet for batch in source.batches() for packet in batch] == wanted
    assert source.damage is None
    assert source.position == len(octets)


def test_pipes(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    octets = HEAD + 10 * LITTLE.packet(HTTP)
    writer = threading.Thread(target=fifo.write_bytes, args=(octets,))
    writer.start()
    assert pcapfilter.compile("tcp").count(str(fifo))[:2] == (10, 10)
    writer.join()


def test_memory_does_not_follow_a_length_field() -> None:
    for absurd in (
        HEAD + LITTLE.block(77, bytes(8), length=2**32 - 4),
        HEAD + LITTLE.block(77, bytes(8), length=2**24),
        HEAD + LITTLE.packet(caplen=2**31),
        LITTLE.section() + LITTLE.interface(231, 0) + LITTLE.block(6, bytes(8), length=2**27),
    ):
        tracemalloc.start()
        source = open_source(io.BytesIO(absurd))
        assert sum(batch.count for batch in source.batches()) == 0
        assert source.damage is not None
        assert tracemalloc.get_traced_memory()[1] < 8 * 2**20
        tracemalloc.stop()


def test_header_faults_raise() -> None:
    for name in ("no interface", "packet first", "cut in the first section", "no byte order"):
        with pytest.raises(CaptureError):
            open_source(io.BytesIO(VARIANTS[name]))
