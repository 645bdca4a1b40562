"""Programs on their way into the kernel, or to user space, decide as they did."""

import random
import struct

import pytest

import pcapfilter as pf
from pcapfilter.bpf import isa
from pcapfilter.bpf.check import check
from pcapfilter.bpf.program import Program
from pcapfilter.engine.reference import run
from pcapfilter.errors import ProgramError
from pcapfilter.io.live import programs
from pcapfilter.io.live.programs import COOKED, EVERYTHING, for_kernel, for_user, guard
from tests.live.wires import arp, icmp, tagged, tcp, udp

TEXTS = (
    "ip", "tcp port 80", "udp and vlan 5", "vlan and vlan 6", "inbound", "outbound and ip6",
    "ifindex 7", "greater 100", "ip[ip[0] & 15] = 8", "ip protochain 6", "ether[12:2] > 0x600",
    "vlan 5 and tcp", "not vlan and not ip",
)  # fmt: skip
FRAMES = [
    frame
    for plain in (udp(), tcp(), icmp(), icmp(6), arp(), udp(version=6), tcp(version=6))
    for frame in (plain, tagged(plain, 5), tagged(plain, 5, 6), plain[:20], plain[:13])
]  # fmt: skip


def metadata(kind: int, interface: int, tag: int | None) -> bytes:
    """Give what stands in front of a packet that is judged in user space."""
    return struct.pack("!4I", kind, interface, tag or 0, tag is not None)


def answered(program: Program, kind: int, interface: int, tag: int | None) -> Program:
    """Give a program whose questions to the kernel are answered by constants."""
    answers = {
        programs.PACKET_TYPE: kind, programs.INTERFACE: interface,
        programs.VLAN_TAG: tag or 0, programs.VLAN_TAG_PRESENT: int(tag is not None),
    }  # fmt: skip
    return Program(
        step._replace(code=isa.LD | isa.IMM, k=answers[step.k])
        if isa.ROWS[step.code].mode == "abs" and step.k in answers
        else step
        for step in program
    )


@pytest.mark.parametrize("text", TEXTS)
def test_user_space_decides_as_the_kernel_would(text: str) -> None:
    draw = random.Random(text)
    program = pf.compile(text, source="live").program()
    rest = for_user(program)
    for frame in FRAMES:
        kind, interface = draw.choice((0, 3, 4)), draw.choice((1, 7))
        tag = draw.choice((None, 5, 0xE005))
        wanted = run(answered(program, kind, interface, tag), frame, len(frame) + 50)
        octets = metadata(kind, interface, tag) + frame
        assert run(rest, octets, len(frame) + 50) == wanted, frame.hex()


def test_a_load_beyond_all_packets_rejects_in_user_space() -> None:
    for step in (
        (isa.LD | isa.IND, 0, 0, 0xFFFFFFF8),
        (isa.LD | isa.ABS, 0, 0, isa.ANCILLARY_BASE + 60),
    ):
        rest = for_user(Program.of([step, (isa.RET, 0, 0, 1)]))
        assert Program.unpack(rest.pack()) == rest
        assert run(rest, bytes(100)) == 0


@pytest.mark.parametrize("direction", ["in", "out", "inout"])
def test_a_guard_is_taken_and_leaves_no_trace(direction: programs.Direction) -> None:
    made = for_kernel(EVERYTHING, guard(direction), None)
    check(made)
    a_stays_zero = Program.of([(isa.RET | isa.A, 0, 0, 0)])
    for kind, hardware in ((0, 1), (4, 1), (0, 772), (4, 772)):
        answers = {programs.PACKET_TYPE: kind, programs.HARDWARE: hardware}
        passes = {"in": kind != 4, "out": kind == 4, "inout": (kind, hardware) != (4, 772)}
        for behind, wanted in ((EVERYTHING, 262144), (a_stays_zero, 0)):
            whole = Program(
                step._replace(code=isa.LD | isa.IMM, k=answers[step.k])
                if step.k in answers else step
                for step in (*guard(direction), *behind)
            )  # fmt: skip
            assert run(whole, bytes(60)) == (wanted if passes[direction] else 0)


def test_what_the_kernel_cannot_see_of_a_cooked_packet_is_refused() -> None:
    for link, text, reason in (
        ("LINUX_SLL2", "greater 100", "without the cooked header"),
        ("LINUX_SLL2", "link[8:2] = 1", r"no such field as \[8:2\]"),
        ("LINUX_SLL2", "link[0:4] = 1", r"no such field as \[0:4\]"),
        ("LINUX_SLL2", "link[link[0]] = 1", "no such field"),
        ("LINUX_SLL", "link[2:2] = 1", r"no such field as \[2:2\]"),
    ):
        program = pf.compile(text, link=link, source="live").program()
        with pytest.raises(ProgramError, match=reason):
            for_kernel(program, guard("inout"), COOKED[link])


def test_a_cooked_program_asks_the_kernel() -> None:
    program = pf.compile("inbound and udp port 53", link="LINUX_SLL2", source="live").program()
    made = for_kernel(program, Program(), COOKED["LINUX_SLL2"])
    assert len(made) == len(program)
    asked = {step.k for step in made if step.k >= isa.ANCILLARY_BASE}
    assert asked == {programs.PACKET_TYPE, programs.PROTOCOL}
