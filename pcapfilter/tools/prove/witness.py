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

    `answers` are what the kernel was taken to answer to ancillary loads, by their k. `first` tells
    whether it is the first program that selects the packet.
    """

    packet: bytes
    wirelen: int
    first: bool
    answers: Mapping[int, int]


def read(model: z3.ModelRef, packet: AnyPacket, sides: tuple[Side, Side], *, pad: bool) -> Witness:
    """Give the packet of a model, cut to what the programs read; InternalError if it is none.

    Where `pad` says that the packet may as well be longer, it is as long as on the wire.
    """
    captured = value(model, packet.caplen)
    octets = bytearray(captured)
    for place, octet in packet.fixed.items():
        if place < captured:
            octets[place] = value(model, octet)
    for base, known in packet.floating.values():
        assert not isinstance(base.term, int)
        start = value(model, base.term)
        for k, octet in known.items():
            place = (start + k) & TOP
            if place < captured:
                octets[place] = value(model, octet)
    answers = {k: value(model, answer) for k, answer in packet.answers.items()}
    wirelen = value(model, packet.wirelen) if packet.measured else None
    return replay(sides, bytes(octets), wirelen, answers, pad=pad)


def replay(
    sides: tuple[Side, Side],
    octets: bytes,
    wirelen: int | None,
    answers: Mapping[int, int],
    *,
    pad: bool,
) -> Witness:
    """Give the witness, once the machines differ on it; `wirelen` is None where nobody asks."""
    length = len(octets) if wirelen is None else wirelen
    (first, one), (second, other) = (side.judge(octets, length, answers) for side in sides)
    if first == second:
        raise InternalError("prove", f"no difference on {octets.hex()}, length {length}")
    shown = octets[: max(one, other)]
    if wirelen is None:
        return Witness(shown, len(shown), first, answers)
    if pad and wirelen <= _PADDED:
        shown = shown.ljust(wirelen, b"\0")
    return Witness(shown, wirelen, first, answers)


def value(model: z3.ModelRef, term: z3.BitVecRef) -> int:
    """Give the number that a term is in a model."""
    return int(model.eval(term, model_completion=True).as_long())
