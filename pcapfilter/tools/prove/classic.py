"""What a classic program does with a packet of which nothing is known.

The meaning is that of engine.reference. Scratch cells begin as 0 there, and undefined in libpcap,
so it is also found out when a program reads one in which nothing was stored.
"""

from pcapfilter.bpf import flow, isa
from pcapfilter.bpf.program import Instruction, Program
from pcapfilter.tools.prove import words
from pcapfilter.tools.prove.octets import AnyPacket
from pcapfilter.tools.prove.ways import TURNS, Outcome, Walk, needed
from pcapfilter.tools.prove.words import ZERO, Condition, Word, number

_A, _X, _M = 0, 1, 2
_STORED = _M + isa.MEMWORDS
_START = (ZERO,) * (_STORED + 1)

Registers = tuple[Word, ...]
"""A, X, M[0] to M[15], and which cells were stored in, as bits.

The last is kept only for cells that some way through the program reads before it stores in them.
"""


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
    return _Walk(program, packet, complete, live, kernel).run(_START, turns)


class _Walk(Walk[Registers]):
    """One classic program on its way through the packet."""

    def __init__(
        self, program: Program, packet: AnyPacket, complete: bool, live: bool, kernel: bool
    ) -> None:
        super().__init__(len(program), packet)
        self.program = program
        self.complete = complete
        self.live = live
        self.kernel = kernel
        self.needed = needed(
            flow.reachable(program),
            lambda pc: flow.successors(program, pc),
            lambda pc: _uses(program[pc]),
        )
        self.doubtful = self.needed[0] >> _M

    def join(self, pc: int, ways: list[tuple[Condition, Registers]]) -> Registers:
        """Join the registers that are needed."""
        needed = self.needed[pc]
        if needed >> _M & self.doubtful:
            needed |= 1 << _STORED
        return tuple(
            words.choose([(condition, registers[n]) for condition, registers in ways])
            if needed >> n & 1
            else ZERO
            for n in range(len(_START))
        )

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
                registers = _write(registers, _M + i.k, value)
                if self.doubtful >> i.k & 1:
                    stored = words.operate("or", registers[_STORED], number(1 << i.k))
                    registers = _write(registers, _STORED, stored)
                return [(places[0], reached, registers)]
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
                if self.doubtful >> i.k & 1:
                    stored = words.compare("jset", registers[_STORED], number(1 << i.k))
                    self.unset.append(words.both(reached, words.negate(stored)))
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


def _uses(i: Instruction) -> tuple[int, int]:
    """Give the registers that an instruction reads and those that it writes, as bits."""
    row = isa.ROWS[i.code]
    return _bits(row.reads, i.k), _bits(row.writes, i.k)


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
