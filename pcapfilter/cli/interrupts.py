"""Signals that ask the command to end: what is being written is finished first.

Before anything is written, such a signal ends the process at once, as it does by default.
"""

import signal
from time import monotonic
from types import FrameType
from typing import Any, Self

ENDING = ("SIGINT", "SIGTERM", "SIGHUP")
"""Ctrl-C, a kill, and a terminal that goes away."""

PATIENCE = 1.0
"""Seconds after which a second signal breaks off even a write, which may wait for its reader."""


class Interrupts:
    """While entered, each of these signals raises KeyboardInterrupt, though not while held off."""

    def __init__(self) -> None:
        self._asked: float | None = None
        self._held = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for number, action in self._before.items():
            signal.signal(number, action)

    def watch(self) -> None:
        """Take the signals from now on; one of a terminal that is to be ignored stays so."""
        for name in ENDING:
            number = signal.Signals[name]
            action = signal.getsignal(number)
            if name == "SIGHUP" and action == signal.SIG_IGN:
                continue
            try:
                self._before[number] = signal.signal(number, self._ask)
            except ValueError:  # not the main thread, which alone may do this
                return

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        now = monotonic()
        if self._asked is None:
            self._asked = now
            if not self._held:
                raise KeyboardInterrupt
        elif now - self._asked > PATIENCE:
            raise KeyboardInterrupt

    def hold(self) -> None:
        """Let nothing break off what follows."""
        self._held = True

    def release(self) -> None:
        """End what was not to be broken off: KeyboardInterrupt if a signal came meanwhile."""
        self._held = False
        if self._asked is not None:
            raise KeyboardInterrupt
