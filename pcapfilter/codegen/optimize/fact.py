"""What is known of one value: the words that it can be."""

from typing import NamedTuple

from pcapfilter.bpf import alu

_MANY = 64
_NONE: frozenset[int] = frozenset()


class Fact(NamedTuple):
    """A value from `low` to `high`: one of `values`, if they are known.

    It is none of `without`, the bits of `clear` are 0, and those of `ones` are 1.
    """

    low: int = 0
    high: int = alu.MASK
    values: frozenset[int] | None = None
    without: frozenset[int] = _NONE
    clear: int = 0
    ones: int = 0

    @classmethod
    def of(cls, values: frozenset[int]) -> "Fact":
        """Give the fact that a value is one of these."""
        return cls(min(values), max(values), values)

    def allows(self, k: int) -> bool:
        """Tell whether the value can be k."""
        if self.values is not None:
            return k in self.values
        fits = self.low <= k <= self.high and k not in self.without
        return fits and not k & self.clear and k & self.ones == self.ones

    def behind(self, meaning: str, k: int, outcome: bool) -> "Fact | None":
        """Give what is known after a comparison with k came out so; None where it cannot."""
        if self.values is not None:
            compare = alu.COMPARE[meaning]
            return self._among(frozenset(v for v in self.values if compare(v, k) == outcome))
        low, high, _, without, clear, ones = self
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
        return Fact(low, high, None, without, clear, ones).tightened()

    def masked(self, mask: int, k: int) -> "Fact | None":
        """Give what is known if the bits of a mask are those of k; None if they cannot be."""
        if self.values is not None:
            return self._among(frozenset(v for v in self.values if v & mask == k))
        fact = self._replace(clear=self.clear | mask & ~k, ones=self.ones | mask & k)
        return fact.tightened()

    @staticmethod
    def _among(values: frozenset[int]) -> "Fact | None":
        return Fact.of(values) if values else None

    def tightened(self) -> "Fact | None":
        """The same with the nearest limits; None if there is no such value."""
        low, high = self.low, self.high
        if missing := self.ones & ~low:
            bit = 1 << missing.bit_length() - 1
            low = low & -2 * bit | bit | self.ones & bit - 1
        if excess := self.clear & high:
            bit = 1 << excess.bit_length() - 1
            high = high & -2 * bit | bit - 1 & ~self.clear
        while low in self.without:
            low += 1
        while high in self.without:
            high -= 1
        if low > high or self.ones & self.clear:
            return None
        return self._replace(low=low, high=high)

    def computed(self, meaning: str, k: int) -> "Fact":
        """Give what is known of the result of arithmetic with k."""
        if self.values is not None:
            return Fact.of(frozenset(alu.BINARY[meaning](v, k) for v in self.values))
        match meaning:
            case "and":
                clear = self.clear | alu.MASK & ~k
                return Fact(self.ones & k, min(self.high, k), clear=clear, ones=self.ones & k)
            case "or":
                high = (1 << (self.high | k).bit_length()) - 1
                return Fact(max(self.low, k), high, clear=self.clear & ~k, ones=self.ones | k)
            case "rsh" if k < 32:
                low, high = self.low >> k, self.high >> k
                return Fact(low, high, clear=self.clear >> k, ones=self.ones >> k)
            case _:
                return Fact()
