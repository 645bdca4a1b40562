"""Two classic programs -> whether they select the same packets."""

import time
from enum import Enum
from typing import NamedTuple

import z3

from pcapfilter.bpf.program import Program
from pcapfilter.engine import reference
from pcapfilter.packets import MAXIMUM_SNAPLEN
from pcapfilter.tools.prove import classic, witness, words
from pcapfilter.tools.prove.octets import AnyPacket
from pcapfilter.tools.prove.witness import Witness
from pcapfilter.tools.prove.words import Condition

_NICE = (1514, 65535)
"""Lengths on the wire that a witness should not exceed, if it can be helped."""


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
    first: Program,
    second: Program,
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
    they fail, as in libpcap.
    """
    for program in (first, second):
        reference.machine(program)
    if first == second:
        return Same(None, None)
    deadline = time.monotonic() + timeout
    terms = z3.Context()
    packet = AnyPacket(terms)
    whole = (grade is not Grade.EVERY, grade is Grade.COMPLETE)
    outcomes = [
        classic.follow(program, packet, complete=complete, live=live, turns=turns)
        for program, complete in zip((first, second), whole, strict=True)
    ]
    claims: list[Condition] = [words.differ(outcomes[0].selects, outcomes[1].selects)]
    claims += [
        words.negate(outcome.short)
        for outcome, complete in zip(outcomes, whole, strict=True)
        if complete
    ]
    if grade is Grade.FIRST:
        claims.append(words.negate(outcomes[0].wraps))
    beyond = words.either(outcome.beyond for outcome in outcomes)
    claims += [words.negate(beyond), *packet.rules()]
    claims.append(z3.ULE(packet.caplen, reach))
    same = Same(reach if packet.reaches > reach else None, None if beyond is False else turns)
    if any(claim is False for claim in claims):
        return same
    solver = z3.SolverFor("QF_BV", ctx=terms)
    solver.add(*claims)
    match _ask(solver, deadline):
        case z3.unsat:
            return same
        case z3.sat:
            model = _nicer(solver, packet, deadline)
            pad = grade is Grade.COMPLETE
            return Different(witness.read(model, packet, (first, second), pad=pad))
        case _:
            return Unknown(f"undecided after {timeout:g} s")


def _ask(solver: z3.Solver, deadline: float) -> z3.CheckSatResult:
    left = deadline - time.monotonic()
    if left <= 0:
        return z3.unknown
    solver.set("timeout", max(1, int(left * 1000)))
    return solver.check()


def _nicer(solver: z3.Solver, packet: AnyPacket, deadline: float) -> z3.ModelRef:
    """Give a model of the solver, if possible one of a packet of ordinary length."""
    found = solver.model()
    if packet.measured:
        for length in _NICE:
            solver.push()
            solver.add(z3.ULE(packet.wirelen, length))
            if _ask(solver, min(deadline, time.monotonic() + 1)) == z3.sat:
                return solver.model()
            solver.pop()
    return found
