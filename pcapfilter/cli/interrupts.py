"""Signals that ask the command to end: what is being written is finished first.

Before anything is written, such a signal ends the process at once, as it does by default.
"""

import signal
from collections.abc import Callable
from time import monotonic
from types import CodeType, FrameType, FunctionType
from typing import Any, Self

ENDING = ("SIGINT", "SIGTERM", "SIGHUP")
"""Ctrl-C, a kill, and a terminal that goes away."""

PATIENCE = 1.0
"""Seconds after which one more signal breaks off anything, even a write that waits for a reader."""


AGAIN = 0.05
"""Seconds after which a signal that came at a bad moment is looked at again."""


class Interrupts:
    """While entered, such a signal raises KeyboardInterrupt where that does no harm.

    That is inside the functions that may wait for others, at once or as soon as one is entered,
    and else at the next `check`.
    """

    def __init__(self, *waiting: Callable[..., Any]) -> None:
        self._waiting: set[CodeType] = set()
        for function in waiting:
            self.allow(function)
        self._asked: float | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, action in self._before.items():
            signal.signal(number, action)

    def watch(self) -> None:
        """Take the signals from now on; one of a terminal that is to be ignored stays so.

        SIGUSR2 has tcpdump write out what it holds back. Nothing is held back here.
        """
        for name in ENDING:
            number = signal.Signals[name]
            action = signal.getsignal(number)
            if name == "SIGHUP" and action == signal.SIG_IGN:
                continue
            try:
                self._before[number] = signal.signal(number, self._ask)
            except ValueError:  # not the main thread, which alone may do this
                return
        self._before[signal.SIGUSR2] = signal.signal(signal.SIGUSR2, signal.SIG_IGN)
        self._before[signal.SIGALRM] = signal.signal(signal.SIGALRM, self._raise_if_waiting)

    def allow(self, waiting: Callable[..., Any]) -> None:
        """Name one more function that may be broken off."""
        assert isinstance(waiting, FunctionType)
        self._waiting.add(waiting.__code__)

    def _ask(self, _number: int, frame: FrameType | None) -> None:
        now = monotonic()
        if self._asked is not None:
            if now - self._asked > PATIENCE:
                raise KeyboardInterrupt
            return
        self._asked = now
        signal.setitimer(signal.ITIMER_REAL, AGAIN, AGAIN)
        self._raise_if_waiting(_number, frame)

    def _raise_if_waiting(self, _number: int, frame: FrameType | None) -> None:
        while frame is not None:
            if frame.f_code in self._waiting:
                signal.setitimer(signal.ITIMER_REAL, 0)
                raise KeyboardInterrupt
            frame = frame.f_back

    def check(self) -> None:
        """Raise KeyboardInterrupt if a signal came."""
        if self._asked is not None:
            signal.setitimer(signal.ITIMER_REAL, 0)
            raise KeyboardInterrupt
