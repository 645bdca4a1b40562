"""What an eBPF program does with a packet of which nothing is known.

Registers hold numbers, or places in the packet, the stack or the host's context. The meaning is
that of engine.vm; a program that reads where it may not is stopped there.
"""

from collections.abc import Mapping
from typing import NamedTuple

from pcapfilter.ebpf import flow, form, isa
from pcapfilter.ebpf.program import Instruction, Program
from pcapfilter.errors import ProgramError
from pcapfilter.tools.prove import longs, words
from pcapfilter.tools.prove.hosts import CONTEXT, FRAME, PACKET, Place, World
from pcapfilter.tools.prove.longs import Long, long
from pcapfilter.tools.prove.octets import AnyPacket
from pcapfilter.tools.prove.ways import TURNS, Outcome, Walk, needed
from pcapfilter.tools.prove.words import TOP, ZERO, Condition

Value = Long | Place | None
"""A number, a place, or nothing that may be read."""


class State(NamedTuple):
    """What r0 to r10 hold, and the stack: by (offset from r10, octets) what was stored there."""

    registers: tuple[Value, ...]
    stack: Mapping[tuple[int, int], Long]


def follow(program: Program, packet: AnyPacket, world: World, *, turns: int = TURNS) -> Outcome:
    """Give what a program of a host does with the packet.

    ProgramError where it is malformed, uses what it has not set, or does what no proof is made of.
    """
    form.check(program)
    start = State(world.registers(packet), {})
    return _Walk(program, packet, world).run(start, turns)


