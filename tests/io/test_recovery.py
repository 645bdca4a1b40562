"""Going on behind damage: what comes after it is read, and what is told of it."""

import gzip
import io
import random
import struct
from collections import Counter
from pathlib import Path

import pytest

import pcapfilter
from pcapfilter.cli import main
from pcapfilter.errors import CaptureError
from pcapfilter.filter import native
from pcapfilter.io.base import Native, open_source, plain
from tests.io.captures import DNS, HTTP, OCTETS, ROWS, Row, pcap
from tests.io.sections import BIG, LITTLE, Order
from tests.io.test_pcap import Trickle

Captured = pytest.CaptureFixture[str]
MANY = tuple(row._replace(seconds=1_700_000_000 + n) for n, row in enumerate(ROWS * 50))


def recovered(
    octets: bytes, loops: Native = plain, step: int = 0
) -> tuple[list[bytes], list[CaptureError]]:
    """Give the packets of a damaged capture, and what was wrong."""
    file = Trickle(octets, step) if step else io.BytesIO(octets)
    source = open_source(file, native=loops, recover=True)
    found = [packet.data for batch in source.batches() for packet in batch]
    damages = getattr(source, "damages", None)
    assert damages is None or source.damage is not None
    return found, damages.told if damages else []


def offsets(rows: tuple[Row, ...], header: int = 16) -> list[int]:
    places = [24]
    for row in rows:
        places.append(places[-1] + header + row.caplen)
    return places


@pytest.mark.parametrize("loops", [plain, native], ids=["plain", "native"])
@pytest.mark.parametrize("garbage", [b"\xff" * 40, b"some text, which is no packet at all"])
def test_garbage_between_packets(garbage: bytes, loops: Native) -> None:
    for order in "<>":
        octets, place = pcap(MANY, order=order), offsets(MANY)[100]
        found, damages = recovered(octets[:place] + garbage + octets[place:], loops)
        assert found == [row.octets for row in MANY]
        assert [(d.offset, d.packet) for d in damages] == [(place, 101)]


def test_an_octet_too_many_costs_no_packet() -> None:
    octets, place = pcap(MANY * 3), offsets(MANY)[100]
    found, damages = recovered(octets[:place] + b"\xee" + octets[place:], native)
    assert found == [row.octets for row in MANY * 3]
    assert [(d.offset, d.packet) for d in damages] == [(place, 101)]


@pytest.mark.parametrize("loops", [plain, native], ids=["plain", "native"])
@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("number", [0, 1, 150, 297])
def test_a_length_that_reaches_over_other_records(number: int, order: str, loops: Native) -> None:
    octets, place = bytearray(pcap(MANY, order=order)), offsets(MANY)[number]
    for longer in (1, 4, 16, 100, 777, 5000):
        wrong = struct.pack(f"{order}I", MANY[number].caplen + longer)
        octets[place + 8 : place + 12] = wrong
        found, damages = recovered(bytes(octets), loops)
        assert found == [row.octets for n, row in enumerate(MANY) if n != number]
        assert [(d.offset, d.packet) for d in damages] == [(place, number + 1)]


@pytest.mark.parametrize("number", [0, 1, 150, 297])
def test_a_length_that_is_too_short(number: int) -> None:
    octets, place = bytearray(pcap(MANY)), offsets(MANY)[number]
    for shorter in (1, 4, 16, MANY[number].caplen):
        cut = MANY[number].caplen - shorter
        octets[place + 8 : place + 12] = struct.pack("<I", cut)
        found, damages = recovered(bytes(octets), native)
        wanted = [row.octets for row in MANY]
        wanted[number] = wanted[number][:cut]
        assert found == wanted
        assert [(d.offset, d.packet) for d in damages] == [(place + 16 + cut, number + 2)]


def test_what_is_odd_is_no_damage() -> None:
    year = 365 * 86400
    inside = pcap(MANY[:8])[24:]
    rows = [
        row._replace(seconds=(row.seconds + n * year) % 2**32) if n % 7 < 3 else row
        for n, row in enumerate(MANY)
    ]
    rows[20] = rows[20]._replace(wirelen=1)
    rows[40] = rows[40]._replace(part=4_000_000_000)
    rows[60:62] = [Row(0, 0, 0, 0, b"")] * 2
    rows[80] = rows[80]._replace(caplen=len(inside), octets=inside)  # a capture in a packet
    rows[81] = rows[81]._replace(seconds=5)
    for octets in (pcap(tuple(rows)), pcap(tuple(rows), order=">", magic=0xA1B23C4D)):
        assert recovered(octets, native) == ([row.octets for row in rows], [])


