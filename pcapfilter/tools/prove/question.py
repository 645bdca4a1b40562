"""A question to the solver: on which packets two programs differ."""

import time
from enum import Enum
from typing import NamedTuple

import z3

from pcapfilter.bpf import program as bpf
from pcapfilter.engine import reference
from pcapfilter.packets import MAXIMUM_SNAPLEN
from pcapfilter.tools.prove import classic, dress, extended, witness, words
from pcapfilter.tools.prove.hosts import WORLDS
from pcapfilter.tools.prove.octets import AnyPacket, TimeUpError
from pcapfilter.tools.prove.replay import KERNEL, Side
from pcapfilter.tools.prove.ways import TURNS, Outcome
from pcapfilter.tools.prove.witness import Witness
from pcapfilter.tools.prove.words import Condition

_NICE = (256, 1514, 65535)
"""Lengths that a witness should not exceed, if it can be helped."""
_PATIENCE = 1.0
"""Seconds for one question about what would be nicer."""

_INTERRUPTED = "interrupted from keyboard"
"""What Z3 says when it has taken a Ctrl-C for itself."""


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
    program jumps backward more than `turns` times, if that is not None. `unset` tells that scratch
    cells may be read in which nothing was stored: they are 0, and in libpcap anything.
    """

    reach: int | None
    turns: int | None
    unset: bool = False


class Different(NamedTuple):
    """One program selects the packet and the other does not: replayed on the machines."""

    witness: Witness


class Unknown(NamedTuple):
    """Neither was shown."""

    reason: str


Answer = Same | Different | Unknown


class Question:
    """Two programs and a grade, put to a solver; it can be asked for one packet after another.

    `only` is 0 or 1 where only packets count that this one of the programs selects. `reach`,
    `turns` and `live` are those of `decide`.
    """

    def __init__(
        self,
        sides: tuple[Side, Side],
        grade: Grade,
        *,
        only: int | None = None,
        turns: int = TURNS,
        reach: int = MAXIMUM_SNAPLEN,
        live: bool = True,
    ) -> None:
        self.sides, self.grade, self.only = sides, grade, only
        self._turns, self._reach, self._live = turns, reach, live
        self._posed: _Posed | None = None
        self._shown: z3.ModelRef | None = None

    def ask(self, timeout: float, link: str = "", spare: float = 0.0) -> Answer:
        """Give a packet that was not given yet and goes another way, if there is one.

        On a link type that is known it looks like traffic where possible. Same means that there is
        none (more), Unknown that `timeout` seconds did not suffice; looks may take `spare` more.
        ProgramError where one of the programs is none.
        """
        deadline = time.monotonic() + timeout
        unknown = Unknown(f"undecided in {max(timeout, 0):.2g} s")
        try:
            posed = self._posed = self._posed or self._pose(deadline)
        except TimeUpError:
            return unknown
        packet, solver = posed.packet, posed.solver
        if solver is None:
            return posed.same
        if self._shown is not None:
            posed.exclude(self._shown)
        match _check(solver, deadline):
            case z3.unsat:
                return posed.same
            case z3.sat:
                deadline += spare
                complete = self.grade is Grade.COMPLETE
                model = solver.model()
                solver.push()
                model = posed.nicer(model, deadline)
                found = witness.read(model, packet, self.sides, complete=complete)
                if link:
                    found = dress.dress(
                        found, model, solver, packet, self.sides, link, deadline, self.only
                    )
                    model = solver.model() if solver.check() == z3.sat else model
                solver.pop(solver.num_scopes())
                self._shown = model
                return Different(found)
            case _:
                return unknown

    def _pose(self, deadline: float) -> "_Posed":
        """Put the question into terms; TimeUpError if that takes too long."""
        sides, grade, only, reach = self.sides, self.grade, self.only, self._reach
        packet = AnyPacket(z3.Context(), deadline)
        whole = (grade is not Grade.EVERY, grade is Grade.COMPLETE)
        outcomes = [
            follow(side, packet, complete=complete, live=self._live, turns=self._turns)
            for side, complete in zip(sides, whole, strict=True)
        ]
        beyond = words.either(outcome.beyond for outcome in outcomes)
        claims = [
            words.differ(outcomes[0].selects, outcomes[1].selects),
            True if only is None else outcomes[only].selects,
            words.negate(words.either(self._excused(outcomes))),
            words.negate(beyond),
            *packet.rules(),
            z3.ULE(packet.caplen, reach),
        ]
        if any(side.in_kernel for side in sides):
            claims.append(packet.wirelen == packet.caplen)
        unset = words.either(outcome.unset for outcome in outcomes)
        same: Answer = Same(
            reach if packet.reaches > reach else None,
            None if beyond is False else self._turns,
            unset is not False,
        )
        if beyond is True:
            same = Unknown(f"every packet goes round a loop more than {self._turns} times")
        tests = [test for outcome in outcomes for test in outcome.tests]
        solver = None
        if sides[0] != sides[1] and all(claim is not False for claim in claims):
            solver = z3.SolverFor("QF_BV", ctx=packet.terms)
            solver.set("ctrl_c", False)  # or it would take Ctrl-C for a hard question
            solver.add(*claims)
        return _Posed(packet, same, unset, tests, solver)

    def _excused(self, outcomes: list[Outcome]) -> list[Condition]:
        """Give the conditions under which a packet does not count in this grade."""
        shorts = [
            outcome.short
            for side, outcome in zip(self.sides, outcomes, strict=True)
            if isinstance(side.program, bpf.Program)
        ]
        match self.grade:
            case Grade.EVERY:
                return []
            case Grade.COMPLETE:
                return shorts
            case Grade.FIRST:
                return [*shorts[:1], outcomes[0].wraps]


class _Posed(NamedTuple):
    """A question in terms of Z3.

    The packet, the answer where there is none that differs, when a cell is read unset, what makes
    packets go different ways, and the solver, which is None if no packet can differ.
    """

    packet: AnyPacket
    same: Answer
    unset: Condition
    tests: list[Condition]
    solver: z3.Solver | None

    def nicer(self, found: z3.ModelRef, deadline: float) -> z3.ModelRef:
        """Give a model of the solver, if possible one of a packet of ordinary length.

        And, before that, of one on which no program reads a scratch cell that is not set.
        """
        packet, solver = self.packet, self.solver
        assert solver is not None
        if self.unset is not False:
            solver.push()
            solver.add(words.negate(self.unset))
            if _check(solver, min(deadline, time.monotonic() + _PATIENCE)) == z3.sat:
                found = solver.model()
            else:
                solver.pop()
        for length in _NICE:
            lengths = (witness.value(found, of) for of in (packet.caplen, packet.wirelen))
            if max(lengths) <= length:
                break
            solver.push()
            solver.add(z3.ULE(packet.caplen, length), z3.ULE(packet.wirelen, length))
            if _check(solver, min(deadline, time.monotonic() + _PATIENCE)) == z3.sat:
                return solver.model()
            solver.pop()
        return found

    def exclude(self, model: z3.ModelRef) -> None:
        """Exclude packets that pass the tests that this one passes, and no others."""
        others = []
        for test in self.tests:
            if not isinstance(test, bool):
                passed = z3.is_true(model.eval(test, model_completion=True))
                others.append(z3.Not(test) if passed else test)
        assert self.solver is not None
        self.solver.add(z3.Or(*others) if others else z3.BoolVal(False, self.packet.terms))


def follow(
    side: Side, packet: AnyPacket, *, complete: bool, live: bool = True, turns: int = TURNS
) -> Outcome:
    """Give what a program does with the packet; ProgramError where it is none."""
    if isinstance(side.program, bpf.Program):
        reference.machine(side.program)
        return classic.follow(
            side.program,
            packet,
            complete=complete,
            live=live,
            turns=turns,
            kernel=side.host == KERNEL,
        )
    return extended.follow(side.program, packet, WORLDS[side.host], turns=turns)


def follows(side: Side) -> None:
    """Return if a program can be followed; ProgramError says why it cannot."""
    follow(side, AnyPacket(z3.Context()), complete=False)


def _check(solver: z3.Solver, deadline: float) -> z3.CheckSatResult:
    left = deadline - time.monotonic()
    if left <= 0:
        return z3.unknown
    solver.set("timeout", max(1, int(left * 1000)))
    found = solver.check()
    if found == z3.unknown and solver.reason_unknown() == _INTERRUPTED:
        raise KeyboardInterrupt
    return found
