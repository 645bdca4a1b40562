"""Every real capture opens, and 40 expressions each select what libpcap and tcpdump select.

The expressions are drawn from the whole language, in the proportion in which libpcap takes them on
the capture's link type, or made for the capture, so that they tell its packets apart. libpcap reads
the packets and judges them in this process; for some, the command itself runs beside tcpdump.
`--sweep 1` (the default) draws captures and expressions, `--sweep 10` takes all.

A program may read a scratch cell that nothing has been stored in (`geneve 1 or ip` does, behind the
`or`): libpcap then finds there what its stack holds. Such expressions are passed over, by the rule
by which the kernel refuses them.

Where the two differ, what libpcap selects without its optimiser must say that ours is right: these
are the deviations of docs/deviations.md, and are counted.
"""

import math
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import pcapfilter
from pcapfilter.bpf.check import check
from pcapfilter.bpf.program import Program
from pcapfilter.engine.reference import Machine
from pcapfilter.errors import FilterError, ProgramError
from pcapfilter.io.base import open_source
from pcapfilter.packets import Packet
from tests import oracle
from tests.differential.test_captures import is_nano, run_ours, tailored
from tests.oracle import needs_libpcap, needs_tcpdump, tcpdump
from tests.strategies import ALL, draw

EXPRESSIONS, TRIES = 40, 400
JUMP = 0x05
KINDS = ("all", "some", "none")
SPECIAL = ("", "ip", "not ip6", "tcp or udp", "less 100", "greater 200 and not len > 1000")


def addressed(packets: list[Packet], rng: random.Random) -> str:
    """Give an expression about an address or a port of some packet, if it seems to be IPv4."""
    data = rng.choice(packets).data
    at = data.find(b"\x45")
    if at < 0 or len(data) < at + 24:
        return f"len >= {len(data)}"
    source, target = (".".join(map(str, data[at + n : at + n + 4])) for n in (12, 16))
    port = int.from_bytes(data[at + 20 : at + 22])
    return rng.choice((
        f"host {source}", f"dst host {target}", f"src port {port}", f"not port {port} and ip",
        f"ip proto {data[at + 9]}", f"src net {source}/24 or udp", f"ip[8] > {data[at + 8]}",
    ))  # fmt: skip


def settled(text: str, path: Path) -> bool:
    """Whether what libpcap selects does not depend on what its stack holds.

    A jump back, of protochain, is taken for one to the next instruction.
    """
    try:
        program = oracle.compile_for_file(text, path)
        check(Program.of(row if row.k < 1 << 31 or row.code != JUMP else (JUMP, 0, 0, 0)
                         for row in program))  # fmt: skip
    except ProgramError as error:
        return "before it is written" not in error.message
    except oracle.Refused:
        pass
    return True


def candidates(path: Path, packets: list[Packet], link: str, rng: random.Random) -> Iterator[str]:
    """Give expressions without end: drawn ones, and ones made for these packets."""
    yield from rng.sample(SPECIAL, 3)
    while True:
        text = draw(rng, link, ALL, depth=3)
        if settled(text, path):
            yield text
        if packets:
            yield tailored(packets, rng, 1)[0]
            yield addressed(packets, rng)


def captured(path: Path) -> tuple[list[Packet], str]:
    """Give the packets of a capture, which must be in order, and the name of its link type."""
    source = open_source(str(path))
    try:
        packets = [packet for batch in source.batches() for packet in batch]
    finally:
        source.close()
    assert source.damage is None
    return packets, source.origin.link.name


def ours(text: str, path: Path, packets: list[Packet]) -> list[int] | str:
    """Give which packets are selected, or the message of a refusal."""
    source = open_source(str(path))
    try:
        origin = source.origin
        program = pcapfilter.compile(
            text, link=origin.link, snaplen=origin.snaplen, netmask=0, source="file",
            swapped=origin.swapped,
        ).program()  # fmt: skip
    except FilterError as error:
        return error.message
    finally:
        source.close()
    machine = Machine(program)
    return [n for n, p in enumerate(packets) if machine.run(p.data, p.wirelen)]


def theirs(
    text: str, path: Path, packets: list[tuple[int, bytes]], *, optimize: bool = True
) -> list[int] | str:
    """Give which packets libpcap selects, or its message."""
    try:
        machine = oracle.Machine(oracle.compile_for_file(text, path, optimize=optimize))
    except oracle.Refused as refusal:
        return str(refusal)
    return [n for n, (length, octets) in enumerate(packets) if machine.run(octets, length)]


