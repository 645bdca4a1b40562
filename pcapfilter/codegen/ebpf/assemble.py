"""eBPF instructions with labels, and the program that they make once all places are known.

What nothing leads to, and jumps to the next instruction, are left out.

A conditional jump reaches 32,767 slots. In a program longer than that, each jump to a label goes by
way of a long one: `if C goto pc+1; goto pc+1; gotol LABEL`.
"""

from pcapfilter.ebpf import isa
from pcapfilter.ebpf.program import Instruction, Program

Label = object
"""What a jump names: any value, compared by equality."""

_REACH = 32000


class Assembly:
    """Instructions in the making."""

    __slots__ = ("_items",)

    def __init__(self) -> None:
        """Begin with nothing."""
        self._items: list[tuple[Instruction | None, Label]] = []

    def emit(self, code: int, dst: int = 0, src: int = 0, off: int = 0, imm: int = 0) -> None:
        """Add an instruction; imm may be given as an unsigned word."""
        signed = imm - 2**32 if imm >= 2**31 else imm
        self._items.append((Instruction(code, dst, src, off, signed), None))

    def jump(self, label: Label, code: int, dst: int = 0, src: int = 0, imm: int = 0) -> None:
        """Add a jump to a label."""
        signed = imm - 2**32 if imm >= 2**31 else imm
        self._items.append((Instruction(code, dst, src, 0, signed), label))

    def goto(self, label: Label) -> None:
        """Add an unconditional jump."""
        self.jump(label, isa.JMP | isa.JA)

    def place(self, label: Label) -> None:
        """Put a label before the next instruction."""
        self._items.append((None, label))

    def program(self) -> Program:
        """Give the program, with every jump's step."""
        items = _without_idle_jumps(_without_dead_code(self._items))
        if len(items) > _REACH:
            items = _lengthened(items)
        places: dict[Label, int] = {}
        pc = 0
        for instruction, label in items:
            if instruction is None:
                places[label] = pc
            else:
                pc += 1
        slots: list[Instruction] = []
        for instruction, label in items:
            if instruction is None:
                continue
            if label is None:
                slots.append(instruction)
                continue
            step = places[label] - len(slots) - 1
            far = instruction.code == isa.JMP32 | isa.JA
            slots.append(instruction._replace(**{"imm" if far else "off": step}))
        return Program(slots)


_Items = list[tuple[Instruction | None, Label]]


def _without_dead_code(items: _Items) -> _Items:
    """Keep what can be reached from the first item: the kernel refuses anything else."""
    places = {label: n for n, (instruction, label) in enumerate(items) if instruction is None}
    live: set[int] = set()
    waiting = [0]
    while waiting:
        place = waiting.pop()
        if place in live:
            continue
        live.add(place)
        instruction, label = items[place]
        if instruction is None:
            waiting.append(place + 1)
            continue
        if label is not None:
            waiting.append(places[label])
        elif instruction.off and instruction.code & 0x07 in {isa.JMP, isa.JMP32}:
            waiting.append(place + 1 + instruction.off)
        if instruction.code not in {isa.JMP | isa.JA, isa.JMP | isa.EXIT}:
            waiting.append(place + 1)
    return [item for n, item in enumerate(items) if n in live]


def _without_idle_jumps(items: _Items) -> _Items:
    """Drop jumps to the instruction that follows."""
    kept: _Items = []
    for place, (instruction, label) in enumerate(items):
        if instruction is not None and instruction.code == isa.JMP | isa.JA:
            ahead = place + 1
            while ahead < len(items) and items[ahead][0] is None and items[ahead][1] != label:
                ahead += 1
            if ahead < len(items) and items[ahead][0] is None:
                continue
        kept.append((instruction, label))
    return kept


def _lengthened(items: _Items) -> _Items:
    long: _Items = []
    for instruction, label in items:
        if instruction is None or label is None:
            long.append((instruction, label))
            continue
        if instruction.code != isa.JMP | isa.JA:
            long.append((instruction._replace(off=1), None))
            long.append((Instruction(isa.JMP | isa.JA, 0, 0, 1, 0), None))
        long.append((Instruction(isa.JMP32 | isa.JA, 0, 0, 0, 0), label))
    return long
