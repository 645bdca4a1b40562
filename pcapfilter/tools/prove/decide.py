"""Two programs, classic or eBPF -> whether they select the same packets."""

import time
from enum import Enum
from typing import NamedTuple

import z3

from pcapfilter.bpf import program as bpf
from pcapfilter.engine import reference
from pcapfilter.packets import MAXIMUM_SNAPLEN
from pcapfilter.tools.prove import classic, extended, witness, words
from pcapfilter.tools.prove.classic import Outcome
from pcapfilter.tools.prove.hosts import WORLDS
from pcapfilter.tools.prove.octets import AnyPacket
from pcapfilter.tools.prove.replay import Program, Side
from pcapfilter.tools.prove.witness import Witness
from pcapfilter.tools.prove.words import Condition

_NICE = (256, 1514, 65535)
"""Lengths that a witness should not exceed, if it can be helped."""


class Grade(Enum):
    """Which packets are meant.

    A load that reaches past the captured octets fails; with a longer packet it would not. A load
    whose x + k passes 2**32 rejects the packet however long it is.
    """

    EVERY = "every packet"
    COMPLETE = "packets on which no load of either program fails"
    FIRST = "packets on which no load of the first program fails or wraps"


class Same(NamedTuple):
    """The programs select the same packets: proved.

    Of packets of up to `reach` captured octets, if that is not None, and of those on which no
    program jumps backward more than `turns` times, if that is not None.
    """

    reach: int | None
    turns: int | None


class Different(NamedTuple):
    """One program selects the packet and the other does not: replayed on the reference machine."""

    witness: Witness


class Unknown(NamedTuple):
    """Neither was shown."""

    reason: str


Answer = Same | Different | Unknown


def decide(
    first: Program | Side,
    second: Program | Side,
    grade: Grade = Grade.COMPLETE,
    *,
    timeout: float = 30.0,
    turns: int = classic.TURNS,
    reach: int = MAXIMUM_SNAPLEN,
    live: bool = True,
) -> Answer:
    """Give whether two programs select the same packets of a grade; ProgramError for no programs.

    `timeout` is in seconds. Loops are followed for `turns` backward jumps. Packets have at most
    `reach` captured octets, which says nothing less of programs that look no further. Where `live`,
    loads from 0xfffff000 up ask the kernel, which gives both programs the same answers; otherwise
    they fail, as in libpcap. An eBPF program is of host user unless a Side says more, and looks
    before it loads: it has no loads that fail.
    """
    deadline = time.monotonic() + timeout
    sides = _side(first), _side(second)
    packet = AnyPacket(z3.Context())
    whole = (grade is not Grade.EVERY, grade is Grade.COMPLETE)
    one, other = (
        follow(side, packet, complete=complete, live=live, turns=turns)
        for side, complete in zip(sides, whole, strict=True)
    )
    if sides[0] == sides[1]:
        return Same(None, None)
    beyond = words.either((one.beyond, other.beyond))
    claims: list[Condition] = [
        words.differ(one.selects, other.selects),
        words.negate(words.either(_excused(sides, (one, other), grade))),
        words.negate(beyond),
        *packet.rules(),
        z3.ULE(packet.caplen, reach),
    ]
    if any(side.in_kernel for side in sides):
        claims.append(packet.wirelen == packet.caplen)
    same = Same(reach if packet.reaches > reach else None, None if beyond is False else turns)
    if any(claim is False for claim in claims):
        return same
    solver = z3.SolverFor("QF_BV", ctx=packet.terms)
    solver.add(*claims)
    match _ask(solver, deadline):
        case z3.unsat:
            return same
        case z3.sat:
            model = _nicer(solver, packet, deadline)
            return Different(witness.read(model, packet, sides, pad=grade is Grade.COMPLETE))
        case _:
            return Unknown(f"undecided after {timeout:g} s")


def follow(
    side: Side, packet: AnyPacket, *, complete: bool, live: bool = True, turns: int = classic.TURNS
) -> Outcome:
    """Give what a program does with the packet; ProgramError where it is none."""
    if isinstance(side.program, bpf.Program):
        reference.machine(side.program)
        return classic.follow(side.program, packet, complete=complete, live=live, turns=turns)
    return extended.follow(side.program, packet, WORLDS[side.host], turns=turns)


def _side(given: Program | Side) -> Side:
    return given if isinstance(given, Side) else Side(given)


def _excused(
    sides: tuple[Side, Side], outcomes: tuple[Outcome, Outcome], grade: Grade
) -> list[Condition]:
    """Give the conditions under which a packet does not count in a grade."""
    shorts = [
        outcome.short
        for side, outcome in zip(sides, outcomes, strict=True)
        if isinstance(side.program, bpf.Program)
    ]
    match grade:
        case Grade.EVERY:
            return []
        case Grade.COMPLETE:
            return shorts
        case Grade.FIRST:
            return [*shorts[:1], outcomes[0].wraps]


def _ask(solver: z3.Solver, deadline: float) -> z3.CheckSatResult:
    left = deadline - time.monotonic()
    if left <= 0:
        return z3.unknown
    solver.set("timeout", max(1, int(left * 1000)))
    return solver.check()


def _nicer(solver: z3.Solver, packet: AnyPacket, deadline: float) -> z3.ModelRef:
    """Give a model of the solver, if possible one of a packet of ordinary length."""
    found = solver.model()
    for length in _NICE:
        if max(witness.value(found, packet.caplen), witness.value(found, packet.wirelen)) <= length:
            break
        solver.push()
        solver.add(z3.ULE(packet.caplen, length), z3.ULE(packet.wirelen, length))
        if _ask(solver, min(deadline, time.monotonic() + 1)) == z3.sat:
            return solver.model()
        solver.pop()
    return found
