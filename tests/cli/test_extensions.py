"""Headers between IP and what it carries, and headers that are wrong: lines say what is so."""

import random
import re
import struct
from itertools import product
from pathlib import Path

import pytest

from pcapfilter.cli import main
from pcapfilter.cli.extensions import read_chain
from pcapfilter.cli.line import Lines, Style
from pcapfilter.io.base import open_source
from pcapfilter.net.linktype import by_name
from pcapfilter.packets import Packet
from tests.io.captures import DNS, HTTP, Row, pcap
from tests.oracle import needs_tcpdump, tcpdump

Captured = pytest.CaptureFixture[str]

UDP = struct.pack("!HHHH", 1000, 2000, 12, 0) + b"abcd"
TCP = struct.pack("!HHIIBBHHH", 1000, 2000, 7, 0, 0x50, 2, 99, 0, 0)
HERE, THERE = bytes.fromhex("fe80" + "0" * 27 + "1"), bytes.fromhex("ff02" + "0" * 27 + "5")

HEADERS: dict[int, bytes] = {
    # protocol -> the header behind its first octet
    0: bytes((0, 1, 4, 0, 0, 0, 0)),
    43: bytes((2, 0, 0)) + bytes(4) + THERE,
    44: bytes((0, 0, 0)) + bytes(4),
    51: bytes((4, 0, 0)) + struct.pack("!II", 0x100, 0x13) + bytes(12),
    60: bytes((0, 1, 4, 0, 0, 0, 0)),
}


def frame(first: int, body: bytes, length: int | None = None) -> bytes:
    """Give an Ethernet frame with IPv6."""
    size = len(body) if length is None else length
    header = struct.pack("!IHBB", 6 << 28, size, first, 1) + HERE + THERE
    return DNS[:12] + b"\x86\xdd" + header + body


def chained(protocols: tuple[int, ...], last: int, body: bytes) -> bytes:
    """Give a frame with some extension headers in front of what it carries."""
    following = last
    for protocol in reversed(protocols):
        body, following = bytes([following]) + HEADERS[protocol] + body, protocol
    return frame(following, body)


def line(
    octets: bytes, *, wirelen: int | None = None, link: str = "EN10MB", verbose: int = 0
) -> str:
    """Give the line about a packet."""
    packet = Packet(0, len(octets), wirelen or len(octets), octets, by_name(link))
    return Lines(Style(verbose=verbose)).describe(packet)


CHAINS = [
    (),
    *((n,) for n in HEADERS),
    *product((0, 43, 44, 60), (43, 44, 51, 60)),
    (0, 60, 43, 44, 51),
]
"""tcpdump reads HBH only first, and none of them behind AH."""


@needs_tcpdump
def test_what_is_behind_them_is_what_tcpdump_finds(tmp_path: Path, capsys: Captured) -> None:
    frames = [chained(chain, 17, UDP) for chain in CHAINS] + [
        chained(chain, 6, TCP) for chain in CHAINS
    ]
    path = tmp_path / "in.pcap"
    path.write_bytes(pcap(tuple(Row(0, 0, len(f), len(f), f) for f in frames)))
    theirs = tcpdump("-nt", "-r", path).stdout.decode().splitlines()
    main(["-nt", "-r", str(path)])
    ours = capsys.readouterr().out.splitlines()
    marks = ("HBH", "RT6|srcrt", "frag ", r"AH\(spi=0x00000100,seq=0x13", "DSTOPT")
    for mine, their in zip(ours, theirs, strict=True):
        assert mine.startswith("IP6 fe80::1.1000 > ff02::5.2000: ")
        assert [len(re.findall(mark, mine)) for mark in marks] == [
            len(re.findall(mark, their)) for mark in marks
        ], (mine, their)
        assert mine.endswith(("Flags [S], seq 7, win 99, length 0", "UDP, length 4"))
        assert their.endswith(mine.split()[-1])
    assert len(ours) == 2 * len(CHAINS)


@needs_tcpdump
def test_authenticated_packets(real_captures: Path, capsys: Captured) -> None:
    path = real_captures / "OSPFv3_with_AH.pcap"
    main(["-nt", "-r", str(path)])
    ours = capsys.readouterr().out.splitlines()
    theirs = [
        row for row in tcpdump("-nt", "-r", path).stdout.decode().splitlines() if row[0] != "\t"
    ]
    assert len(ours) == len(theirs) > 50
    mark = re.compile(r"^(IP6 .*: AH\(spi=0x[0-9a-f]{8},seq=0x[0-9a-f]+).*(, length \d+)$")
    assert [mark.findall(row) for row in ours] == [mark.findall(row) for row in theirs]


def test_what_cannot_be_read_any_further() -> None:
    assert line(chained((0,), 50, struct.pack("!II", 7, 9) + bytes(20))) == (
        "IP6 fe80::1 > ff02::5: HBH ESP(spi=0x00000007,seq=0x9), length 28"
    )
    assert line(chained((60,), 59, b"")) == "IP6 fe80::1 > ff02::5: DSTOPT no next header"
    assert line(frame(50, bytes(5))) == "IP6 fe80::1 > ff02::5: esp, length 5"
    ipsec = HTTP[:23] + b"\x33" + HTTP[24:34] + b"\x06" + HEADERS[51] + TCP
    ipsec = ipsec[:16] + (len(ipsec) - 14).to_bytes(2) + ipsec[18:]
    assert re.search(
        r"\.1000 > .*\.2000: AH\(spi=0x00000100,seq=0x13\): Flags \[S\], seq 7, win 99, length 0",
        line(ipsec),
    )


