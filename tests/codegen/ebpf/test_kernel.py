"""Translated programs in the kernel: its verifier takes them, and its verdicts are ours."""

import re
from random import Random

import pytest

from pcapfilter.bpf.program import Program
from pcapfilter.codegen.ebpf import translate
from pcapfilter.codegen.ebpf.hosts import HOSTS
from pcapfilter.ebpf import isa, text
from pcapfilter.ebpf import program as ebpf
from pcapfilter.engine.reference import Machine
from pcapfilter.errors import UnsupportedError
from tests import oracle
from tests.bpf.programs import random_packet, random_program
from tests.ebpf.kernel import Attached, Loaded, RefusedError, shown_whole, usable
from tests.engine.test_machines import FILTERS

needs_kernel = pytest.mark.skipif(not usable(), reason="bpf(2) is not allowed here")


def kernel_agrees(program: Program, random: Random, lengths: range) -> None:
    """Compare the kernel's verdicts as socket, tc and xdp program with the reference machine's."""
    machine = Machine(program)
    packets = [random_packet(random, length) for length in lengths]
    for host in ("tc", "xdp"):
        row = HOSTS[host]
        with Loaded(translate(program, host=host), host) as loaded:
            for packet in packets:
                if shown_whole(packet, host):
                    wanted = row.match if machine.run(packet) else row.other
                    assert loaded.run(packet) == wanted, (host, program, packet)
    with Loaded(translate(program, host="socket"), "socket") as loaded, Attached(loaded) as pair:
        for packet in packets:
            verdict = machine.run(packet)
            wanted = min(verdict, len(packet)) if verdict else None
            assert pair.run(packet) == wanted, (program, packet)


@needs_kernel
@oracle.needs_libpcap
@pytest.mark.parametrize("expression", FILTERS)
def test_filters(expression: str) -> None:
    """What libpcap compiles, loops included."""
    for optimize in (True, False):
        program = oracle.compile(expression, optimize=optimize, netmask=0)
        assert isinstance(program, Program)
        kernel_agrees(program, Random(expression), range(90))


@needs_kernel
def test_random_programs() -> None:
    """Random programs without loops keep libpcap's meaning in the kernel, shifts included."""
    random = Random(41)
    for _ in range(150):
        kernel_agrees(random_program(random), random, range(0, 80, random.randint(2, 9)))


@needs_kernel
def test_far_loads() -> None:
    """Places that mean something else to the kernel, or that it has no words for, are outside."""
    for k in (
        0x7FFF,
        0x8000,
        0xFFFB,
        0xFFFC,
        0x10000,
        0x7FFFFFFF,
        0x80000000,
        0xFFF00000,
        0xFFFFEFFF,
    ):
        for load in (0x20, 0x40, 0xB1):
            for x in (0, 1, 20, 0xFFFFFFFF):
                program = Program.of([(0x01, 0, 0, x), (load, 0, 0, k), (0x06, 0, 0, 9)])
                kernel_agrees(program, Random(k), range(50, 54, 3))


@needs_kernel
def test_a_program_may_ask_about_the_packet() -> None:
    """The tag and protocol that the kernel keeps beside a packet (SKF_AD_*), in tc."""
    for k, wanted in ((0xFFFFF000, 0x800), (0xFFFFF000 + 48, 0), (0xFFFFF000 + 44, 0)):
        program = Program.of(
            [(0x20, 0, 0, k), (0x15, 0, 1, wanted), (0x06, 0, 0, 1), (0x06, 0, 0, 0)]
        )
        with Loaded(translate(program, host="tc"), "tc") as loaded:
            assert loaded.run(bytes(12) + b"\x08\x00" + bytes(40)) == 0
        with Loaded(translate(program, host="socket"), "socket"):
            pass
    unknown = Program.of([(0x20, 0, 0, 0xFFFFF000 + 56), (0x06, 0, 0, 1)])
    with Loaded(translate(unknown, host="tc"), "tc") as loaded:
        assert loaded.run(bytes(60)) == 2


@needs_kernel
@oracle.needs_libpcap
def test_turns_in_the_kernel() -> None:
    """A protochain looks through 32 extension headers, and rejects a packet with more."""
    program = oracle.compile("ip6 protochain 17")
    assert isinstance(program, Program)
    start = bytes(12) + b"\x86\xdd\x60\0\0\0\x01\x00" + b"%c\x40" + bytes(32)
    for count, wanted in ((1, 2), (30, 2), (40, 1)):
        headers = (b"\x3c\0" + bytes(6)) * (count - 1) + b"\x11\0" + bytes(6)
        packet = start % 0x3C + headers + bytes(8)
        assert Machine(program).run(packet)
        with Loaded(translate(program, host="xdp"), "xdp") as loaded:
            assert loaded.run(packet) == wanted


