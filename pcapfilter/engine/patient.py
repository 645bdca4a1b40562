"""Verdicts packet by packet: native code takes 20 ms to make, and pays after some hundred."""

from collections.abc import Callable

Octets = bytes | bytearray | memoryview

Run = Callable[[Octets, int | None], int]
"""Gives the verdict on a packet, by its captured bytes and its length on the wire."""

PATIENCE = 300
"""How many packets the plain machine judges before native code is made."""


class Judge:
    """Judges by a plain machine at first, and then by what `make` gives."""

    __slots__ = ("_calls", "_made", "_make", "_plain")

    def __init__(self, plain: Run, make: Callable[[], Run]) -> None:
        self._plain, self._make = plain, make
        self._calls = 0
        self._made: Run | None = None

    def run(self, frame: Octets, wirelen: int | None) -> int:
        """Give the verdict on one packet: on the octets of a memoryview, whatever its items."""
        if isinstance(frame, memoryview) and (frame.format != "B" or frame.ndim != 1):
            frame = frame.tobytes()
        if self._made is not None:
            return self._made(frame, wirelen)
        self._calls += 1
        if self._calls == PATIENCE:
            self._made = self._make()
        return self._plain(frame, wirelen)