def test_a_fragment_is_called_one() -> None:
    header = bytes((17, 0)) + (1280 | 1).to_bytes(2) + bytes(4)
    assert line(frame(44, header + UDP)) == (
        "IP6 fe80::1 > ff02::5: ip-proto-17, fragment at 1280, length 12"
    )
    first = bytes((17, 0, 0, 1)) + bytes(4)
    assert line(frame(44, first + UDP), verbose=1).endswith(
        "fe80::1.1000 > ff02::5.2000: frag UDP, length 4"
    )


def test_headers_that_are_cut_short() -> None:
    for protocol, name in ((0, "hbh"), (43, "routing"), (44, "frag"), (51, "ah")):
        assert line(frame(protocol, b"\x11\x09")) == f"IP6 fe80::1 > ff02::5: {name}, length 2"
        assert read_chain(protocol, b"\x11\x09" + bytes(5), v6=True) == (
            protocol, 0, "", 0, True, False,
        )  # fmt: skip
    assert line(frame(0, b"\x11\x09" + bytes(20))) == "IP6 fe80::1 > ff02::5: hbh, length 22"


def test_lengths_that_are_wrong() -> None:
    short = HTTP[:16] + (19).to_bytes(2) + HTTP[18:]
    assert line(short) == "IP bad-len 19"
    unset = DNS[:16] + bytes(2) + DNS[18:38] + bytes(2) + DNS[40:]
    assert line(unset, wirelen=80_000).endswith("UDP, length 79958")
    assert line(DNS[:38] + (5).to_bytes(2) + DNS[40:]).endswith("UDP, bad length 5")
    assert line(HTTP[:14] + b"\x65" + HTTP[15:]) == f"IP, wrong version 6, length {len(HTTP) - 14}"
    long = HTTP[:46] + b"\xf0" + HTTP[47:]
    assert line(long).endswith("tcp, bad header length 60, length 20")
    cut = HTTP[:36]
    assert re.fullmatch(r"IP [\d.]+ > [\d.]+: tcp, length \d+", line(cut, wirelen=len(HTTP)))


def test_addresses_of_any_hardware() -> None:
    asked = struct.pack("!HHBBH", 7, 0x800, 1, 4, 1) + b"\x05\n\0\0\1" + b"\0\n\0\0\2"
    octets = DNS[:12] + b"\x08\x06" + asked
    assert line(octets, wirelen=60) == "ARP, Request who-has 10.0.0.2 tell 10.0.0.1, length 46"
    reply = octets[:21] + b"\2" + octets[22:]
    assert line(reply) == "ARP, Reply 10.0.0.1 is-at 05, length 18"
    other = octets[:16] + b"\x81\x37" + octets[18:]
    assert line(other) == "ARP, protocol 0x8137, operation 1, length 18"


def test_no_octets_end_the_printing(
    captures: Path, real_captures: Path, rng: random.Random, sweep: float
) -> None:
    packets = []
    for path in (*captures.glob("*.pcap"), *sorted(real_captures.glob("*.pcap"))[::4]):
        source = open_source(path)
        for batch in source.batches():
            packets += [batch.packet(n) for n in range(min(batch.count, 20))]
        source.close()
    numbers = (0, 1, 4, 5, 6, 17, 43, 44, 50, 51, 58, 60, 128, 255)
    for _ in range(round(20_000 * sweep)):
        packet = rng.choice(packets)
        octets = bytearray(packet.data[: rng.choice((200, rng.randrange(100)))])
        for _ in range(rng.randrange(5) if octets else 0):
            octets[rng.randrange(min(len(octets), 80))] = rng.choice(numbers)
        changed = packet._replace(data=bytes(octets), caplen=len(octets))
        style = Style(rng.random() < 0.5, rng.random() < 0.5, rng.randrange(3))
        assert not re.search(r"length -", Lines(style).describe(changed)), changed


# ---- link layers whose parts are optional ------------------------------------------------------


@pytest.mark.parametrize(
    ("link", "header"),
    [
        ("FRELAY", "1841 03cc"),
        ("FRELAY", "1841 0300 cc"),
        ("FRELAY", "1841 03 0080 000000 0800"),
        ("FRELAY", "1841 03 80 000000 0800"),
        ("FRELAY", "1841 0800"),
        ("FRELAY", "1840 0041 03cc"),
        ("IEEE802", "1040 020000000002 020000000001 aaaa03 000000 0800"),
        ("IEEE802", "1040 020000000002 820000000001 0600 0011 0020 aaaa03 000000 0800"),
        ("SUNATM", "0264 0028 aaaa03 000000 0800"),
        ("ATM_RFC1483", "aaaa03 000000 0800"),
        ("FDDI", "50 020000000002 020000000001 aaaa03 000000 0800"),
        ("PPP_ETHER", "1100 0011 0040 0021"),
        ("SLIP", "01" + "00" * 15),
    ],
)
def test_ip_is_found_behind_it(link: str, header: str) -> None:
    packet = bytes.fromhex(header) + DNS[14:]
    assert line(packet, link=link) == line(DNS)


@pytest.mark.parametrize(
    ("link", "octets", "told"),
    [
        ("FRELAY", "1840 0040 03cc 45", "length 7"),
        ("FRELAY", "1841 03 90 45", "length 5"),
        ("FDDI", "10 020000000002 020000000001 aaaa", "length 15"),
        ("IEEE802", "1000 020000000002 020000000001 aaaa", "length 16"),
        ("SUNATM", "0164 0028 aaaa", "length 6"),
        ("PPP_ETHER", "1109 0011 0040 0021 45", "length 9"),
        ("PFLOG", "3d07" + "00" * 60, "length 62"),
    ],
)
def test_what_is_no_ip_is_not_told_as_such(link: str, octets: str, told: str) -> None:
    assert line(bytes.fromhex(octets), link=link) == told
