"""What judges by a classic program: native code for batches, what suits for single packets."""

from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from array import array

    from pcapfilter.bpf.program import Program
    from pcapfilter.engine.patient import Judge
    from pcapfilter.errors import UnsupportedError
    from pcapfilter.io.base import Source
    from pcapfilter.io.window import Window
    from pcapfilter.job import Engine, Engines
    from pcapfilter.packets import Origin, PacketBatch


def judge_of(program: "Program") -> "Judge":
    """Give what judges packets one by one."""
    from pcapfilter.engine.patient import Judge
    from pcapfilter.engine.reference import run

    return Judge(partial(run, program), lambda: engine_of(program).run)


def engine_of(program: "Program") -> "Engine":
    """Give what judges batches of packets."""
    from pcapfilter.codegen.ebpf import translate
    from pcapfilter.engine.scan import engine_for

    return engine_for(translate(program, host="user"))


def nothing() -> "Engine":
    """Give what selects nothing."""
    from pcapfilter.bpf.program import NOTHING

    return engine_of(NOTHING)


class Windowed:
    """An Engine that selects what another one does, of the packets of a window of time."""

    __slots__ = ("_engine", "_window")

    def __init__(self, engine: "Engine", window: "Window") -> None:
        self._engine, self._window = engine, window

    def judge(self, batch: "PacketBatch") -> "array[int]":
        """Give the indices of the selected packets, rising."""
        return self._window.narrow(batch, self._engine.judge(batch))

    def run(self, packet: bytes | bytearray | memoryview, wirelen: int | None = None) -> int:
        """Give the verdict on one packet, whenever it was taken."""
        return self._engine.run(packet, wirelen)


def within(engines: "Engines", window: "Window") -> "Engines":
    """Give the engines, for the packets of a window of time."""
    return lambda origin: Windowed(engines(origin), window)


def about(
    error: "UnsupportedError", origin: "Origin", source: "Source", *, skipping: bool = False
) -> "UnsupportedError":
    """The error, with the link type and the interface at fault where a capture has several."""
    if any(known.link != origin.link for known in source.origins):
        which = ", ".join(getattr(source, "described", {}).get(origin, ()))
        hint = f"{source.name} has packets of link type {origin.link.title}"
        hint += f" ({which})" * bool(which)
        hint += "" if skipping else "; --skip-unsupported leaves them out"
        error.hint += "; " * bool(error.hint) + hint
    return error


def left_out(error: "UnsupportedError") -> str:
    """Say that packets are left out, and why."""
    return f"left out: {error.message} ({error.hint.partition('; --skip')[0]})"


def warn(error: "UnsupportedError") -> None:
    """Say it as a warning of Python's."""
    from warnings import warn

    warn(left_out(error), stacklevel=2)
