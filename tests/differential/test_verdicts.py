"""One verdict: every machine on libpcap's programs for drawn expressions, on packets cut anywhere.

The packets are those of corpus/captures, cut to every length from 0 and with some octets changed.
"""

import random
from pathlib import Path

import dpkt
import pytest

from pcapfilter.bpf.program import Program
from pcapfilter.codegen.ebpf import translate
from pcapfilter.engine.reference import Machine
from pcapfilter.engine.scan import JUDGE, NativeFill, judge_by
from pcapfilter.engine.scan import judge as batch_loop
from pcapfilter.engine.vm import Machine as EbpfMachine
from pcapfilter.net import linktype
from pcapfilter.packets import Origin, PacketBatch
from tests import oracle
from tests.strategies import draw

CAPTURES = {
    "EN10MB": "ethernet", "RAW": "raw", "IPV4": "ipv4", "IPV6": "ipv6", "NULL": "null",
    "LOOP": "loop", "LINUX_SLL": "linux_sll", "LINUX_SLL2": "linux_sll2", "PPP": "ppp",
}  # fmt: skip


def packets(path: Path, rng: random.Random, count: int) -> list[bytes]:
    """Give packets of a capture: whole, cut, and with octets changed."""
    with path.open("rb") as file:
        whole = [octets for _, octets in dpkt.pcap.Reader(file)]
    made: list[bytes] = []
    for number in range(count):
        octets = bytearray(rng.choice(whole))
        for _ in range(rng.choice((0, 0, 1, 3))):
            if octets:
                octets[rng.randrange(len(octets))] = rng.randrange(256)
        made.append(bytes(octets if number % 3 == 0 else octets[: number % 100]))
    return made


@oracle.needs_libpcap
@pytest.mark.parametrize("link", CAPTURES)
def test_one_verdict(link: str, captures: Path, sweep: float) -> None:
    """Reference machine, eBPF machine, native engine and libpcap's machine, on each program."""
    rng = random.Random(f"verdicts {link}")
    found = linktype.resolve(link)
    matched = programs = 0
    while programs < 24 * sweep:
        text = draw(rng, link)
        frames = packets(captures / f"{CAPTURES[link]}.pcap", rng, 60)
        batch = PacketBatch.of(frames, Origin(found))
        for optimize in (True, False):
            try:
                program = oracle.compile(text, found, optimize=optimize)
            except oracle.Refused:
                continue
            programs += 1
            matched += one_verdict(program, frames, batch, text)
    assert matched > programs


def one_verdict(program: Program, frames: list[bytes], batch: PacketBatch, text: str) -> int:
    """Compare the machines on some packets; give how many match."""
    translated = translate(program)
    judge = oracle.Machine(program)
    wanted = [judge.run(frame) for frame in frames]
    plain = Machine(program)
    assert [plain.run(frame) for frame in frames] == wanted, text
    selected = [n for n, verdict in enumerate(wanted) if verdict]
    ebpf = EbpfMachine(translated)
    assert [n for n, frame in enumerate(frames) if ebpf.run(frame)] == selected, text
    assert list(judge_by(NativeFill(translated, batch_loop, JUDGE), batch)) == selected, text
    return len(selected)
