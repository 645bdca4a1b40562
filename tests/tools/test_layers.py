"""Packets read field by field as scapy reads them, and finished as scapy finishes them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import pcapfilter as pf
from pcapfilter.io.base import open_source
from pcapfilter.tools.layers import finish
from pcapfilter.tools.layers.read import layers, number, written
from pcapfilter.tools.layers.table import FIRST, HEADERS

inet = pytest.importorskip("scapy.layers.inet")
l2 = pytest.importorskip("scapy.layers.l2")
inet6 = pytest.importorskip("scapy.layers.inet6")
sctp = pytest.importorskip("scapy.layers.sctp")

ETHER = {"src": "02:00:00:00:00:01", "dst": "02:00:00:00:00:02"}
V4 = {"src": "192.0.2.1", "dst": "192.0.2.2"}
V6 = {"src": "2001:db8::1", "dst": "2001:db8::2"}
PAYLOAD = b"an odd number of octets"


def made() -> Iterator[tuple[str, bytes]]:
    """Packets that scapy made whole."""
    for network in (
        inet.IP(**V4),
        inet.IP(**V4, options=[inet.IPOption_RR()]),
        inet6.IPv6(**V6),
        inet6.IPv6(**V6) / inet6.IPv6ExtHdrHopByHop(options=[inet6.PadN(optdata=bytes(4))]),
    ):
        icmp = inet6.ICMPv6EchoRequest(id=1, seq=2) if "IPv6" in network.name else inet.ICMP(id=1)
        for transport in (inet.TCP(sport=1, dport=2), inet.UDP(sport=1, dport=2), icmp):
            for front in (l2.Ether(**ETHER), l2.Ether(**ETHER) / l2.Dot1Q(vlan=7)):
                yield "EN10MB", bytes(front / network / transport / PAYLOAD)
            yield "RAW", bytes(network / transport / PAYLOAD)
    stream = sctp.SCTP(sport=1, dport=2, tag=3) / sctp.SCTPChunkData(data=PAYLOAD)
    yield "RAW", bytes(inet.IP(**V4, proto=132) / stream)


@pytest.mark.parametrize(("link", "octets"), [*made()])
def test_lengths_and_checksums(link: str, octets: bytes) -> None:
    spoiled = bytearray(octets)
    for layer in layers(octets, link):
        for field in layer.header.fields:
            if field.rule in {"length", "sum"}:
                finish.put(spoiled, layer.start, field, 0x1234)
    assert spoiled != octets
    finish.lengths(spoiled, link, len(octets))
    finish.checksums(spoiled, link)
    assert spoiled == octets


def test_fields_as_scapy_reads_them(captures: Path) -> None:
    """Over the project's captures: what both know of a packet is the same."""
    seen = set()
    for path in sorted(captures.glob("ethernet*.pcap")):
        source = open_source(str(path))
        packets = [packet.data for batch in source.batches() for packet in batch]
        source.close()
        for octets in packets:
            if len(octets) < 60:
                continue
            theirs = l2.Ether(octets)
            found = {layer.header.name: layer for layer in layers(octets, "EN10MB")}
            for name, of in (("IPv4", inet.IP), ("IPv6", inet6.IPv6), ("UDP", inet.UDP)):
                if name not in found or theirs.getlayer(of, 2) or of not in theirs:
                    continue
                values = {
                    field.name: number(octets, found[name].start, field)
                    for field in HEADERS[name].fields
                }
                other = theirs[of]
                assert {*values.items()} >= {
                    *{
                        "IPv4": lambda p: {"fragment offset": p.frag, "total length": p.len},
                        "IPv6": lambda p: {"next header": p.nh, "payload length": p.plen},
                        "UDP": lambda p: {"source port": p.sport, "checksum": p.chksum},
                    }[name](other).items()
                }
                seen.add(name)
    assert seen == {"IPv4", "UDP", "IPv6"}


def test_tables_fit_together() -> None:
    for header in HEADERS.values():
        assert {*header.follows.values()} <= {*HEADERS}
        names = [field.name for field in header.fields]
        assert len(names) == len({*names})
        assert header.size_field in {*names, ""}
        for field in header.fields:
            assert all(0 <= value < 1 << field.bits for value in field.usual)
    assert {*FIRST.values()} <= {*HEADERS}


def test_whatever_octets_there_are() -> None:
    for link in FIRST:
        for length in range(80):
            for octet in (b"\0", b"\x45", b"\xff"):
                octets = bytearray(octet * length)
                for layer in layers(octets, link):
                    for field in layer.header.fields:
                        assert written(field, number(octets, layer.start, field), {})
                finish.lengths(octets, link, length)
                finish.checksums(octets, link)
                assert len(octets) == length


@pytest.mark.parametrize("link", sorted(FIRST))
def test_packets_that_show_a_difference_look_like_traffic(link: str) -> None:
    pytest.importorskip("z3")
    [witness] = pf.compare("tcp port 80", "tcp port 81", link=link).witnesses
    found = [*layers(witness.packet, link)]
    names = [layer.header.name for layer in found]
    assert names[-2:] in (["IPv4", "TCP"], ["IPv6", "TCP"])
    network, transport = found[-2:]
    assert {transport.value(witness.packet, f"{end} port") for end in ("source", "destination")} & {
        80,
        81,
    }
    sized = bytearray(witness.packet)
    finish.lengths(sized, link, transport.start + transport.size)
    finish.checksums(sized, link)
    assert sized == witness.packet
    assert network.value(witness.packet, "version") in {4, 6}
