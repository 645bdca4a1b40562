"""What is known of one value: the words that it can be."""

from typing import NamedTuple

from pcapfilter.bpf import alu

_MANY = 64
_NONE: frozenset[int] = frozenset()


class Fact(NamedTuple):
    """A value from `low` to `high`: one of `values`, if they are known.

    It is none of `without`, and the bits of `clear` are 0.
    """

    low: int = 0
    high: int = alu.MASK
    values: frozenset[int] | None = None
    without: frozenset[int] = _NONE
    clear: int = 0

    @classmethod
    def of(cls, values: frozenset[int]) -> "Fact":
        """Give the fact that a value is one of these."""
        return cls(min(values), max(values), values)

    def allows(self, k: int) -> bool:
        """Tell whether the value can be k."""
        if self.values is not None:
            return k in self.values
        return self.low <= k <= self.high and k not in self.without and not k & self.clear

    def either(self, other: "Fact") -> "Fact":
        """Give what holds if one of two facts holds."""
        if self.values is not None and other.values is not None:
            return Fact.of(self.values | other.values)
        without = frozenset(
            k for k in self.without | other.without if not self.allows(k) and not other.allows(k)
        )
        clear = self._cleared() & other._cleared()  # noqa: SLF001 -- of the same class
        return Fact(min(self.low, other.low), max(self.high, other.high), None, without, clear)

    def _cleared(self) -> int:
        """The bits that are 0."""
        found = alu.MASK
        for value in self.values or ():
            found &= ~value
        return self.clear if self.values is None else found

    def behind(self, meaning: str, k: int, outcome: bool) -> "Fact | None":
        """Give what is known after a comparison with k came out so; None where it cannot."""
        if self.values is not None:
            compare = alu.COMPARE[meaning]
            values = frozenset(v for v in self.values if compare(v, k) == outcome)
            return Fact.of(values) if values else None
        low, high, _, without, clear = self
        match meaning, outcome:
            case "jeq", True:
                return Fact.of(frozenset((k,))) if self.allows(k) else None
            case "jeq", False if len(without) < _MANY:
                without |= {k}
            case ("jgt", True) | ("jge", False):
                low, high = (max(low, k + 1), high) if outcome else (low, min(high, k - 1))
            case ("jge", True) | ("jgt", False):
                low, high = (max(low, k), high) if outcome else (low, min(high, k))
            case "jset", True:
                free = k & ~clear
                low = max(low, free & -free) if free else high + 1
            case "jset", False:
                clear |= k
            case _:
                return self
        high = min(high, alu.MASK & ~clear)
        while low in without:
            low += 1
        while high in without:
            high -= 1
        return Fact(low, high, None, without, clear) if low <= high else None

    def computed(self, meaning: str, k: int) -> "Fact":
        """Give what is known of the result of arithmetic with k."""
        if self.values is not None:
            return Fact.of(frozenset(alu.BINARY[meaning](v, k) for v in self.values))
        match meaning:
            case "and":
                return Fact(0, min(self.high, k), clear=self.clear | alu.MASK & ~k)
            case "or":
                high = (1 << (self.high | k).bit_length()) - 1
                return Fact(max(self.low, k), high, clear=self.clear & ~k)
            case "rsh" if k < 32:
                return Fact(self.low >> k, self.high >> k, clear=self.clear >> k)
            case _:
                return Fact()
