"""Two programs: proved the same, or a packet on which they differ, also for libpcap's machine."""

import json
import random
from pathlib import Path

import pytest

import pcapfilter as pf
from pcapfilter.bpf import isa
from pcapfilter.bpf.program import Program
from tests import oracle
from tests.codegen.drawn import Drawer
from tests.codegen.walker import packets

pytest.importorskip("z3")

from pcapfilter.tools.prove import Answer, Different, Grade, Same, Unknown, decide

NOTHING = Program.of([(isa.RET | isa.K, 0, 0, 0)])
CORPUS = Path(__file__).parent.parent.parent / "corpus"
DEVIATIONS = json.loads((CORPUS / "deviations.json").read_text(encoding="utf-8"))


def program(text: str, link: str = "EN10MB", *, optimize: bool = True) -> Program:
    try:
        return pf.compile(text, link=link, netmask=0, optimize=optimize).program()
    except pf.RejectsAllError:
        return NOTHING


def confirm(answer: Answer, first: Program, second: Program) -> None:
    """libpcap's bpf_filter differs on the packet, too."""
    if isinstance(answer, Different) and not answer.witness.answers and oracle.version():
        packet, wirelen, selects = answer.witness[:3]
        assert bool(oracle.Machine(first).run(packet, wirelen)) == selects
        assert bool(oracle.Machine(second).run(packet, wirelen)) != selects


def both_ways(first: Program, second: Program, grade: Grade = Grade.COMPLETE) -> type[Answer]:
    """The kind of the answer, which does not depend on the order."""
    answers = decide(first, second, grade), decide(second, first, grade)
    confirm(answers[0], first, second)
    confirm(answers[1], second, first)
    assert type(answers[0]) is type(answers[1])
    return type(answers[0])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("host 1.2.3.4 and port 80", "port 80 and host 1.2.3.4"),
        ("tcp or udp", "not (not tcp and not udp)"),
        ("ip[8] / 2 = 3", "ip[8] >> 1 = 3"),
        ("ip[8] * 4 = 12", "ip[8] << 2 = 12"),
        ("ip[8] % 8 = 5", "ip[8] & 7 = 5"),
        ("portrange 79-81", "port 79 or 80 or 81"),
        ("less 100", "len <= 100"),
        ("net 10.0.0.0/8", "src net 10 or dst net 10"),
    ],
)
def test_same(one: str, other: str) -> None:
    assert both_ways(program(one), program(other)) is Same


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("tcp port 80 or 443", "tcp port 80 or 444"),
        ("less 100", "len < 100"),
        ("greater 262145", "greater 262146"),
        ("ip protochain 6", "ip proto 6"),
        ("ip6 protochain 17", "ip6 proto 17"),
        ("tcp[tcpflags] & tcp-syn != 0", "tcp[tcpflags] = tcp-syn"),
        ("not host 1.2.3.4 or host 5.6.7.8", "not (host 1.2.3.4 or host 5.6.7.8)"),
        ("ip[ip[2:2]] = 7", "ip[ip[2:2]] = 8"),
        ("len / 7 = 13", "len / 7 = 14"),
    ],
)
def test_different(one: str, other: str) -> None:
    assert both_ways(program(one), program(other)) is Different


@pytest.mark.parametrize(
    "text", ["tcp[13] & 2 = 1", "port 80 and not tcp and not udp and not sctp"]
)
def test_never_matches(text: str) -> None:
    assert both_ways(program(text, optimize=False), NOTHING, Grade.EVERY) is Same


def test_short_packets_make_grades() -> None:
    """Unoptimised, an octet is loaded that the verdict does not depend on."""
    looks, best = program("ip[30] = 1 or ip", optimize=False), program("ip")
    assert both_ways(looks, best, Grade.COMPLETE) is Same
    assert both_ways(looks, best, Grade.EVERY) is Different
    assert isinstance(decide(looks, best, Grade.FIRST), Same)
    assert isinstance(decide(best, looks, Grade.FIRST), Different)


def test_a_sum_that_wraps_is_no_short_packet() -> None:
    load = isa.LD | isa.B | isa.IND
    rows = [(isa.LDX | isa.IMM, 0, 0, 8), (load, 0, 0, 2**32 - 8), (isa.RET | isa.K, 0, 0, 1)]
    assert both_ways(Program.of(rows), NOTHING, Grade.EVERY) is Same
    assert both_ways(Program.of(rows), NOTHING, Grade.COMPLETE) is Same
    accepts = Program.of([(isa.RET | isa.K, 0, 0, 1)])
    assert both_ways(Program.of(rows), accepts, Grade.COMPLETE) is Different
    assert isinstance(decide(Program.of(rows), accepts, Grade.FIRST), Same)


