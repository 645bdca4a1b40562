"""What a classic program does with a packet of which nothing is known.

Each instruction is met once, in the order of the program, with the condition under which it is
reached and what A, X and M[] then hold; where ways come together, their values are joined. So the
terms grow with the program and not with the number of ways through it. A backward jump begins the
program anew from where it leads: so many times as `turns` says, and what would go on is `beyond`.

The meaning is that of engine.reference.
"""

from typing import NamedTuple

from pcapfilter.bpf import flow, isa
from pcapfilter.bpf.program import Instruction, Program
from pcapfilter.tools.prove import words
from pcapfilter.tools.prove.octets import AnyPacket
from pcapfilter.tools.prove.words import ZERO, Condition, Word, number

TURNS = 4
"""How many backward jumps are followed unless told otherwise."""

_A, _X, _M = 0, 1, 2
_START = (ZERO,) * (_M + isa.MEMWORDS)

Registers = tuple[Word, ...]
"""A, X, M[0] to M[15]."""


class Outcome(NamedTuple):
    """When a program selects the packet, when a load fails, and when the turns do not suffice.

    `short` is of loads that reach past the captured octets, `wraps` of those whose x + k passes
    2**32: no packet is long enough for them. `tests` are what makes packets go different ways: one
    a jump, and whether a sum wraps or a shift goes past the word, of which the kernel knows less.
    """

    selects: Condition
    short: Condition
    wraps: Condition
    beyond: Condition
    tests: list[Condition]


def follow(
    program: Program,
    packet: AnyPacket,
    *,
    complete: bool = False,
    live: bool = True,
    turns: int = TURNS,
    kernel: bool = False,
) -> Outcome:
    """Give what the program does with the packet; ProgramError where it has no meaning.

    Where it is known that the packet is `complete`, no load of the program is taken to be short,
    and that none is must be stated elsewhere. `live` tells whether loads from 0xfffff000 up ask the
    kernel; `kernel`, whether it runs there: unlike libpcap it shifts by X modulo 32, and reads at
    an x + k that wraps.
    """
    return _Walk(program, packet, complete, live, kernel).run(turns)