def test_zeros_at_the_end(tmp_path: Path, capsys: Captured) -> None:
    path = tmp_path / "in"
    path.write_bytes(pcap(MANY) + bytes(4096))
    assert main(["-r", str(path), "--count", "--recover"]) == 1
    out, err = capsys.readouterr()
    assert out == "300 packets\n"
    assert "nothing but zeros; 4096 octets are left out" in err


def test_damage_behind_the_last_packet_wanted_is_not_told(tmp_path: Path) -> None:
    octets, place = pcap(MANY), offsets(MANY)[100]
    path = tmp_path / "in"
    path.write_bytes(octets[:place] + b"\xff" * 40 + octets[place:])
    assert main(["-r", str(path), "--count", "--recover", "-c", "100"]) == 0
    assert main(["-r", str(path), "--count", "--recover", "-c", "101"]) == 1


def test_wrong_lengths_in_real_captures(real_captures: Path, sweep: float) -> None:
    rng = random.Random("wrong lengths")
    paths = sorted(real_captures.glob("*.pcap"))
    tried = others = lost = 0
    for path in sorted(rng.sample(paths, min(len(paths), round(60 * sweep)))):
        octets = bytearray(path.read_bytes())
        packets, damages = recovered(bytes(octets), native)
        assert not damages, path.name
        with open_source(path) as source:
            assert packets == [packet.data for packet in source], path.name
            order = "<" if source.record.order == "little" else ">"
            if len(packets) < 6 or source.record.size != 16:
                continue
        number = rng.randrange(len(packets) - 4)
        place = 24 + sum(16 + len(data) for data in packets[:number])
        wrong = len(packets[number]) + rng.randrange(1, 5000)
        octets[place + 8 : place + 12] = struct.pack(f"{order}I", wrong)
        found, _ = recovered(bytes(octets), native)
        assert found[:number] == packets[:number], path.name
        tried, others = tried + 1, others + len(packets) - 1
        lost += len(packets) - 1 - sum((Counter(found) & Counter(packets)).values())
    assert tried > 5
    assert lost * 50 < others, (lost, others)


@pytest.mark.parametrize("step", [7, 300])
def test_short_reads(step: int) -> None:
    octets, place = pcap(MANY), offsets(MANY)[100]
    found, damages = recovered(octets[:place] + b"\xff" * 999 + octets[place:], step=step)
    assert found == [row.octets for row in MANY]
    assert [(d.offset, d.packet) for d in damages] == [(place, 101)]
    assert "invalid packet capture length" in str(damages[0])
    assert "999 octets are left out" in str(damages[0])


def test_an_impossible_length_costs_one_packet() -> None:
    octets, places = bytearray(pcap(MANY)), offsets(MANY)
    for number in (3, 50, 297):
        octets[places[number] + 8 : places[number] + 12] = b"\xff\xff\xff\x7f"
    found, damages = recovered(bytes(octets), native)
    wanted = [row.octets for n, row in enumerate(MANY) if n not in {3, 50, 297}]
    assert found == wanted
    assert [d.packet for d in damages] == [4, 50, 296]


def test_a_length_beyond_the_end_of_the_file() -> None:
    octets, places = bytearray(pcap(MANY)), offsets(MANY)
    octets[places[200] + 8 : places[200] + 12] = (200_000).to_bytes(4, "little")
    found, damages = recovered(bytes(octets), native)
    assert found == [row.octets for n, row in enumerate(MANY) if n != 200]
    assert "truncated dump file" in damages[0].message


def test_the_last_packet_behind_damage_and_one_that_is_cut() -> None:
    octets, places = pcap(MANY), offsets(MANY)
    head = octets[: places[10]] + b"\xff" * 30
    assert recovered(head + octets[places[299] :])[0] == [r.octets for r in (*MANY[:10], MANY[299])]
    found, damages = recovered(head + octets[places[298] : -5])
    assert found == [r.octets for r in (*MANY[:10], MANY[298])]
    assert len(damages) == 2
    assert recovered(head)[0] == [row.octets for row in MANY[:10]]


def test_zeros_are_no_packets() -> None:
    octets, place = pcap(MANY), offsets(MANY)[100]
    damaged = octets[:place] + b"\xff" * 16 + bytes(5000) + octets[place:]
    assert recovered(damaged, native)[0] == [row.octets for row in MANY]


