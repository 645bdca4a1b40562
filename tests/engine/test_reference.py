"""The reference machine beside libpcap's and the kernel's."""

from random import Random

import pytest

from pcapfilter.bpf.check import check
from pcapfilter.bpf.program import Program
from pcapfilter.engine.reference import Machine, run
from pcapfilter.errors import ProgramError
from tests import oracle
from tests.bpf.programs import random_packet, random_program

LD, LDX_MSH, TXA = 0x20, 0xB1, 0x87


@oracle.needs_libpcap
def test_random_programs_agree_with_libpcap() -> None:
    """Random programs on packets of every length from 0 have libpcap's verdict."""
    random = Random(2)
    for _ in range(400):
        program = random_program(random)
        machine, judge = Machine(program), oracle.Machine(program)
        for length in range(0, 80, random.randint(1, 4)):
            packet, more = random_packet(random, length), random.choice((0, 3))
            verdict = machine.run(packet, length + more)
            assert verdict == judge.run(packet, length + more), (program, packet)


@oracle.needs_kernel
def test_random_programs_agree_with_the_kernel() -> None:
    """Where both mean the same, the kernel cuts a datagram to the machine's verdict."""
    random = Random(3)
    for _ in range(250):
        program = random_program(random, kernel=True)
        check(program)
        machine = Machine(program)
        with oracle.Socket(program) as kernel:
            for length in range(0, 70, random.randint(1, 5)):
                packet = random_packet(random, length)
                verdict = machine.run(packet)
                wanted = min(verdict, length) if verdict else None
                assert kernel.run(packet) == wanted, (program, packet)


@pytest.mark.parametrize(
    ("rows", "packet", "verdict"),
    [
        ([(0x80, 0, 0, 0), (0x16, 0, 0, 0)], b"abc", 10),
        ([(0x28, 0, 0, 1), (0x16, 0, 0, 0)], b"abc", 0x6263),
        ([(0x28, 0, 0, 2), (0x06, 0, 0, 7)], b"abc", 0),
        ([(0x01, 0, 0, 0xFFFFFFFF), (0x50, 0, 0, 1), (0x06, 0, 0, 7)], b"abc", 0),
        ([(0x00, 0, 0, 1), (0x01, 0, 0, 32), (0x6C, 0, 0, 0), (0x16, 0, 0, 0)], b"", 0),
        ([(0x00, 0, 0, 9), (0x3C, 0, 0, 0), (0x06, 0, 0, 7)], b"", 0),
        ([(0x00, 0, 0, 9), (0x9C, 0, 0, 0), (0x06, 0, 0, 7)], b"", 0),
        ([(0x00, 0, 0, 9), (0x94, 0, 0, 0), (0x06, 0, 0, 7)], b"", 0),
        ([(0x60, 0, 0, 15), (0x04, 0, 0, 3), (0x16, 0, 0, 0)], b"", 3),
        ([(0x05, 0, 0, 0xFFFFFFFF), (0x06, 0, 0, 7)], b"", 0),
        ([(0xFF, 0, 0, 0)], b"", None),
        ([(0x05, 0, 0, 5), (0x06, 0, 0, 7)], b"", None),
        ([(0x02, 0, 0, 16), (0x06, 0, 0, 7)], b"", None),
        ([(0x02, 0, 0, 1)], b"", None),
        ([], b"", None),
    ],
)
def test_corners(rows: list[tuple[int, int, int, int]], packet: bytes, verdict: int | None) -> None:
    """What libpcap does at the edges, and what has no meaning at all."""
    if verdict is None:
        with pytest.raises(ProgramError):
            run(Program.of(rows), packet)
    else:
        assert run(Program.of(rows), packet, 10) == verdict
