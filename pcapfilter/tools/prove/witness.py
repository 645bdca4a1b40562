"""A packet on which two programs differ: read from Z3's model, made short, replayed."""

from collections.abc import Mapping
from typing import NamedTuple, overload

import z3

from pcapfilter.bpf import isa
from pcapfilter.bpf.program import Program
from pcapfilter.engine import reference
from pcapfilter.errors import InternalError
from pcapfilter.tools.prove.octets import AnyPacket
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


class _Watched:
    """Octets that remember how far they were read."""

    def __init__(self, octets: bytes) -> None:
        self.octets = octets
        self.end = 0

    def __len__(self) -> int:
        return len(self.octets)

    @overload
    def __getitem__(self, key: int) -> int: ...
    @overload
    def __getitem__(self, key: slice) -> bytes: ...
    def __getitem__(self, key: int | slice) -> int | bytes:
        self.end = max(self.end, key + 1 if isinstance(key, int) else key.stop)
        return self.octets[key]


def read(
    model: z3.ModelRef, packet: AnyPacket, programs: tuple[Program, Program], *, pad: bool
) -> Witness:
    """Give the packet of a model, cut to what the programs read; InternalError if it is none.

    Where `pad` says that the packet may as well be longer, it is as long as on the wire.
    """
    captured = _value(model, packet.caplen)
    wirelen = _value(model, packet.wirelen)
    octets = bytearray(captured)
    for place, octet in packet.fixed.items():
        if place < captured:
            octets[place] = _value(model, octet)
    for base, known in packet.floating.values():
        assert isinstance(base.term, z3.BitVecRef)
        start = _value(model, base.term)
        for k, octet in known.items():
            place = (start + k) & TOP
            if place < captured:
                octets[place] = _value(model, octet)
    answers = {k: _value(model, answer) for k, answer in packet.answers.items()}
    return replay(programs, bytes(octets), wirelen if packet.measured else None, answers, pad=pad)


def replay(
    programs: tuple[Program, Program],
    octets: bytes,
    wirelen: int | None,
    answers: Mapping[int, int],
    *,
    pad: bool,
) -> Witness:
    """Give the witness, once the reference machine differs on it; `wirelen` None: nobody asks."""
    watched = _Watched(octets)
    verdicts = [
        bool(reference.Machine(answered(program, answers)).run(watched, wirelen))  # type: ignore[arg-type] # it asks for length and slices only
        for program in programs
    ]
    if verdicts[0] == verdicts[1]:
        raise InternalError("prove", f"no difference on {octets.hex()}, length {wirelen}")
    shown = octets[: watched.end]
    if pad and wirelen is not None and wirelen <= _PADDED:
        shown = shown.ljust(wirelen, b"\0")
    return Witness(shown, len(shown) if wirelen is None else wirelen, verdicts[0], answers)


def answered(program: Program, answers: Mapping[int, int]) -> Program:
    """Give the program with the kernel's answers in the place of its questions."""
    if not answers:
        return program
    return Program(
        i._replace(code=isa.LD | isa.IMM, k=answers[i.k])
        if isa.ROWS[i.code].mode == "abs" and i.k in answers
        else i
        for i in program
    )


def _value(model: z3.ModelRef, term: z3.BitVecRef) -> int:
    found = model.eval(term, model_completion=True)
    assert isinstance(found, z3.BitVecNumRef)
    return int(found.as_long())
