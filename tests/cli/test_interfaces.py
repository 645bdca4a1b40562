"""Captures of several link types: a filter for each, or a line that says where there is none."""

from pathlib import Path

import pytest

import pcapfilter
from pcapfilter.cli import main
from pcapfilter.errors import UnsupportedError
from tests.io.captures import DNS, HTTP, OCTETS, ROWS, pcap
from tests.io.sections import LITTLE

Captured = pytest.CaptureFixture[str]

NAMED = LITTLE.section() + LITTLE.interface(options=LITTLE.option(2, b"eth0"))
TUNNEL = LITTLE.interface(101, options=LITTLE.option(2, b"tun0"))
MIXED = (
    NAMED + TUNNEL + LITTLE.packet(HTTP) + LITTLE.packet(HTTP[14:], interface=1)
    + LITTLE.packet(DNS) + LITTLE.packet(OCTETS)
)  # fmt: skip
TEXT = "ether host 0a:00:00:00:00:01"


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    path = tmp_path / "in.pcapng"
    path.write_bytes(MIXED)
    return path


def test_the_interface_is_named(mixed: Path, capsys: Captured) -> None:
    assert main(["-r", str(mixed), "--count", TEXT]) == 1
    said = capsys.readouterr().err.splitlines()
    assert said[1].startswith("pcapfilter: ethernet addresses supported only on")
    assert said[-1] == (
        f"hint: {mixed} has packets of link type RAW (Raw IP) (interface 1 tun0); "
        "--skip-unsupported leaves them out"
    )
    with pytest.raises(UnsupportedError, match="interface 1 tun0"):
        pcapfilter.compile(TEXT).count(mixed)


def test_packets_of_it_are_left_out_on_request(
    mixed: Path, tmp_path: Path, capsys: Captured
) -> None:
    target = tmp_path / "out.pcapng"
    assert main(["-r", str(mixed), "--skip-unsupported", "-w", str(target), TEXT]) == 0
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 2
    assert said[1].startswith("pcapfilter: left out: ethernet addresses supported only on")
    assert said[1].endswith(f"({mixed} has packets of link type RAW (Raw IP) (interface 1 tun0))")
    assert target.read_bytes() == NAMED + TUNNEL + LITTLE.packet(HTTP) + LITTLE.packet(DNS)


def test_it_is_said_once(mixed: Path, captures: Path, capsys: Captured) -> None:
    mixed.write_bytes((captures / "mixed.pcapng").read_bytes())
    assert main(["-r", str(mixed), "--skip-unsupported", "--count", TEXT]) == 0
    said = [line for line in capsys.readouterr().err.splitlines() if "left out" in line]
    assert len(said) == 2


def test_an_interface_that_is_described_late(tmp_path: Path, capsys: Captured) -> None:
    path, target = tmp_path / "in.pcapng", tmp_path / "out"
    octets = NAMED + LITTLE.packet(HTTP) + TUNNEL + LITTLE.packet(HTTP[14:], interface=1)
    path.write_bytes(octets)
    assert main(["-r", str(path), "-w", str(target), TEXT]) == 1
    assert "ethernet addresses supported only on" in capsys.readouterr().err
    assert target.read_bytes()[24 + 16 :] == HTTP
    assert main(["-r", str(path), "--count", "--skip-unsupported", TEXT]) == 0
    said = capsys.readouterr()
    assert said.out == "1 packet\n"
    assert "left out" in said.err


def test_a_filter_for_none_of_them_is_refused_all_the_same(
    tmp_path: Path, capsys: Captured
) -> None:
    path = tmp_path / "in.pcap"
    path.write_bytes(pcap(ROWS, link=101))
    assert main(["-r", str(path), "--count", "--skip-unsupported", TEXT]) == 1
    assert "ethernet addresses supported only on" in capsys.readouterr().err


def test_one_of_several_files(tmp_path: Path, capsys: Captured) -> None:
    ethernet, raw, target = (tmp_path / name for name in ("1.pcap", "2.pcap", "out"))
    ethernet.write_bytes(pcap(ROWS))
    raw.write_bytes(pcap(ROWS, link=101))
    words = ["-r", str(raw), "-r", str(ethernet), "-w", str(target), TEXT]
    assert main(words) == 1
    said = capsys.readouterr().err
    assert f"hint: {raw} has packets of link type RAW (Raw IP); --skip-unsupported" in said
    assert not target.exists()
    assert main([*words, "--skip-unsupported"]) == 0
    assert "left out" in capsys.readouterr().err
    assert target.read_bytes() == pcap(tuple(row for row in ROWS if row != ROWS[3]))


def test_the_library_warns_on_request(mixed: Path, tmp_path: Path) -> None:
    made, target = pcapfilter.compile(TEXT), tmp_path / "out.pcapng"
    left_out = r"^left out: ethernet addresses supported only on .* \(interface 1 tun0\)\)$"
    with pytest.warns(UserWarning, match=left_out):
        assert made.count(mixed, skip_unsupported=True) == (4, 2, None)
    with pytest.warns(UserWarning, match=left_out):
        assert made.copy(mixed, target, skip_unsupported=True).matched == 2
    with pytest.warns(UserWarning, match=left_out):
        assert [p.data for p in made.read(mixed, skip_unsupported=True)] == [HTTP, DNS]
    with pytest.raises(UnsupportedError, match="interface 1 tun0"):
        made.read(mixed)
    raw = tmp_path / "raw.pcap"
    raw.write_bytes(pcap(ROWS, link=101))
    with pytest.raises(UnsupportedError):
        made.count(raw, skip_unsupported=True)


def test_every_link_type_is_announced(mixed: Path, capsys: Captured) -> None:
    assert main(["-r", str(mixed), "--count"]) == 0
    assert capsys.readouterr().err == (
        f"reading from file {mixed}, link-type EN10MB (Ethernet), RAW (Raw IP), "
        "snapshot length 65535\n"
    )


def test_a_precision_that_blocks_do_not_take_is_told(
    mixed: Path, tmp_path: Path, capsys: Captured
) -> None:
    out, pcap_out = tmp_path / "out.pcapng", tmp_path / "out.pcap"
    for words, told in (
        (("--nano", "-w", out), True),
        (("--micro", "-w", out), False),
        (("--nano", "-w", pcap_out, "ip and not icmp and link[0] == 10"), False),
        (("--nano", "--count"), False),
    ):
        main(["-r", str(mixed), *map(str, words)])
        said = capsys.readouterr().err
        assert ("--nano changes nothing: the blocks of a pcapng file keep their" in said) == told
    assert out.read_bytes() == MIXED