def test_what_the_kernel_is_asked() -> None:
    tag = pf.compile("vlan 5", source="live", netmask=0).program()
    other = pf.compile("vlan 6", source="live", netmask=0).program()
    assert both_ways(tag, other) is Different
    found = decide(tag, other)
    assert isinstance(found, Different)
    # Loads that ask the kernel fail where there is none: then only what is in the packet counts.
    assert isinstance(decide(tag, NOTHING, Grade.EVERY, live=False), Same)


def test_a_loop_without_end_is_not_proved_to_be_anything() -> None:
    rows = [(isa.LD | isa.IMM, 0, 0, 1), (isa.JMP | isa.JA, 0, 0, 2**32 - 2)]
    answer = decide(Program.of(rows), NOTHING)
    assert answer == Unknown("every packet goes round a loop more than 4 times")


def test_bounds_are_told() -> None:
    one, other = program("ip protochain 6"), program("protochain 6 and ip")
    assert decide(one, other, turns=5) == Same(None, 5)
    far = Program.of([(isa.LDX | isa.LEN, 0, 0, 0), (isa.LD | isa.B | isa.IND, 0, 0, 9),
                      (isa.RET | isa.A, 0, 0, 0)])  # fmt: skip
    assert decide(far, NOTHING) == Same(262144, None)
    hard = program("ip[0:4] * ip[4:4] = 0x12345677 and ip[8:4] * ip[12:4] % 1000003 = 17")
    assert isinstance(decide(hard, NOTHING, timeout=1e-9), Unknown)


@pytest.mark.parametrize(
    "case", DEVIATIONS, ids=lambda case: f"{case['link']} {case['filter'][:30]}"
)
def test_recorded_deviations(case: dict[str, str]) -> None:
    """Ours is right wherever no load of the unoptimised program fails."""
    plain = program(case["filter"], case["link"], optimize=False)
    assert isinstance(decide(plain, program(case["filter"], case["link"]), Grade.FIRST), Same)


@oracle.needs_libpcap
@pytest.mark.parametrize(
    "case", DEVIATIONS, ids=lambda case: f"{case['link']} {case['filter'][:30]}"
)
def test_libpcaps_faults_are_found(case: dict[str, str]) -> None:
    plain = oracle.compile(case["filter"], case["link"], optimize=False, netmask=0)
    try:
        best = oracle.compile(case["filter"], case["link"], netmask=0)
    except oracle.Refused:
        best = NOTHING
    assert both_ways(plain, best) is Different
    assert isinstance(decide(plain, best, Grade.FIRST), Different)


def spoiled(plain: Program, rng: random.Random) -> Program:
    """The program with one constant, jump or operator changed."""
    rows = list(plain)
    at = rng.randrange(len(rows) - 2)
    code, jt, jf, k = rows[at]
    row = isa.ROWS[code]
    if row.kind == "jump" and row.mode != "ja":
        way = rng.randrange(3)
        jt, jf = [(jf, jt), (jt, min(jf + 1, len(rows) - at - 2)), (jt, jf)][way]
        k = k ^ 1 << rng.randrange(16) if way == 2 else k
    elif row.kind == "load" and row.mode in {"abs", "ind", "imm", "msh"}:
        k = k + rng.choice((1, 2, 16))
    elif row.kind == "alu" and row.mode == "k" and row.meaning not in {"div", "mod", "lsh", "rsh"}:
        k ^= 1 << rng.randrange(8)
    return Program.of([*rows[:at], (code, jt, jf, k), *rows[at + 1 :]])


@oracle.needs_libpcap
def test_finds_what_a_search_finds(sweep: float) -> None:
    """Where random packets tell two programs apart, they are never proved the same."""
    rng, drawer = random.Random(5), Drawer(5)
    found = 0
    for _ in range(int(120 * sweep)):
        try:
            plain = oracle.compile(drawer.expression(2), optimize=False, netmask=0)
        except oracle.Refused:
            continue
        if len(plain) < 4:
            continue
        other = spoiled(plain, rng)
        machines = oracle.Machine(plain), oracle.Machine(other)
        told = False
        for packet in packets(plain, rng, 40):
            told = told or bool(machines[0].run(packet)) != bool(machines[1].run(packet))
        answer = decide(plain, other, Grade.EVERY)
        confirm(answer, plain, other)
        assert isinstance(answer, Different) or not told
        found += told
    assert found > 15 * sweep
