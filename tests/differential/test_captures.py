"""`pcapfilter -r X -w Y E` writes, byte for byte, what `tcpdump -r X -w Y E` writes.

Over every real capture of the link types below, with 30 expressions each: a third of them general,
the others made for the capture, so that they tell its packets apart. `--sweep 1` (the default)
draws a few of them for each capture, `--sweep 10` takes all.
"""

import contextlib
import io
import random
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from pcapfilter.cli import main
from pcapfilter.errors import CaptureError
from pcapfilter.io.base import open_source
from pcapfilter.packets import Packet
from tests.oracle import needs_tcpdump, tcpdump

LINKS = {
    "EN10MB", "RAW", "IPV4", "IPV6", "NULL", "LOOP", "LINUX_SLL", "LINUX_SLL2", "PPP",
}  # fmt: skip

GENERAL = (
    "",
    "ip",
    "ip6 or arp",
    "not ip",
    "tcp",
    "udp",
    "tcp or icmp",
    "port 53 or 80 or 443",
    "portrange 1-1023",
    "src portrange 1025-65535",
    "ip proto 89 or ip6 proto 58",
    "net 10.0.0.0/8 or net 192.168.0.0/16",
    "ip multicast or ip6 multicast",
    "tcp[tcpflags] & (tcp-syn|tcp-fin) != 0",
    "ip[8] < 64 and ip[6:2] & 0x1fff = 0",
    "udp and (port 520 or net 224.0.0.0/4)",
    "icmp6 or igmp or vrrp",
)
OF_GENERAL, OF_TAILORED = 10, 20


def tailored(packets: list[Packet], rng: random.Random, count: int) -> list[str]:
    """Expressions about lengths and octets in which some of these packets differ."""
    found: list[str] = []
    while len(found) < count:
        packet = rng.choice(packets)
        kind = rng.randrange(5)
        at = rng.randrange(max(1, packet.caplen))
        octet = packet.data[at] if packet.data else 0
        word = {"RAW": "ip", "IPV4": "ip", "IPV6": "ip6"}.get(packet.link.name, "link")
        if word == "link" and packet.link.name == "EN10MB":
            word = "ether"
        found.append(
            (
                f"len = {packet.wirelen}",
                f"greater {packet.wirelen}",
                f"{word}[{at}] = {octet}",
                f"{word}[{at}] & 0xf != {octet & 15} or less {packet.wirelen}",
                f"not len > {packet.wirelen} and {word}[{at // 2}] <= 127",
            )[kind]
        )
    return found


def captured(path: Path) -> list[Packet]:
    """The packets of a capture of one of the link types, or nothing."""
    try:
        source = open_source(str(path))
    except CaptureError:
        return []
    try:
        if source.origin.link.name not in LINKS:
            return []
        return [packet for batch in source.batches() for packet in batch]
    finally:
        source.close()


def run_ours(*words: str) -> int:
    """Run the command within this process, with nothing on its standard error."""
    with contextlib.redirect_stderr(io.StringIO()):
        return main(list(words))


@needs_tcpdump
def test_output_is_tcpdumps(
    real_captures: Path,
    tmp_path: Path,
    sweep: float,
    record_property: Callable[[str, object], None],
) -> None:
    rng = random.Random(2)
    tally: Counter[str] = Counter()
    wrong = []
    ours, theirs = tmp_path / "ours.pcap", tmp_path / "theirs.pcap"
    wanted = max(1, min(30, round(3 * sweep)))
    for path in sorted(real_captures.glob("*.pcap")):
        packets = captured(path)
        if not packets:
            continue
        texts = rng.sample(GENERAL, OF_GENERAL) + tailored(packets, rng, OF_TAILORED)
        tally["captures"] += 1
        for text in rng.sample(texts, wanted):
            for file in (ours, theirs):
                file.unlink(missing_ok=True)
            code = run_ours("-r", str(path), "-w", str(ours), text)
            theirs_run = tcpdump(
                "-r", path, "-w", theirs, "--nano" if is_nano(path) else "--micro", text
            )
            one = ours.read_bytes() if ours.exists() else None
            two = theirs.read_bytes() if theirs.exists() else None
            tally["pairs"] += 1
            if one != two or code != theirs_run.returncode:
                wrong.append((path.name, text, code, theirs_run.stderr.decode(errors="replace")))
            elif one is None:
                tally["refused by both"] += 1
            else:
                whole = 24 + sum(16 + packet.caplen for packet in packets)
                kind = "all" if len(one) == whole else "none" if len(one) == 24 else "some"
                tally[f"select {kind}"] += 1
                tally["of several packets"] += len(packets) > 1
    record_property("tally", dict(tally))
    report = [f"{count} {what}" for what, count in tally.items()]
    sys.stdout.write(f"captures compared with tcpdump: {', '.join(report)}\n")
    assert not wrong, "\n".join(map(str, wrong[:20]))
    assert tally["select some"] * 3 >= tally["of several packets"], tally


def is_nano(path: Path) -> bool:
    """Whether a capture has nanoseconds, which tcpdump keeps only with --nano."""
    return path.read_bytes()[:4] in {b"\x4d\x3c\xb2\xa1", b"\xa1\xb2\x3c\x4d"}
