"""The printed lines: addresses, ports and lengths are those that tcpdump prints."""

import re
import struct
from pathlib import Path

import pytest

from pcapfilter.cli import main
from pcapfilter.cli.readers import READERS
from pcapfilter.io.base import open_source
from tests.io.captures import Row, pcap
from tests.oracle import needs_tcpdump, tcpdump

WORDS = "tcp or udp or icmp or arp or icmp6"
KNOWN = {*READERS}


def link_of(path: Path) -> str:
    source = open_source(path)
    source.close()
    return source.origin.link.name


def length(text: str) -> str:
    """The length at the end of a line, as `-q` writes it for TCP or as everybody else does."""
    found = re.search(r"(?:length|tcp) (\d+)$", text)
    return found[1] if found else ""


@needs_tcpdump
def test_addresses_and_lengths_are_tcpdumps(
    real_captures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    compared = 0
    for path in sorted(real_captures.glob("*.pcap"))[::3]:
        if link_of(path) not in KNOWN:
            continue
        theirs = tcpdump("-n", "-q", "-t", "-r", path, WORDS)
        if theirs.returncode != 0:
            continue
        lines = theirs.stdout.decode(errors="replace").splitlines()
        wanted = [text for text in lines if text and not text[0].isspace()]
        assert main(["-nqt", "-r", str(path), WORDS]) == 0
        ours = capsys.readouterr().out.splitlines()
        if len(ours) != len(wanted):
            continue  # tcpdump writes of some protocols on several lines
        for one, two in zip(ours, wanted, strict=True):
            if any(word in one + two for word in ("[|", "truncated", "bad-len", "invalid")):
                continue
            assert one.split(": ")[0] == two.split(": ")[0], path.name
            if length(one) and length(two):
                assert length(one) == length(two), path.name
                compared += 1
    assert compared > 200


NEAR, FAR = (bytes((10, 0, 0, 1)), 1234), (bytes((10, 0, 0, 2)), 80)
SYN, ACK, PUSH, FIN = 0x02, 0x10, 0x08, 0x01
Side = tuple[bytes, int]


def segment(
    source: Side,
    target: Side,
    seq: int,
    ack: int,
    flags: int,
    *,
    octets: bytes = b"",
    total: int | None = None,
) -> bytes:
    """Give a frame with a TCP segment; `total` is the length that its IPv4 header says."""
    ports = source[1], target[1]
    tcp = struct.pack("!HHIIBBHHH", *ports, seq, ack, 0x50, flags, 100, 0, 0) + octets
    total = 20 + len(tcp) if total is None else total
    fixed = struct.pack("!BBHHHBBH", 0x45, 0, total, 1, 0, 64, 6, 0)
    return bytes(12) + b"\x08\x00" + fixed + source[0] + target[0] + tcp


def printed(frames: list[bytes], path: Path, capsys: pytest.CaptureFixture[str]) -> list[str]:
    path.write_bytes(pcap(tuple(Row(0, 0, len(f), len(f), f) for f in frames)))
    assert main(["-nt", "-r", str(path)]) == 0
    return capsys.readouterr().out.splitlines()


@needs_tcpdump
def test_numbers_begin_anew_with_each_connection(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, frames = tmp_path / "in.pcap", []
    for one, two in ((1000, 7000), (500_000, 90), (2**32 - 3, 2**32 - 1)):
        one_on, two_on = (one + 1) % 2**32, (two + 1) % 2**32
        frames += [
            segment(NEAR, FAR, one, 0, SYN),
            segment(FAR, NEAR, two, one_on, SYN | ACK),
            segment(NEAR, FAR, one_on, two_on, ACK),
            segment(NEAR, FAR, one_on, two_on, ACK | PUSH, octets=b"hello"),
            segment(FAR, NEAR, two_on, (one + 6) % 2**32, ACK | FIN),
        ]
    ours = printed(frames, path, capsys)
    theirs = tcpdump("-nt", "-r", path).stdout.decode().splitlines()
    assert ours == [line.removesuffix(": HTTP") for line in theirs]
    assert len(ours) == len(frames)


def test_a_length_of_0_is_that_of_the_frame(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The card that sends a packet fills it in, behind the capture (tcpdump says bad-len 0)."""
    frame = segment(NEAR, FAR, 5, 9, ACK, octets=b"hello", total=0)
    (line,) = printed([frame], tmp_path / "in.pcap", capsys)
    assert line == "IP 10.0.0.1.1234 > 10.0.0.2.80: Flags [.], seq 5:10, ack 9, win 100, length 5"
