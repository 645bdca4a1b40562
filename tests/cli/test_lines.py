"""The printed lines: addresses, ports and lengths are those that tcpdump prints."""

import re
from pathlib import Path

import pytest

from pcapfilter.cli import main
from pcapfilter.cli.readers import READERS
from pcapfilter.io.base import open_source
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