class _Walk(Walk[State]):
    """One eBPF program on its way through the packet."""

    def __init__(self, program: Program, packet: AnyPacket, world: World) -> None:
        super().__init__(len(program), packet)
        self.program = program
        self.terms = packet.terms
        self.world = world
        self.needed = needed(
            flow.reachable(program),
            lambda pc: flow.successors(program, pc),
            lambda pc: _uses(program[pc]),
        )

    def join(self, pc: int, ways: list[tuple[Condition, State]]) -> State:
        """Join the registers that are needed, and the stack."""
        needed = self.needed[pc]
        registers = tuple(
            self.choose([(condition, state.registers[n]) for condition, state in ways])
            if needed >> n & 1
            else None
            for n in range(isa.REGISTERS)
        )
        places = {place for _, state in ways for place in state.stack}
        stack = {
            place: longs.choose(
                [(condition, state.stack.get(place, long(0))) for condition, state in ways],
                self.terms,
            )
            for place in places
        }
        return State(registers, stack)

    def choose(self, ways: list[tuple[Condition, Value]]) -> Value:
        """Join values; where they are of different kinds, there is nothing that may be read."""
        numbers = [(condition, value) for condition, value in ways if isinstance(value, Long)]
        if len(numbers) == len(ways):
            return longs.choose(numbers, self.terms)
        places = [(condition, value) for condition, value in ways if isinstance(value, Place)]
        if len(places) < len(ways) or len({place.region for _, place in places}) > 1:
            return None
        offset = longs.choose([(condition, at.offset) for condition, at in places], self.terms)
        return Place(places[0][1].region, offset)

    def step(self, pc: int, reached: Condition, state: State) -> list[tuple[int, Condition, State]]:
        """Run one instruction: where it leads, when, and with what."""
        i = self.program[pc]
        row = isa.row_of(i)
        assert row is not None
        places = flow.successors(self.program, pc)
        match row.kind:
            case "exit":
                verdict = self.number(state, 0, pc)
                self.selects.append(words.both(reached, self.world.selects(verdict, self.terms)))
                return []
            case "ja":
                return [(places[0], reached, state)]
            case "jump":
                if places[0] == places[1]:
                    return [(places[0], reached, state)]
                holds = self.test(row, i, state, pc)
                self.tests.append(words.both(reached, holds))
                return [
                    (places[0], self.tests[-1], state),
                    (places[1], words.both(reached, words.negate(holds)), state),
                ]
            case "alu":
                state = _write(state, i.dst, self.operate(row, i, state, pc))
            case "unary":
                before = self.number(state, i.dst, pc)
                state = _write(
                    state, i.dst, longs.change(row.meaning, before, row.bits, self.terms)
                )
            case "wide":
                value = long(self.program[pc + 1].imm << 32 | i.imm & TOP)
                state = _write(state, i.dst, value)
            case "store":
                state = self.store(row, i, state, pc)
            case "load":
                reached, value_there = self.load(row, i, reached, state, pc)
                state = _write(state, i.dst, value_there)
            case "skb":
                index = self.number(state, i.src, pc) if row.operand == "reg" else long(0)
                at = longs.operate("add", index, long(i.imm & TOP), 32, self.terms)
                reached, found = self.octets(Place(PACKET, at), row.size, reached, pc)
                if row.size > 1:
                    found = longs.change(f"be{8 * row.size}", found, 64, self.terms)
                state = _write(state, 0, found)
            case "call" if i.imm in self.world.calls:
                for register in range(6):
                    state = _write(state, register, long(0) if register == 0 else None)
            case _:
                raise ProgramError(f"no proof is made of {row.kind!r}", pc=pc)
        return [(places[0], reached, state)]

    # ---- values ------------------------------------------------------------------------------

    def number(self, state: State, register: int, pc: int) -> Long:
        """Give the number in a register."""
        value = state.registers[register]
        if not isinstance(value, Long):
            what = "nothing that may be read" if value is None else "a pointer, not a number"
            raise ProgramError(f"r{register} holds {what} here", pc=pc)
        return value

    def operand(self, row: isa.Row, i: Instruction, state: State) -> Value:
        """Give the right side of an operator or comparison."""
        return state.registers[i.src] if row.operand == "reg" else long(i.imm)

    def operate(self, row: isa.Row, i: Instruction, state: State, pc: int) -> Value:
        """Give the result of an operator: of numbers, or of a place and a number."""
        right = self.operand(row, i, state)
        if row.meaning == "mov" and row.bits == 64 and right is not None:
            return right
        left = long(0) if row.meaning.startswith("mov") else state.registers[i.dst]
        if isinstance(left, Long) and isinstance(right, Long):
            return longs.operate(row.meaning, left, right, row.bits, self.terms)
        if row.bits == 64 and left is not None and right is not None:
            match row.meaning, left, right:
                case "add" | "sub", Place(region, offset), Long():
                    return Place(region, self.moved(row.meaning, offset, right))
                case "add", Long(), Place(region, offset):
                    return Place(region, self.moved("add", offset, left))
                case "sub", Place(region, offset), Place(other, start) if region == other:
                    return self.moved("sub", offset, start)
        raise ProgramError("a pointer is used as a number", pc=pc)

    def moved(self, meaning: str, a: Long, b: Long) -> Long:
        return longs.operate(meaning, a, b, 64, self.terms)

    def test(self, row: isa.Row, i: Instruction, state: State, pc: int) -> Condition:
        """Give whether a comparison holds, of numbers or of places in one region."""
        left, right = state.registers[i.dst], self.operand(row, i, state)
        if isinstance(left, Place) and isinstance(right, Place) and left.region == right.region:
            left, right = left.offset, right.offset
        if not isinstance(left, Long) or not isinstance(right, Long):
            raise ProgramError("a comparison of what cannot be compared", pc=pc)
        return longs.compare(row.meaning, left, right, row.bits, self.terms)

    # ---- memory ------------------------------------------------------------------------------

    def load(
        self, row: isa.Row, i: Instruction, reached: Condition, state: State, pc: int
    ) -> tuple[Condition, Value]:
        """Give when a load succeeds, and what it gives."""
        base = state.registers[i.src]
        if not isinstance(base, Place):
            raise ProgramError(f"r{i.src} is no pointer here", pc=pc)
        at = self.moved("add", base.offset, long(i.off))
        match base.region:
            case region if region == PACKET:
                return self.octets(Place(PACKET, at), row.size, reached, pc)
            case region if region == CONTEXT:
                field = self.world.fields.get(-1 if at.known is None else at.known)
                if field is None or row.size != 4:
                    raise ProgramError("no proof is made of this field of the context", pc=pc)
                return reached, field(self.packet)
            case _:
                return reached, self.stacked(state, self.slot(at, row.size, pc), pc)

    def store(self, row: isa.Row, i: Instruction, state: State, pc: int) -> State:
        """Give the state after a store to the stack."""
        base = state.registers[i.dst]
        if not isinstance(base, Place) or base.region != FRAME:
            raise ProgramError("a store outside the stack", pc=pc)
        slot = self.slot(self.moved("add", base.offset, long(i.off)), row.size, pc)
        value = self.number(state, i.src, pc) if row.operand == "reg" else long(i.imm)
        if row.size < 8:
            mask = (1 << 8 * row.size) - 1
            value = longs.operate("and", value, long(mask), 32, self.terms)
        self.stacked(state, slot, pc)
        return State(state.registers, {**state.stack, slot: value})

    def slot(self, at: Long, size: int, pc: int) -> tuple[int, int]:
        """Give a place in the stack frame and its size."""
        place = None if at.known is None else at.known - 2**64
        if place is None or not -isa.STACK <= place <= -size:
            raise ProgramError("a place outside the stack frame", pc=pc)
        return place, size

    def stacked(self, state: State, slot: tuple[int, int], pc: int) -> Long:
        """Give what was stored in a slot, at first 0; slots do not overlap."""
        start, size = slot
        for other, width in state.stack:
            if (other, width) != slot and other < start + size and start < other + width:
                raise ProgramError("no proof is made of stack slots that overlap", pc=pc)
        return state.stack.get(slot, long(0))

    def octets(
        self, place: Place, size: int, reached: Condition, pc: int
    ) -> tuple[Condition, Long]:
        """Give when octets of the packet can be loaded, and the number in the host's order."""
        offset = place.offset
        if size > 4:
            raise ProgramError("no proof is made of a load of 8 octets", pc=pc)
        if offset.known is not None:
            x, k = ZERO, offset.known
        elif offset.word is not None and not offset.swapped:
            x, k = offset.word, offset.add
        else:
            raise ProgramError("no proof is made of a load from such a place", pc=pc)
        if k > TOP:
            holds: Condition = False
        else:
            holds = self.packet.holds(x, k, size)
        self.short.append(words.both(reached, words.negate(holds)))
        reached = words.both(reached, holds)
        if reached is False:
            return False, long(0)
        return reached, Long(self.packet.load(x, k, size), 0, None, 8 * size if size > 1 else 0)


def _write(state: State, register: int, value: Value) -> State:
    registers = (*state.registers[:register], value, *state.registers[register + 1 :])
    return State(registers, state.stack)


def _uses(i: Instruction) -> tuple[int, int]:
    """Give the registers that an instruction reads and those that it writes, as bits."""
    row = isa.row_of(i)
    assert row is not None
    source = 1 << i.src if row.operand == "reg" else 0
    match row.kind:
        case "alu":
            return source | (0 if row.meaning.startswith("mov") else 1 << i.dst), 1 << i.dst
        case "unary":
            return 1 << i.dst, 1 << i.dst
        case "wide":
            return 0, 1 << i.dst
        case "load":
            return 1 << i.src, 1 << i.dst
        case "store" | "jump":
            return source | 1 << i.dst, 0
        case "skb":
            return source | 1 << 6, 0b111111
        case "exit":
            return 1, 0
        case "call":
            return 0b111110, 0b111111
        case _:
            return 0, 0