def test_megabytes_of_garbage(tmp_path: Path, capsys: Captured) -> None:
    rng = random.Random(7)
    octets, place = pcap(MANY), offsets(MANY)[100]
    noise = b"\xff" * 16 + rng.randbytes(5_000_000)
    path, target = tmp_path / "in", tmp_path / "out"
    path.write_bytes(octets[:place] + noise + octets[place:])
    assert main(["-r", str(path), "-w", str(target), "--recover"]) == 1
    assert target.read_bytes() == octets
    assert f"{len(noise)} octets are left out (offset {place}, packet 101)" in (
        capsys.readouterr().err
    )
    assert main(["-r", str(path), "--count", "--recover", "-c", "120"]) == 1
    assert capsys.readouterr().out == "120 packets\n"
    assert main(["-r", str(path), "--count"]) == 1
    assert capsys.readouterr().out == "100 packets\n"


def test_nothing_changes_without_damage(captures: Path) -> None:
    for path in sorted(captures.glob("*.pcap*"))[::4]:
        source = open_source(path)
        plainly = [packet for batch in source.batches() for packet in batch]
        source.close()
        recovering = open_source(path, recover=True)
        assert [packet for batch in recovering.batches() for packet in batch] == plainly
        recovering.close()
        assert recovering.damage is None


def test_many_damages_are_counted(tmp_path: Path, capsys: Captured) -> None:
    octets, places = pcap(MANY), offsets(MANY)
    parts = [octets[:24]]
    for start, end in zip(places, places[3:], strict=False):
        parts += [octets[start:end], b"\xff" * 20] if (start - 24) % 3 == 0 else []
    path = tmp_path / "in"
    path.write_bytes(b"".join(parts))
    assert main(["-r", str(path), "--count", "--recover"]) == 1
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 22
    assert said[-1].endswith(" damages more")


# ---- pcapng ------------------------------------------------------------------------------------


def head(o: Order) -> bytes:
    return o.section() + o.interface()


@pytest.mark.parametrize("loops", [plain, native], ids=["plain", "native"])
@pytest.mark.parametrize("order", [LITTLE, BIG], ids=["little", "big"])
def test_damaged_blocks(order: Order, loops: Native) -> None:
    good = order.packet(HTTP) + order.packet(DNS)
    for number, bad in enumerate((
        b"\xff" * 41,
        order.packet(caplen=2**31),
        order.packet(interface=9),
        order.block(6, b"", length=8),
        order.block(6, bytes(24), length=2**32 - 4),
        order.block(6, bytes(24), length=33),
        order.packet()[:-4] + bytes(4),
        order.block(6, bytes(16)),
        order.block(77, bytes(24), length=2**23),
    )):  # fmt: skip
        found, damages = recovered(head(order) + good + bad + good, loops)
        assert found == [HTTP, DNS] * 2, number
        assert len(damages) == 1, number
        assert damages[0].offset == len(head(order) + good), number
        assert f"; {len(bad)} octets are left out" in damages[0].message, number


def test_a_damaged_interface_keeps_its_number() -> None:
    bad = LITTLE.interface(101, options=LITTLE.option(9, b"\6\6"))
    octets = head(LITTLE) + LITTLE.packet() + bad + LITTLE.packet(HTTP[14:], interface=1)
    source = open_source(io.BytesIO(octets), recover=True)
    found = [packet for batch in source.batches() for packet in batch]
    assert [packet.link.name for packet in found] == ["EN10MB", "RAW"]
    assert source.damage is not None
    assert "if_tsresol" in source.damage.message


def test_a_cut_file_and_a_section_behind_damage(tmp_path: Path) -> None:
    octets = head(LITTLE) + LITTLE.packet() + b"garbage" + head(BIG) + BIG.packet(HTTP)
    assert recovered(octets)[0] == [OCTETS, HTTP]
    found, damages = recovered(octets + BIG.packet()[:-9])
    assert found == [OCTETS, HTTP]
    assert len(damages) == 2
    path, target = tmp_path / "in.pcapng", tmp_path / "out.pcapng"
    path.write_bytes(octets)
    assert main(["-r", str(path), "-w", str(target), "--recover"]) == 1
    assert target.read_bytes() == octets.replace(b"garbage", b"")
    assert pcapfilter.compile("").count(target).damage is None


@pytest.mark.parametrize("step", [11, 1000])
def test_short_reads_of_pcapng(step: int) -> None:
    octets = head(LITTLE) + 20 * LITTLE.packet() + b"\xff" * 777 + 20 * LITTLE.packet(HTTP)
    assert recovered(octets, step=step)[0] == [OCTETS] * 20 + [HTTP] * 20


def test_what_is_compressed_and_cut_is_not_gone_on_with() -> None:
    octets = gzip.compress(pcap(MANY))[:-100]
    found, damages = recovered(octets)
    assert found == [row.octets for row in MANY[: len(found)]]
    assert damages == []
