"""A witness in plain clothes: the same difference on a packet that looks like traffic.

Header by header, each field gets its usual value if the solver still finds a difference with it, or
if no program looks there. Then lengths and checksums are set. What comes out is replayed; if the
verdicts do not differ any more, less is changed, at last nothing.
"""

import time
from collections.abc import Collection, Iterator

import z3

from pcapfilter.tools.layers import finish
from pcapfilter.tools.layers.read import Layer, first, following, measured
from pcapfilter.tools.layers.table import SHORTEST, Field
from pcapfilter.tools.prove import witness
from pcapfilter.tools.prove.octets import AnyPacket
from pcapfilter.tools.prove.replay import Side
from pcapfilter.tools.prove.witness import Witness
from pcapfilter.tools.prove.words import TOP

_MOST = 12
"""Headers that are dressed."""
_LONGEST = 1514
_PATIENCE = 500
"""Milliseconds for one question about a field."""
_LIMIT = 2.0
"""Seconds for all of them."""


def dress(
    bare: Witness,
    model: z3.ModelRef,
    solver: z3.Solver,
    packet: AnyPacket,
    sides: tuple[Side, Side],
    link: str,
    deadline: float,
    only: int | None = None,
) -> Witness:
    """Give a witness of the same difference that looks like traffic, or else the bare one.

    The solver holds the difference and may be asked for more of it, until `deadline` at the latest.
    `only` is as in Question.
    """
    if first(link) is None:
        return bare
    solver.set("timeout", _PATIENCE)
    deadline = min(deadline, time.monotonic() + _LIMIT)
    dresser = _Dresser(model, solver, packet, sides, deadline)
    end = dresser.walk(link)
    for octets, wirelen, answers in dresser.attempts(link, end):
        found = _replayed(bare, sides, octets, wirelen, answers)
        if found is not None and (only is None or found.first is (only == 0)):
            return found
    return bare


