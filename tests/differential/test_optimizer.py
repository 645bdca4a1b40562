"""The optimiser beside libpcap's: libpcap's unoptimised program in, its optimised one out.

Where the listings differ, libpcap's own two programs have to disagree on a complete packet: one
that is found by walking through them, or else by Z3. Hardly any difference may stay unproved.
Whatever the listing, ours has to agree with the unoptimised program on every complete packet that
is tried; where it differs from libpcap's, Z3 has to prove that it agrees on all of them.
"""

import json
import random
from pathlib import Path

import pytest

import pcapfilter as pf
from pcapfilter.bpf import isa
from pcapfilter.bpf.program import Program
from pcapfilter.codegen.linearize import linearize
from pcapfilter.codegen.optimize import optimize
from pcapfilter.engine import reference
from pcapfilter.errors import FilterError, RejectsAllError
from pcapfilter.tools.prove import Different, Grade, Same, decide
from tests import oracle, strategies
from tests.codegen.drawn import Drawer
from tests.codegen.straight import graph_of
from tests.codegen.walker import packets

LINKS = ("EN10MB", "RAW", "IPV4", "IPV6", "NULL", "LOOP", "LINUX_SLL", "LINUX_SLL2", "PPP")
REJECTS = Program.of([(6, 0, 0, 0)])
_ABSOLUTE = {isa.LD | isa.ABS | size for size in (isa.W, isa.H, isa.B)}
_ANCILLARY = 0xFFFFF000
CASES = json.loads(
    (Path(__file__).parent.parent.parent / "corpus" / "deviations.json").read_text(encoding="utf-8")
)


def ours(plain: Program) -> Program | str:
    """The optimised program, or the message of the refusal."""
    try:
        program = linearize(optimize(graph_of(plain)))
    except FilterError as error:
        return error.message
    return "expression rejects all packets" if program == REJECTS else program


def libpcaps(text: str, link: str) -> Program | str:
    """The same of libpcap."""
    try:
        return oracle.compile(text, link, netmask=0)
    except oracle.Refused as refusal:
        return str(refusal)


def _ordinary(program: Program) -> Program:
    """Take what a kernel knows of a packet (its direction, its mark) from far inside the packet."""
    return Program.of(
        row._replace(k=60000 + row.k % 64 * 4)
        if row.code in _ABSOLUTE and _ANCILLARY <= row.k < _ANCILLARY + 64
        else row
        for row in program
    )


def differ(plain: Program, other: Program | str, rng: random.Random, tries: int) -> bytes | None:
    """A complete packet on which a program (or a refusal, taken as a rejection) is wrong."""
    plain = _ordinary(plain)
    other = _ordinary(other) if isinstance(other, Program) else REJECTS
    machines = [oracle.Machine(plain), oracle.Machine(other)]
    for packet in packets(plain, rng, tries):
        if machines[0].run(packet) != machines[1].run(packet):
            return packet
    return None


def compare(text: str, link: str, rng: random.Random) -> bool | None:
    """Whether the listings are equal, or libpcap's wrong; None where libpcap refuses the text."""
    try:
        plain = oracle.compile(text, link, optimize=False, netmask=0)
    except oracle.Refused:
        return None
    mine, theirs = ours(plain), libpcaps(text, link)
    if isinstance(mine, Program) or mine == "expression rejects all packets":
        packet = differ(plain, mine, rng, 12)
        assert packet is None, f"{link}: {text}: ours is wrong on {packet!r}"
    if mine == theirs:
        return True
    assert isinstance(decide(plain, _taken(mine), Grade.FIRST, timeout=20), Same), text
    if differ(plain, theirs, rng, 100) is not None:
        return True
    return isinstance(decide(plain, _taken(theirs), Grade.FIRST, timeout=20), Different)


def _taken(program: Program | str) -> Program:
    """A program; a refusal is taken as a rejection."""
    return program if isinstance(program, Program) else REJECTS


@oracle.needs_libpcap
def test_everyday_expressions(rng: random.Random, sweep: float) -> None:
    outcomes = []
    for number in range(int(2700 * sweep)):
        link = LINKS[number % len(LINKS)]
        text = strategies.draw(rng, link)
        if "protochain" not in text:
            outcomes.append(compare(text, link, rng))
    taken = [outcome for outcome in outcomes if outcome is not None]
    assert len(taken) > 0.8 * len(outcomes)
    assert taken.count(False) <= len(taken) / 2000


@oracle.needs_libpcap
def test_arithmetic_and_repetition(sweep: float) -> None:
    """What is hard for the optimiser: operators of every kind, and tests that repeat."""
    rng, drawer = random.Random(1), Drawer(1)
    taken = []
    for number in range(int(2500 * sweep)):
        link = LINKS[number % len(LINKS)]
        outcome = compare(drawer.expression(2), link, rng)
        if outcome is not None:
            taken.append(outcome)
    assert taken.count(False) <= len(taken) / 1000


@oracle.needs_libpcap
def test_long_lists(rng: random.Random, sweep: float) -> None:
    """Chains of tests, many times as long as what is pulled up at once."""
    drawer = Drawer(2)
    for number in range(int(100 * sweep)):
        assert compare(drawer.chain(), LINKS[number % len(LINKS)], rng) is not False


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['link']} {case['filter'][:30]}")
def test_deviations_are_right(case: dict[str, object]) -> None:
    """On each packet of docs/deviations.md, with and without optimising."""
    text, link = str(case["filter"]), str(case["link"])
    packet = bytes.fromhex(str(case["packet"]))
    for wanted in (True, False):
        try:
            program = pf.compile(text, link=link, netmask=0, optimize=wanted).program()
        except RejectsAllError:
            program = REJECTS
        assert bool(reference.run(program, packet)) == case["right"]


@oracle.needs_libpcap
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['link']} {case['filter'][:30]}")
def test_deviations_are_libpcaps(case: dict[str, object]) -> None:
    """Its own two programs disagree on the packet, and no load of the unoptimised one fails."""
    text, link = str(case["filter"]), str(case["link"])
    packet = bytes.fromhex(str(case["packet"]))
    plain = oracle.compile(text, link, optimize=False, netmask=0)
    best = libpcaps(text, link)
    best = best if isinstance(best, Program) else REJECTS
    assert bool(oracle.Machine(plain).run(packet)) == case["right"]
    assert bool(oracle.Machine(best).run(packet)) != case["right"]
    marked = Program.of(row._replace(k=1) if row.code == 6 else row for row in plain)
    if case["rule"] != "division by zero":
        assert oracle.Machine(marked).run(packet) == 1


@oracle.needs_interface
@pytest.mark.parametrize("text", ["ip or (vlan and ip)", "ip and vlan 7"])
def test_a_tag_beside_the_packet(text: str, root: Path) -> None:
    """libpcap's optimised programs look past it."""
    plain, best = (oracle.compile_live(text, optimize=wanted) for wanted in (False, True))
    mine = pf.compile(text, source="live", netmask=0).program()
    assert isinstance(decide(_ordinary(plain), _ordinary(mine), Grade.FIRST), Same)
    assert isinstance(decide(_ordinary(plain), _ordinary(best), Grade.FIRST), Different)
    assert f"`{text}`" in (root / "docs" / "deviations.md").read_text(encoding="utf-8")


def test_deviations_are_written_down(root: Path) -> None:
    page = (root / "docs" / "deviations.md").read_text(encoding="utf-8")
    for case in CASES:
        for part in (case["filter"].replace("|", "\\|"), case["packet"]):
            assert f"`{part}`" in page
        assert f"| {case['rule']} |" in page
