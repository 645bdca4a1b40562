"""`open`: Sources and Sinks by name."""

import gzip
import io
from pathlib import Path

import pytest

import pcapfilter as pf
from pcapfilter.net.linktype import resolve
from pcapfilter.packets import Origin
from tests.io.captures import HTTP, ROWS, pcap


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    path = tmp_path / "trace.pcap.gz"
    path.write_bytes(gzip.compress(pcap(ROWS)))
    return path


def test_a_source(trace: Path) -> None:
    made = pf.compile("tcp")
    with pf.open(trace) as source:
        assert isinstance(source, pf.Source)
        assert source.origin.link.name == "EN10MB"
        assert [packet.data for packet in source] == [row.octets for row in ROWS]
    with pf.open(io.BytesIO(pcap(ROWS))) as source:
        assert isinstance(source, pf.Source)
        assert made.count(source)[:2] == (6, 3)
    with pf.open(io.BytesIO(pcap(ROWS)[:-3])) as source:
        assert len(list(source)) == 5
        assert isinstance(source, pf.Source)
        assert source.damage is not None


def test_damage_is_passed_over() -> None:
    octets = pcap(ROWS[:3]) + b"\xff" * 50 + pcap(ROWS[3:])[24:]
    with pf.open(io.BytesIO(octets), recover=True) as source:
        assert [packet.data for packet in source] == [row.octets for row in ROWS]


def test_a_sink(trace: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.pcap"
    with pf.open(trace) as source, pf.open(trace) as again:
        assert isinstance(source, pf.Source)
        assert isinstance(again, pf.Source)
        with pf.open(target, "w", like=source) as sink:
            assert isinstance(sink, pf.Sink)
            assert pf.compile("udp").copy(source, sink).matched == 2
            assert pf.compile("tcp").copy(again, sink, limit=1).matched == 1
            assert not target.exists()
    assert target.read_bytes() == pcap((ROWS[1], ROWS[4], ROWS[0]))


@pytest.mark.parametrize("name", ["out.pcap", "out.pcapng", "out.pcapng.xz"])
def test_single_packets(name: str, trace: Path, tmp_path: Path) -> None:
    target = tmp_path / name
    packets = list(pf.compile("").read(trace))
    with pf.open(target, "w", like=packets[0].origin or Origin(packets[0].link)) as sink:
        for packet in packets:
            sink.add(packet._replace(time_ns=packet.time_ns + 7))
    found = list(pf.compile("").read(target))
    assert [p[:5] for p in found] == [(p[0] + 7, *p[1:5]) for p in packets]


def test_made_up_packets(tmp_path: Path) -> None:
    target = tmp_path / "out.pcapng"
    link = resolve("RAW")
    packet = pf.Packet((2**32 + 5) * 10**9, 40, 40, HTTP[14:54], link)
    with pf.open(target, "w", like=Origin(link)) as sink:
        sink.add(packet)
    with pf.open(target, "a", like=Origin(link)) as sink:
        sink.add(packet)
    assert [p[:5] for p in pf.compile("tcp").read(target)] == [packet[:5]] * 2


def test_what_is_wrong_is_said(trace: Path, tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="wants `like`"):
        pf.open(tmp_path / "x", "w")  # type: ignore[call-overload]  # it is wrong
    with pytest.raises(ValueError, match="no such mode: 'x'"):
        pf.open(trace, "x")  # type: ignore[call-overload]  # it is wrong
    with pytest.raises(ValueError, match="no such format"):
        pf.open(tmp_path / "x", "w", like=Origin(resolve(1)), format="erf")  # type: ignore[call-overload]  # it is wrong
    with pytest.raises(FileNotFoundError):
        pf.open(tmp_path / "missing")
    with pytest.raises(pf.CaptureError, match="unknown file format"):
        pf.open(io.BytesIO(bytes(100)))
