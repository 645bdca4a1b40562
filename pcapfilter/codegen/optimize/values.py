"""Value numbers: two registers that have the same number hold the same value in every packet.

Numbers up to 0 stand for what a register held when the program began (0), or where ways met that
leave different values in it: one value, but nothing is known of it.
"""

from pcapfilter.bpf import alu, isa

UNSURE = 0
"""The largest number of which nothing is known."""

LONGEST = 134217728
"""The longest record that libpcap reads whole (D-Bus)."""

_LIMITS = {
    isa.LD | isa.LEN: LONGEST,
    isa.LD | isa.B | isa.ABS: 0xFF,
    isa.LD | isa.B | isa.IND: 0xFF,
    isa.LD | isa.H | isa.ABS: 0xFFFF,
    isa.LD | isa.H | isa.IND: 0xFFFF,
    isa.LDX | isa.B | isa.MSH: 60,
}
"""The largest value that a load gives, where it is less than a word."""


_GROWING = frozenset({isa.ALU | isa.ADD, isa.ALU | isa.OR})


class Values:
    """The numbers given out in one round, and which of them stand for a constant (`known`)."""

    __slots__ = ("_constants", "_eithers", "_makings", "_numbers", "known")

    def __init__(self) -> None:
        self._numbers: dict[tuple[int, int, int], int] = {}
        self._constants: dict[int, int] = {}
        self._makings: list[tuple[int, int, int]] = [(isa.MISC, 0, 0)]
        self._eithers: list[tuple[int, int]] = []
        self.known: dict[int, int] = {}

    def of(self, code: int, first: int, second: int = 0) -> int:
        """The number of what an instruction makes of two operands (numbers, or its own k)."""
        key = (code, first, second)
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self._makings)
            self._makings.append(key)
        return number

    def making(self, number: int) -> tuple[int, int, int] | None:
        """The opcode and operands that `of` was called with, or None."""
        return self._makings[number] if number > UNSURE else None

    def constant(self, k: int) -> int:
        """The number of a constant."""
        number = self._constants.get(k)
        if number is None:
            number = self._constants[k] = len(self._makings)
            self._makings.append((isa.LD | isa.IMM, k, 0))
            self.known[number] = k
        return number

    def either(self, one: int, other: int) -> int:
        """A number for what is one or the other; no other register has it."""
        self._eithers.append((one, other))
        return UNSURE - len(self._eithers)

    def limit(self, number: int, depth: int = 8) -> int:
        """No less than the largest that the value can be; how it was made tells."""
        if number in self.known:
            return self.known[number]
        if number <= UNSURE:
            if number == UNSURE or not depth:
                return alu.MASK
            return max(self.limit(n, depth - 1) for n in self._eithers[UNSURE - number - 1])
        code, first, second = self._makings[number]
        op = code & 0xF7
        if code in _LIMITS or code & 0x07 != isa.ALU or not depth:
            return _LIMITS.get(code, alu.MASK)
        if op == isa.ALU | isa.RSH and second in self.known:
            return alu.BINARY["rsh"](self.limit(first, depth - 1), self.known[second])
        if op == isa.ALU | isa.LSH and second in self.known:
            limit = self.limit(first, depth - 1) << min(self.known[second], 32)
            return min(limit, alu.MASK)
        if op == isa.ALU | isa.AND:
            return min(self.limit(first, depth - 1), self.limit(second, depth - 1))
        if op == isa.ALU | isa.OR:
            limit = max(self.limit(first, depth - 1), self.limit(second, depth - 1))
            return (1 << limit.bit_length()) - 1
        if op == isa.ALU | isa.MUL:
            return min(self.limit(first, depth - 1) * self.limit(second, depth - 1), alu.MASK)
        if op == isa.ALU | isa.ADD:
            return min(self.limit(first, depth - 1) + self.limit(second, depth - 1), alu.MASK)
        return alu.MASK

    def nonzero(self, number: int, depth: int = 8) -> bool:
        """Tell whether the value is surely not 0, on a packet that is not empty."""
        if number in self.known:
            return self.known[number] != 0
        if number <= UNSURE:
            return False
        code, first, second = self._makings[number]
        if code == isa.LD | isa.LEN:
            return True
        op = code & 0xF7
        if op == isa.ALU | isa.NEG:
            return self.nonzero(first, depth - 1) if depth else False
        if op == isa.ALU | isa.MUL:
            return (
                self.limit(first) * self.limit(second) <= alu.MASK
                and depth > 0
                and self.nonzero(first, depth - 1)
                and self.nonzero(second, depth - 1)
            )
        if op not in _GROWING or not depth:
            return False
        if op == isa.ALU | isa.ADD and self.limit(first) + self.limit(second) > alu.MASK:
            return False
        return self.nonzero(first, depth - 1) or self.nonzero(second, depth - 1)