@needs_kernel
@oracle.needs_libpcap
@pytest.mark.parametrize("count", [2, 3, 6])
def test_several_loops_in_the_kernel(count: int) -> None:
    """The verifier takes filters with several protochains, each of which has 32 turns."""
    text = " or ".join(f"protochain {n}" for n in (6, 1, 58, 132, 50, 17)[-count:])
    program = oracle.compile(text)
    assert isinstance(program, Program)
    start = bytes(12) + b"\x86\xdd\x60\0\0\0\x01\x00\x3c\x40" + bytes(32)
    for host, wanted in (("socket", None), ("tc", HOSTS["tc"].match), ("xdp", HOSTS["xdp"].match)):
        with Loaded(translate(program, host=host), host) as loaded:
            for headers in (1, 17, 31):
                packet = start + (b"\x3c\0" + bytes(6)) * headers + b"\x11\0" + bytes(46)
                assert Machine(program).run(packet)
                if host == "socket":
                    with Attached(loaded) as pair:
                        assert pair.run(packet) == len(packet)
                else:
                    assert loaded.run(packet) == wanted


@needs_kernel
@oracle.needs_libpcap
def test_a_loop_among_loads_by_x() -> None:
    """The verifier does not follow a loop for each X that it finds in a socket filter."""
    text = "udp portrange 1-99 or not port 80 or ip6 protochain 58 or udp portrange 1-99"
    program = oracle.compile(text)
    assert isinstance(program, Program)
    kernel_agrees(program, Random(58), range(14, 90, 3))


def test_returns_of_a_socket_filter() -> None:
    """Its loads end it with 0, so nothing else can stand for no match."""
    program = Program.of([(0x06, 0, 0, 1)])
    with pytest.raises(UnsupportedError):
        translate(program, host="socket", other=1)
    assert translate(program, host="socket", other=0)[-2].imm == 1
    assert translate(program, host="xdp", match=3)[-2].imm == 3


@needs_kernel
def test_the_kernel_prints_our_listing() -> None:
    """The verifier's log names each instruction as our listing does."""
    program = ebpf.Program.of([
        (0xBF, 6, 1, 0, 0), (0xB7, 0, 0, 0, 7), (0xB4, 3, 0, 0, -7), (0x18, 4, 0, 0, 5),
        (0, 0, 0, 0, 1), (0x07, 0, 0, 0, -3), (0x0F, 0, 3, 0, 0), (0x34, 0, 0, 1, 2),
        (0x9F, 0, 4, 1, 0), (0x87, 0, 0, 0, 0), (0x84, 0, 0, 0, 0), (0xC7, 0, 0, 0, 3),
        (0xBF, 0, 3, 8, 0), (0xBC, 0, 3, 16, 0), (0xDC, 0, 0, 0, 16), (0xD4, 0, 0, 0, 32),
        (0xD7, 0, 0, 0, 64), (0x7B, 10, 3, -8, 0), (0x62, 10, 0, -16, -9), (0x61, 0, 10, -8, 0),
        (0x91, 0, 10, -8, 0), (0xDB, 10, 3, -8, 0), (0xDB, 10, 3, -8, 1), (0xDB, 10, 3, -8, 0xE1),
        (0xDB, 10, 3, -8, 0xF1), (0xC3, 10, 3, -8, 0x51), (0x61, 5, 6, 0, 0), (0x15, 5, 0, 1, -1),
        (0x66, 5, 0, 0, 3), (0xAD, 5, 3, 0, 0), (0x46, 5, 0, 0, 3), (0x05, 0, 0, 0, 0),
        (0x06, 0, 0, 0, 0), (0x28, 0, 0, 0, 12), (0xB7, 7, 0, 0, 1), (0x50, 0, 7, 0, 4),
        (0x85, 0, 0, 0, 7), (0xB7, 0, 0, 0, 0), (0x95, 0, 0, 0, 0),
    ])  # fmt: skip
    with Loaded(program, "socket", level=2) as loaded:
        shown = {
            int(line[1]): line[2].strip()
            for line in re.finditer(r"^(\d+): (\([0-9a-f]{2}\) [^;\n]*)", loaded.log, re.MULTILINE)
        }
    lines = [line.strip().split(": ", 1) for line in text.listing(program).splitlines()]
    ours = {int(place): words for place, words in lines}
    assert len(shown) > 30
    for place, words in shown.items():
        assert ours[place] == words
    assert isa.row_of(program[0])


def test_refusals_are_seen() -> None:
    """The guard itself: a program that reads past the packet is refused by the verifier."""
    if not usable():
        pytest.skip("bpf(2) is not allowed here")
    program = ebpf.Program.of([(0x61, 2, 1, 0, 0), (0x71, 0, 2, 0, 0), (0x95, 0, 0, 0, 0)])
    with pytest.raises(RefusedError, match="invalid access"):
        Loaded(program, "xdp")