def deviates(mine: list[int], optimized: list[int], right: list[int]) -> bool:
    """Whether ours is right on each packet on which it differs from libpcap's optimised program."""
    return all((n in mine) == (n in right) for n in set(mine) ^ set(optimized))


def part_of(paths: list[Path], sweep: float, rng: random.Random) -> list[Path]:
    """Give the captures that a sweep takes: all of them, or some."""
    return sorted(rng.sample(paths, min(len(paths), math.ceil(len(paths) * sweep / 10))))


@needs_libpcap
def test_selected_packets_are_libpcaps(
    real_captures: Path, sweep: float, record_property: Callable[[str, object], None]
) -> None:
    rng = random.Random("all captures")
    tally: Counter[str] = Counter()
    wrong = []
    every = sorted([*real_captures.glob("*.pcap"), *real_captures.glob("*.pcapng")])
    wanted = max(4, min(EXPRESSIONS, round(EXPRESSIONS * sweep / 10)))
    for path in part_of(every, sweep, rng):
        packets, link = captured(path)
        read = list(oracle.packets(path))
        assert [(p.wirelen, p.data) for p in packets] == read, path.name
        tally["captures"] += 1
        tally["packets"] += len(packets)
        accepted = 0
        for text in islice(candidates(path, packets, link, rng), TRIES):
            mine, libpcaps = ours(text, path, packets), theirs(text, path, read)
            if mine != libpcaps:
                right = theirs(text, path, read, optimize=False)
                found = [answer for answer in (mine, libpcaps, right) if isinstance(answer, list)]
                if len(found) == 3 and deviates(*found):
                    tally["deviations"] += 1
                else:
                    wrong.append((path.name, text, mine, libpcaps, right))
            if isinstance(libpcaps, str):
                tally["refused by both"] += 1
                continue
            accepted += 1
            whole, some = len(libpcaps) == len(read), len(libpcaps) > 0
            tally["select " + ("all" if whole else "some" if some else "none")] += 1
            tally["of several packets"] += len(read) > 1
            if accepted == wanted:
                break
        tally["captures with all expressions"] += accepted == wanted
    record_property("tally", dict(tally))
    report = ", ".join(f"{count} {what}" for what, count in tally.items())
    sys.stdout.write(f"all captures compared with libpcap: {report}\n")
    assert not wrong, f"{len(wrong)}:\n" + "\n".join(map(str, wrong[:20]))
    assert tally["deviations"] * 500 <= max(500, sum(tally[f"select {n}"] for n in KINDS)), tally
    assert tally["select some"] * 10 >= tally["of several packets"], tally


def plainly(path: Path, text: str, precision: str, files: list[Path]) -> tuple[bytes | None, int]:
    """Give what tcpdump writes without the optimiser, and its exit code."""
    files[1].unlink(missing_ok=True)
    run = tcpdump("-O", "-r", path, precision, "-w", files[1], text)
    return files[1].read_bytes() if files[1].exists() else None, run.returncode


@needs_tcpdump
def test_output_is_tcpdumps(
    real_captures: Path,
    tmp_path: Path,
    sweep: float,
    record_property: Callable[[str, object], None],
) -> None:
    rng = random.Random("all captures by tcpdump")
    tally: Counter[str] = Counter()
    wrong = []
    files = [tmp_path / name for name in ("ours", "theirs")]
    pcapng = sorted(real_captures.glob("*.pcapng"))
    paths = part_of(sorted(real_captures.glob("*.pcap")), sweep, rng)
    for path in (*pcapng, *paths):
        packets, link = captured(path)
        texts = list(islice(candidates(path, packets, link, rng), 3, 9 if path in pcapng else 6))
        for text in ("", *texts):
            for file in files:
                file.unlink(missing_ok=True)
            precision = "--nano" if is_nano(path) else "--micro"
            code = run_ours("-r", str(path), precision, "-w", str(files[0]), text)
            run = tcpdump("-r", path, precision, "-w", files[1], text)
            one, two = (file.read_bytes() if file.exists() else None for file in files)
            tally["pairs"] += 1
            tally["refused by both"] += one is None
            tally["with packets"] += one is not None and len(one) > 24
            if one != two and (one, code) == plainly(path, text, precision, files):
                tally["deviations"] += 1
            elif one != two or code != run.returncode:
                wrong.append((path.name, text, code, run.stderr.decode(errors="replace")))
        tally["captures"] += 1
    record_property("tally", dict(tally))
    report = ", ".join(f"{count} {what}" for what, count in tally.items())
    sys.stdout.write(f"all captures written beside tcpdump: {report}\n")
    assert not wrong, f"{len(wrong)}:\n" + "\n".join(map(str, wrong[:20]))
