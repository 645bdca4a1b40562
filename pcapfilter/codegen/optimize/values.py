"""Value numbers: two registers that have the same number hold the same value in every packet."""

UNKNOWN = 0


class Values:
    """The numbers given out in one round, and which of them stand for a constant.

    `known` gives the constant of a number. 0 is the number of what is not known.
    """

    __slots__ = ("_constants", "_last", "_numbers", "known")

    def __init__(self) -> None:
        self._numbers: dict[tuple[int, int, int], int] = {}
        self._constants: dict[int, int] = {}
        self._last = 0
        self.known: dict[int, int] = {}

    def of(self, code: int, first: int, second: int = 0) -> int:
        """The number of what an instruction makes of two operands (numbers, or its own k)."""
        key = (code, first, second)
        number = self._numbers.get(key)
        if number is None:
            number = self._last = self._last + 1
            self._numbers[key] = number
        return number

    def constant(self, k: int) -> int:
        """The number of a constant."""
        number = self._constants.get(k)
        if number is None:
            number = self._last = self._last + 1
            self._constants[k] = number
            self.known[number] = k
        return number
