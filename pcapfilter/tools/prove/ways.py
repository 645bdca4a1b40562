"""All ways through a program at once, whichever instruction set it is of.

Each instruction is met once, in the order of the program, with the condition under which it is
reached and what is then held; where ways come together, what they hold is joined. So the terms grow
with the program and not with the number of ways through it. A backward jump begins the program anew
from where it leads: so many times as `turns` says, and what would go on is `beyond`.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import Generic, NamedTuple, TypeVar

from pcapfilter.tools.prove import words
from pcapfilter.tools.prove.octets import AnyPacket
from pcapfilter.tools.prove.words import Condition

TURNS = 4
"""How many backward jumps are followed unless told otherwise."""

Held = TypeVar("Held")
"""What registers and memory hold."""


class Outcome(NamedTuple):
    """When a program selects the packet, when a load fails, and when the turns do not suffice.

    `short` is of loads that reach past the captured octets, `wraps` of those whose x + k passes
    2**32: no packet is long enough for them. `unset` is of loads from scratch cells in which
    nothing was stored. `tests` are what makes packets go different ways: one a jump, and whether a
    sum wraps or a shift goes past the word, of which the kernel knows less.
    """

    selects: Condition
    short: Condition
    wraps: Condition
    unset: Condition
    beyond: Condition
    tests: list[Condition]


class Walk(ABC, Generic[Held]):
    """One program on its way through the packet."""

    def __init__(self, length: int, packet: AnyPacket) -> None:
        """Begin with a program of so many instructions, and the packet."""
        self.length, self.packet = length, packet
        self.selects: list[Condition] = []
        self.short: list[Condition] = []
        self.wraps: list[Condition] = []
        self.unset: list[Condition] = []
        self.tests: list[Condition] = []

    def run(self, start: Held, turns: int) -> Outcome:
        """Go forward through the program, and again for each turn of its loops.

        TimeUpError if that takes too long.
        """
        ways: dict[int, list[tuple[Condition, Held]]] = {0: [(True, start)]}
        for _ in range(turns + 1):
            back: dict[int, list[tuple[Condition, Held]]] = {}
            for pc in range(self.length):
                here = ways.pop(pc, None)
                if here is None:
                    continue
                self.packet.hurry()
                reached = words.either(condition for condition, _ in here)
                held = here[0][1] if len(here) == 1 else self.join(pc, here)
                for place, condition, after in self.step(pc, reached, held):
                    if condition is not False:
                        later = ways if place > pc else back
                        later.setdefault(place, []).append((condition, after))
            ways = back
            if not ways:
                break
        return Outcome(
            words.either(self.selects),
            words.either(self.short),
            words.either(self.wraps),
            words.either(self.unset),
            words.either(condition for here in ways.values() for condition, _ in here),
            self.tests,
        )

    @abstractmethod
    def join(self, pc: int, ways: list[tuple[Condition, Held]]) -> Held:
        """Give what is held where several ways come together."""

    @abstractmethod
    def step(self, pc: int, reached: Condition, held: Held) -> list[tuple[int, Condition, Held]]:
        """Run one instruction: where it leads, when, and with what."""


def needed(
    reachable: Iterable[int],
    successors: Callable[[int], Iterable[int]],
    uses: Callable[[int], tuple[int, int]],
) -> dict[int, int]:
    """Give the registers whose value on reaching an instruction can matter, as bits.

    `uses` gives those that an instruction reads, and those that it writes.
    """
    places = sorted(reachable, reverse=True)
    found = dict.fromkeys(places, 0)
    changed = True
    while changed:
        changed = False
        for pc in places:
            reads, writes = uses(pc)
            before = 0
            for place in successors(pc):
                before |= found[place]
            before = before & ~writes | reads
            if before != found[pc]:
                found[pc] = before
                changed = True
    return found
