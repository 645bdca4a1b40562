"""A Filter as a predicate for other people's packets."""

import subprocess
import sys
from pathlib import Path
from typing import cast

import dpkt
import pytest

import pcapfilter as pf
from pcapfilter.integrations import frame_of
from pcapfilter.io.base import open_source
from pcapfilter.packets import Packet
from tests.io.captures import DNS, HTTP, ROWS, pcap

WEB, NAMES = pf.compile("tcp port 80"), pf.compile("udp port 53")


def packets_of(path: Path) -> list[Packet]:
    source = open_source(path)
    try:
        return [packet for batch in source.batches() for packet in batch]
    finally:
        source.close()


def test_plain_bytes_load_nothing() -> None:
    script = (
        "import sys, pcapfilter; pcapfilter.compile('tcp')(bytes(60));"
        "assert not {'scapy', 'dpkt', 'numpy', 'numba', 'llvmlite'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_bytes_of_every_kind() -> None:
    for kind in (bytes, bytearray, memoryview):
        assert WEB(kind(HTTP))
        assert not NAMES(kind(HTTP))


def test_our_own_packets_bring_their_link_type_and_length() -> None:
    link = pf.compile("", link="RAW").options.link
    packet = Packet(0, len(HTTP) - 14, 1500, HTTP[14:], link)
    assert WEB(packet)
    assert pf.compile("greater 1500")(packet)
    assert not pf.compile("greater 1501")(packet)


def test_what_is_no_packet_is_refused() -> None:
    with pytest.raises(TypeError, match="not a packet"):
        WEB("tcp")
    with pytest.raises(TypeError, match="frame must be bytes"):
        WEB.matches(cast("bytes", "tcp"))


def test_dpkt_frames_bring_their_link_type() -> None:
    frame = dpkt.ethernet.Ethernet(HTTP)
    assert WEB(frame)
    assert WEB(frame.data)
    assert not NAMES(frame.data)
    assert NAMES(dpkt.ethernet.Ethernet(DNS))
    sll = dpkt.sll.SLL(bytes(14) + b"\x08\x00" + HTTP[14:])
    assert WEB(sll)
    with pytest.raises(pf.UnsupportedError, match="no link type"):
        WEB(frame.data.data)


def test_dpkt_frames_of_captures_are_the_octets_that_they_were_made_from(captures: Path) -> None:
    """All but padding, which dpkt drops; among them are IPv6 with ESP and checksums of 0."""
    classes = {
        "ethernet": dpkt.ethernet.Ethernet, "linux_sll": dpkt.sll.SLL, "linux_sll2": dpkt.sll2.SLL2,
        "ppp": dpkt.ppp.PPP,
    }  # fmt: skip
    for name, kind in classes.items():
        packets = packets_of(captures / f"{name}.pcap")
        whole = decoded = 0
        for packet in packets:
            try:
                frame = kind(packet.data)
            except dpkt.UnpackError:
                continue
            if isinstance(frame.data, dpkt.ipx.IPX):
                continue
            octets = frame_of(frame).octets
            assert packet.data.startswith(octets), (name, packet.data.hex())
            assert frame_of(frame).octets == octets
            decoded += 1
            whole += octets == packet.data
        assert decoded > 0.8 * len(packets)
        assert whole > 0.8 * decoded


def test_dpkt_frames_stay_as_they_are() -> None:
    offloaded = HTTP[:24] + bytes(2) + HTTP[26:]
    frame = dpkt.ethernet.Ethernet(offloaded)
    assert frame_of(frame).octets == offloaded
    assert pf.compile("ip[10:2] = 0")(frame)
    assert frame.data.sum == 0


def test_a_checksum_of_0_stays_0() -> None:
    ping = HTTP[:23] + b"\x01" + HTTP[24:34] + bytes((8, 0, 0, 0, 0, 1, 0, 1))
    frame = dpkt.ethernet.Ethernet(ping)
    assert frame_of(frame).octets == ping
    assert pf.compile("icmp[2:2] = 0")(frame)
    assert frame.data.data.sum == 0


def test_dpkt_frames_made_by_hand() -> None:
    tcp = dpkt.tcp.TCP(sport=1025, dport=80)
    inet = dpkt.ip.IP(src=bytes(4), dst=bytes(4), p=6, data=tcp)
    inet6 = dpkt.ip6.IP6(src=bytes(16), dst=bytes(16), nxt=6, data=tcp)
    for carried in (inet, inet6):
        frame = dpkt.ethernet.Ethernet(src=bytes(6), dst=bytes(6), data=carried)
        assert WEB(frame)
        assert WEB(carried)
    tag = dpkt.ethernet.VLANtag8021Q(id=5, type=0x0800)
    tagged = dpkt.ethernet.Ethernet(src=bytes(6), dst=bytes(6), type=0x8100, data=inet)
    tagged.vlan_tags = [tag]
    assert pf.compile("vlan 5 and tcp port 80")(tagged)
    assert not WEB(tagged)


def test_dpkt_frames_that_do_not_keep_their_octets_are_refused() -> None:
    frame = dpkt.ieee80211.IEEE80211(b"\xd4\x00" + bytes(8))
    with pytest.raises(pf.UnsupportedError, match="does not keep the octets"):
        WEB(frame)


def test_scapy_packets_of_no_length() -> None:
    l2 = pytest.importorskip("scapy.layers.l2")
    packet = l2.Ether(b"")
    packet.wirelen = 90
    assert frame_of(packet) == (b"", 90, "EN10MB", False)
    assert pf.compile("greater 90")(packet)
    assert frame_of(l2.Ether()).octets == bytes(l2.Ether())


def test_scapy_packets_bring_their_link_type() -> None:
    inet = pytest.importorskip("scapy.layers.inet")
    l2 = pytest.importorskip("scapy.layers.l2")
    tcp = inet.TCP(sport=1025, dport=80)
    for packet in (
        l2.Ether() / inet.IP() / tcp,
        inet.IP() / tcp,
        l2.CookedLinux(proto=0x800) / inet.IP() / tcp,
        l2.Loopback(type=2) / inet.IP() / tcp,
    ):
        assert WEB(packet), packet
        assert not NAMES(packet), packet


def test_scapy_packets_bring_their_original_octets_unless_changed() -> None:
    l2 = pytest.importorskip("scapy.layers.l2")
    wrong_sum = HTTP[:24] + b"\xde\xad" + HTTP[26:] + bytes(6)
    packet = l2.Ether(wrong_sum)
    packet.wirelen = 1000
    assert frame_of(packet) == (wrong_sum, 1000, "EN10MB", False)
    packet["TCP"].dport = 53
    assert frame_of(packet).octets != wrong_sum
    assert not WEB(packet)
    assert pf.compile("tcp port 53")(packet)


def test_real_captures_select_alike_by_scapy(real_captures: Path) -> None:
    utils = pytest.importorskip("scapy.utils")
    pytest.importorskip("scapy.layers.all")
    texts = ("tcp", "udp port 53", "ip6", "len > 100", "arp or icmp")
    for path in sorted(real_captures.glob("[a-d]*.pcap"))[::4]:
        packets = packets_of(path)
        if not packets or packets[0].link.name not in {"EN10MB", "LINUX_SLL"}:
            continue
        if max(packet.caplen for packet in packets) >= 65535 or "oobr" in path.name:
            continue  # scapy itself cuts or pads these
        read = utils.rdpcap(str(path))
        for text in texts:
            made = pf.compile(text, link=packets[0].link)
            assert [made(packet) for packet in read] == [made(packet) for packet in packets], (
                path.name,
                text,
            )


def test_the_example_runs(root: Path, tmp_path: Path) -> None:
    pytest.importorskip("scapy")
    path = tmp_path / "trace.pcap"
    path.write_bytes(pcap(ROWS))
    example = root / "examples" / "scapy_filter.py"
    assert len(example.read_text().splitlines()) < 20
    done = subprocess.run(
        [sys.executable, str(example), str(path), "tcp port 80"],
        capture_output=True,
        check=True,
        cwd=root,
        env={"PYTHONPATH": str(root), "HOME": str(tmp_path), "PATH": "/nowhere"},
    )
    assert done.stdout.decode().splitlines()[-1] == "3 sniffed, 3 picked"


@pytest.mark.parametrize("name", ["null", "null-big-endian", "loop", "ppp", "linux_sll", "enc"])
def test_packets_that_were_read_are_judged_as_the_capture_is(captures: Path, name: str) -> None:
    """By the program for their file: IPv6 has other numbers there than on an interface."""
    path = captures / f"{name}.pcap"
    for text in ("ip6", "ip or ip6", "tcp", "port 80"):
        made = pf.compile(text)
        matched = made.count(path).matched
        assert sum(map(made, pf.compile("").read(path))) == matched, text


@pytest.mark.parametrize(
    "name", ["null", "null-big-endian", "loop", "ppp", "linux_sll", "ethernet"]
)
def test_the_example_knows_every_link_type(
    root: Path, captures: Path, tmp_path: Path, name: str
) -> None:
    pytest.importorskip("scapy")
    path = captures / f"{name}.pcap"
    done = subprocess.run(
        [sys.executable, str(root / "examples" / "scapy_filter.py"), str(path), "tcp"],
        capture_output=True,
        check=True,
        cwd=root,
        env={"PYTHONPATH": str(root), "HOME": str(tmp_path), "PATH": "/nowhere"},
    )
    matched = pf.compile("tcp").count(path).matched
    assert done.stdout.decode().splitlines()[-1] == f"{matched} sniffed, {matched} picked"