class _Walk:
    """One program on its way through the packet."""

    def __init__(
        self, program: Program, packet: AnyPacket, complete: bool, live: bool, kernel: bool
    ) -> None:
        self.program = program
        self.packet = packet
        self.complete = complete
        self.live = live
        self.kernel = kernel
        self.needed = needed(program)
        self.selects: list[Condition] = []
        self.short: list[Condition] = []
        self.wraps: list[Condition] = []
        self.tests: list[Condition] = []

    def run(self, turns: int) -> Outcome:
        """Go forward through the program, and again for each turn of its loops."""
        ways: dict[int, list[tuple[Condition, Registers]]] = {0: [(True, _START)]}
        for _ in range(turns + 1):
            back: dict[int, list[tuple[Condition, Registers]]] = {}
            for pc in range(len(self.program)):
                here = ways.pop(pc, None)
                if here is None:
                    continue
                reached, registers = self.join(pc, here)
                for place, condition, after in self.step(pc, reached, registers):
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
            words.either(condition for here in ways.values() for condition, _ in here),
            self.tests,
        )

    def join(self, pc: int, ways: list[tuple[Condition, Registers]]) -> tuple[Condition, Registers]:
        """Give when one of the ways leads here, and what the registers that are needed hold."""
        if len(ways) == 1:
            return ways[0]
        needed = self.needed[pc]
        joined = tuple(
            words.choose([(condition, registers[n]) for condition, registers in ways])
            if needed >> n & 1
            else ZERO
            for n in range(len(_START))
        )
        return words.either(condition for condition, _ in ways), joined

    def step(
        self, pc: int, reached: Condition, registers: Registers
    ) -> list[tuple[int, Condition, Registers]]:
        """Run one instruction: where it leads, when, and with what."""
        i = self.program[pc]
        row = isa.ROWS[i.code]
        places = flow.successors(self.program, pc)
        match row.kind:
            case "load":
                target = _A if row.writes == "A" else _X
                reached, value = self.load(row, i, reached, registers)
                return [(places[0], reached, _write(registers, target, value))]
            case "store":
                value = registers[_A if row.reads == "A" else _X]
                return [(places[0], reached, _write(registers, _M + i.k, value))]
            case "move":
                to, value = (_X, registers[_A]) if row.writes == "X" else (_A, registers[_X])
                return [(places[0], reached, _write(registers, to, value))]
            case "alu" if row.meaning == "neg":
                value = words.opposite(registers[_A])
                return [(places[0], reached, _write(registers, _A, value))]
            case "alu":
                right = registers[_X] if row.mode == "x" else number(i.k)
                if row.meaning in {"div", "mod"}:
                    reached = words.both(reached, words.negate(words.compare("jeq", right, ZERO)))
                    if reached is False:
                        return []
                if row.meaning in {"lsh", "rsh"}:
                    far = words.compare("jge", right, number(32))
                    self.tests.append(words.both(reached, far))
                    if self.kernel:
                        right = words.operate("and", right, number(31))
                value = words.operate(row.meaning, registers[_A], right)
                return [(places[0], reached, _write(registers, _A, value))]
            case "jump" if row.mode == "ja":
                return [(places[0], reached, registers)]
            case "jump":
                right = registers[_X] if row.mode == "x" else number(i.k)
                if places[0] == places[1]:
                    return [(places[0], reached, registers)]
                holds = words.compare(row.meaning, registers[_A], right)
                self.tests.append(words.both(reached, holds))
                return [
                    (places[0], self.tests[-1], registers),
                    (places[1], words.both(reached, words.negate(holds)), registers),
                ]
            case _:
                value = number(i.k) if row.mode == "k" else registers[_A]
                rejects = words.compare("jeq", value, ZERO)
                self.selects.append(words.both(reached, words.negate(rejects)))
                return []

    def load(
        self, row: isa.Row, i: Instruction, reached: Condition, registers: Registers
    ) -> tuple[Condition, Word]:
        """Give when the load succeeds, and what it gives."""
        packet = self.packet
        match row.mode:
            case "imm":
                return reached, number(i.k)
            case "mem":
                return reached, registers[_M + i.k]
            case "len":
                return reached, packet.length()
            case "abs" if self.live and i.k in isa.ANCILLARY:
                return reached, packet.answer(i.k)
        x = registers[_X] if row.mode == "ind" else ZERO
        wraps = packet.wraps(x, i.k)
        if wraps is not False and self.kernel:
            x = words.operate("add", x, number(i.k))
            i = i._replace(k=0)
        elif wraps is not False:
            self.wraps.append(words.both(reached, wraps))
            self.tests.append(self.wraps[-1])
            reached = words.both(reached, words.negate(wraps))
        holds = packet.holds(x, i.k, row.size)
        self.short.append(words.both(reached, words.negate(holds)))
        if not self.complete or holds is False:
            reached = words.both(reached, holds)
        if reached is False:
            return False, ZERO
        value = packet.load(x, i.k, row.size)
        if row.mode == "msh":
            value = words.operate("and", value, number(0xF))
            value = words.operate("lsh", value, number(2))
        return reached, value


def _write(registers: Registers, n: int, value: Word) -> Registers:
    return (*registers[:n], value, *registers[n + 1 :])


def needed(program: Program) -> dict[int, int]:
    """Give the registers whose value on reaching an instruction can matter, as bits."""
    places = sorted(flow.reachable(program), reverse=True)
    found = dict.fromkeys(places, 0)
    changed = True
    while changed:
        changed = False
        for pc in places:
            i = program[pc]
            row = isa.ROWS[i.code]
            before = 0
            for place in flow.successors(program, pc):
                before |= found[place]
            before &= ~_bits(row.writes, i.k)
            before |= _bits(row.reads, i.k)
            if before != found[pc]:
                found[pc] = before
                changed = True
    return found


def _bits(letters: str, cell: int) -> int:
    bits = 0
    for letter in letters:
        match letter:
            case "A":
                bits |= 1 << _A
            case "X":
                bits |= 1 << _X
            case "M":
                bits |= 1 << _M + cell
    return bits
