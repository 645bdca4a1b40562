"""A packet on which two programs differ: read from Z3's model, made short, replayed."""

from collections.abc import Mapping
from typing import NamedTuple

import z3

from pcapfilter.errors import InternalError
from pcapfilter.tools.prove.octets import AnyPacket
from pcapfilter.tools.prove.replay import Side
from pcapfilter.tools.prove.words import TOP

_PADDED = 1 << 18
"""The longest packet whose missing octets are filled up with zeros."""


class Witness(NamedTuple):
    """A packet that one program selects and the other does not.

    `first` tells whether it is the first program that selects it, `complete` that no load fails on
    it. `answers` are what the kernel was taken to answer to ancillary loads, by their k.
    """

    packet: bytes
    wirelen: int
    first: bool
    answers: Mapping[int, int]
    complete: bool


def read(
    model: z3.ModelRef, packet: AnyPacket, sides: tuple[Side, Side], *, complete: bool
) -> Witness:
    """Give the packet of a model, cut to what the programs read; InternalError if it is none.

    Where it is `complete` it may as well be longer, and is as long as on the wire.
    """
    captured = value(model, packet.caplen)
    octets = bytearray(captured)
    for place, octet in placed(model, packet).items():
        if place < captured:
            octets[place] = octet
    answers = {k: value(model, answer) for k, answer in packet.answers.items()}
    wirelen = value(model, packet.wirelen) if packet.measured else None
    return replay(sides, bytes(octets), wirelen, answers, complete=complete)


def placed(model: z3.ModelRef, packet: AnyPacket) -> dict[int, int]:
    """Give the octets that programs ask for, by their place, also those that are not there."""
    found: dict[int, int] = {}
    for base, known in packet.floating.values():
        assert not isinstance(base.term, int)
        start = value(model, base.term)
        found.update(((start + k) & TOP, value(model, octet)) for k, octet in known.items())
    found.update((place, value(model, octet)) for place, octet in packet.fixed.items())
    return found


def replay(
    sides: tuple[Side, Side],
    octets: bytes,
    wirelen: int | None,
    answers: Mapping[int, int],
    *,
    complete: bool,
) -> Witness:
    """Give the witness, once the machines differ on it; `wirelen` is None where nobody asks."""
    length = len(octets) if wirelen is None else wirelen
    (first, one), (second, other) = (side.judge(octets, length, answers) for side in sides)
    if first == second:
        raise InternalError("prove", f"no difference on {octets.hex()}, length {length}")
    shown = octets[: max(one, other)]
    if wirelen is None:
        return Witness(shown, len(shown), first, answers, complete)
    if complete and wirelen <= _PADDED:
        shown = shown.ljust(wirelen, b"\0")
    return Witness(shown, wirelen, first, answers, complete)


def value(model: z3.ModelRef, term: z3.BitVecRef) -> int:
    """Give the number that a term is in a model."""
    return int(model.eval(term, model_completion=True).as_long())