class _Dresser:
    """A solver, and the packet that it has found so far."""

    def __init__(
        self,
        model: z3.ModelRef,
        solver: z3.Solver,
        packet: AnyPacket,
        sides: tuple[Side, Side],
        deadline: float,
    ) -> None:
        self.model, self.solver, self.packet, self.sides = model, solver, packet, sides
        self.deadline = deadline
        self.free: dict[int, int] = {}  # octets that no program reads on its way
        self.dressed: set[int] = set()
        self.layers: list[Layer] = []
        self.read: Collection[int] | None = None

    def octets(self) -> bytearray:
        """Give the packet as it stands: what the model says, and what was put beside it."""
        return _laid({**witness.placed(self.model, self.packet), **self.free})

    def read_places(self) -> Collection[int]:
        """Give the places that the programs read of the packet as it stands."""
        if self.read is None:
            captured, wirelen, answers = self.lengths()
            octets = bytes(self.octets()[:captured].ljust(min(captured, 65535), b"\0"))
            reads = [side.reads(octets, wirelen, answers) for side in self.sides]
            known = [place for parts in reads for part in parts or () for place in range(*part)]
            self.read = range(captured) if None in reads else frozenset(known)
        return self.read

    def needed(self) -> bytearray:
        """Give the packet without octets that only ways ask for that it does not go."""
        read = self.read_places()
        placed = witness.placed(self.model, self.packet).items()
        used = {at: octet for at, octet in placed if at in read or at in self.dressed}
        return _laid({**used, **self.free})

    def lengths(self) -> tuple[int, int, dict[int, int]]:
        """Give the captured length, the length on the wire, and the kernel's answers."""
        packet = self.packet
        answers = {k: witness.value(self.model, answer) for k, answer in packet.answers.items()}
        captured, wirelen = packet.caplen, packet.wirelen
        return witness.value(self.model, captured), witness.value(self.model, wirelen), answers

    def walk(self, link: str) -> int:
        """Dress the headers from the first to the last that is known; give where that ends."""
        header, start = first(link), 0
        for _ in range(_MOST):
            if header is None or start > _LONGEST:
                break
            for field in header.fields:
                for value in field.usual:
                    if self.put(start, field, value):
                        break
            layer = measured(header, bytes(self.octets()), start)
            if header.name != "IP":
                self.layers.append(layer)
            header, start = following(layer, bytes(self.octets()))
        return start

    def put(self, start: int, field: Field, value: int) -> bool:
        """Give a field a value, if the difference stays."""
        made = bytearray(self.octets().ljust(start + (field.at + field.bits + 7) // 8, b"\0"))
        finish.put(made, start, field, value)
        claims: list[z3.BoolRef] = []
        free: dict[int, int] = {}
        for place, mask in _covered(start, field):
            found = self.term(place)
            if found is None:
                free[place] = made[place]
            else:
                claims += found[1]
                claims.append(found[0] & mask == made[place] & mask)
        if claims and not self.holds(claims):
            return False
        self.free.update(free)
        self.dressed.update(place for place, _ in _covered(start, field))
        return True

    def holds(self, claims: list[z3.BoolRef]) -> bool:
        """Keep some claims if the difference stays with them, and there is time to find out."""
        if time.monotonic() > self.deadline:
            return False
        self.solver.push()
        self.solver.add(*claims)
        if self.solver.check() == z3.sat:
            self.model, self.read = self.solver.model(), None
            # Another packet may go a way on which octets are read that were free before.
            placed, read = witness.placed(self.model, self.packet), self.read_places()
            for place in [place for place in self.free if place in placed and place in read]:
                del self.free[place]
                self.read = None
            return True
        self.solver.pop()
        return False

    def term(self, place: int) -> tuple[z3.BitVecRef, list[z3.BoolRef]] | None:
        """Give the octet at a place as the programs know it, and what must hold for that."""
        if place in self.packet.fixed:
            return self.packet.fixed[place], []
        if place not in self.read_places():
            return None
        for base, known in self.packet.floating.values():
            assert not isinstance(base.term, int)
            value = witness.value(self.model, base.term)
            octet = known.get((place - value) & TOP)
            if octet is not None:
                return octet, [base.term == value]
        return None

    def attempts(self, link: str, end: int) -> Iterator[tuple[bytes, int, dict[int, int]]]:
        """Give packets to try, the best dressed first."""
        packet = self.packet
        shortest = max(end, SHORTEST.get(link, 0))
        self.holds([z3.UGE(packet.wirelen, shortest), z3.ULE(packet.wirelen, _LONGEST)])
        self.holds([packet.caplen == packet.wirelen])
        related = [self.relate(layer) for layer in self.layers]
        for length in (shortest, max(shortest, 1 + max(self.read_places(), default=0))):
            if self.holds([packet.wirelen == length]):
                break
        captured, wirelen, answers = self.lengths()
        if not packet.measured and captured != wirelen:
            wirelen = max(shortest, captured)
        # Padding to the shortest frame belongs to no packet inside.
        content = end if wirelen == shortest and not any(related) else wirelen
        for used in (self.needed(), self.octets()[:wirelen]):
            made = used.ljust(min(wirelen, 65535), b"\0")
            plain = bytes(made)
            finish.lengths(made, link, content)
            sized = bytes(made)
            finish.checksums(made, link)
            for octets in (bytes(made), sized, plain):
                yield octets[:captured], wirelen, answers

    def relate(self, layer: Layer) -> bool:
        """Have a length field that the programs read agree with the length, if possible."""
        for field in layer.header.fields:
            found = [self.term(place) for place, _ in _covered(layer.start, field)]
            if field.rule == "length" and all(found):
                value = z3.Concat(*(octet[0] for octet in found if octet))
                rest = self.packet.wirelen - layer.start - layer.header.extra
                sides = [claim for octet in found if octet for claim in octet[1]]
                return self.holds([*sides, z3.ZeroExt(16, value) == rest])
        return False


def _laid(places: dict[int, int]) -> bytearray:
    """Lay octets out by their place; others are zeros."""
    made = bytearray(1 + max((place for place in places if place < _LONGEST), default=0))
    for place, octet in places.items():
        if place < len(made):
            made[place] = octet
    return made


def _covered(start: int, field: Field) -> Iterator[tuple[int, int]]:
    """Give the octets that a field lies in, and the bits of each."""
    for place in range(field.at // 8, (field.at + field.bits + 7) // 8):
        before = max(0, field.at - 8 * place)
        after = max(0, 8 * place + 8 - field.at - field.bits)
        yield start + place, (0xFF >> before) & (0xFF << after)


def _replayed(
    bare: Witness,
    sides: tuple[Side, Side],
    octets: bytes,
    wirelen: int,
    answers: dict[int, int],
) -> Witness | None:
    """Give the witness if the verdicts still differ, and no load fails if none did."""
    longer = bare.complete and len(octets) == wirelen and all(side.is_classic for side in sides)
    tried = octets.ljust(65535, b"\0") if longer else octets
    (first, one), (second, other) = (side.judge(tried, wirelen, answers) for side in sides)
    if first == second:
        return None
    if longer and max(one, other) > len(octets):
        return None
    return Witness(octets, wirelen, first, answers, bare.complete)
