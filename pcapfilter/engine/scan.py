"""Verdicts over batches: a loop over three columns, with the filter linked into it.

    engine = engine_for(program)           # an ebpf.Program of host user
    chosen = engine.judge(batch)           # array("I"): the selected packets' indices, ascending

The loop is Python, made native once (see `loops`); the filter's own code is inlined into it, so
that a batch costs what its packets cost. Where there is no native code, the same loop runs in plain
Python and calls the plain machine. Either is made when the first batch or packet comes.
"""

from array import array
from collections.abc import Callable
from functools import lru_cache
from types import FunctionType
from typing import TYPE_CHECKING, Any

from pcapfilter.ebpf.check import check
from pcapfilter.ebpf.program import Program
from pcapfilter.engine.emit import emit
from pcapfilter.engine.jit import VERDICT, NativeFilter, Trap, code_of, link
from pcapfilter.engine.loops import (
    PREFIX,
    Signature,
    UnavailableError,
    call,
    key_of,
    prototype,
    text_of,
)  # fmt: skip
from pcapfilter.packets import PacketBatch

if TYPE_CHECKING:
    from pcapfilter.engine.vm import Machine

Octets = bytes | bytearray | memoryview


def verdict(buffer: Any, offset: int, caplen: int, wirelen: int) -> int:
    """Stand for the filter's function, which is linked in here, or put in its place."""
    raise NotImplementedError


def judge(
    buffer: Any, offsets: Any, caplens: Any, wirelens: Any, count: int, chosen: Any
) -> int:  # fmt: skip
    """Write the indices of the selected packets to `chosen`, and give how many they are.

    Each index is written and then kept or written over, which costs less than a branch.
    """
    kept = 0
    for index in range(count):
        chosen[kept] = index
        if verdict(buffer, offsets[index], caplens[index], wirelens[index]) != 0:
            kept += 1
    return kept


_JUDGE = Signature.of("i64(u8*, u32*, u32*, u32*, i64, u32*)")
_KEPT_FILTERS = 256
"""How many filters' code stays in the cache."""
_VERDICT = Signature.of("i64(u8*, i64, i64, i64)")


class NativeJudge:
    """Native code for batches: the loop with one program's code inlined."""

    __slots__ = ("_call", "_trap")

    def __init__(self, program: Program) -> None:
        """Compile; UnavailableError where there is no native code."""
        symbol, outside = PREFIX + judge.__name__, {"verdict": _VERDICT}

        def make(machine: Any) -> Any:
            texts = [text_of(judge, _JUDGE, outside), emit(program, VERDICT)]
            return link(texts, [symbol], machine)

        key = f"{key_of(judge, _JUDGE, outside)} {program.pack().hex()}"
        code = code_of(make, "filter.o", key, most=_KEPT_FILTERS)
        self._call = prototype(_JUDGE)(code.address(symbol))
        self._trap = Trap(code)

    def judge(self, batch: PacketBatch) -> "array[int]":
        """Give the indices of the packets that the program selects, ascending."""
        columns = (batch.buffer, batch.offsets, batch.caplens, batch.wirelens)
        if batch.count > min(map(len, columns[1:])):
            raise ValueError(f"a batch of {batch.count} packets has shorter columns")
        chosen = array("I", bytes(4 * batch.count))
        kept = call(self._call, _JUDGE.arguments, (*columns, batch.count, chosen))
        self._trap.spring()
        del chosen[kept:]
        return chosen


@lru_cache(maxsize=16)
def _native_judge(program: Program) -> NativeJudge:
    """Give the native code of a program; that of the last programs is kept."""
    return NativeJudge(program)


class PlainJudge:
    """The same loop in plain Python, calling the plain eBPF machine."""

    __slots__ = ("_judge",)

    def __init__(self, program: Program) -> None:
        """Decode the program."""
        from pcapfilter.engine import vm

        machine = vm.Machine(program)

        def run(buffer: memoryview, offset: int, caplen: int, wirelen: int) -> int:
            return machine.run(buffer[offset : offset + caplen], wirelen)

        assert isinstance(judge, FunctionType)
        self._judge: Callable[..., int] = FunctionType(
            judge.__code__, {**judge.__globals__, "verdict": run}
        )

    def judge(self, batch: PacketBatch) -> "array[int]":
        """Give the indices of the packets that the program selects, ascending."""
        chosen = array("I", bytes(4 * batch.count))
        with memoryview(batch.buffer) as buffer:
            kept = self._judge(
                buffer, batch.offsets, batch.caplens, batch.wirelens, batch.count, chosen
            )
        del chosen[kept:]
        return chosen


class Engine:
    """What judges packets by one program: natively if that can be had here, plainly if not."""

    __slots__ = ("_batches", "_program", "_single")

    def __init__(self, program: Program) -> None:
        """Take a program; ProgramError where the checker refuses it."""
        check(program)
        self._program = program
        self._batches: NativeJudge | PlainJudge | None = None
        self._single: NativeFilter | Machine | None = None

    def judge(self, batch: PacketBatch) -> "array[int]":
        """Give the indices of the packets that the program selects, ascending."""
        if self._batches is None:
            try:
                self._batches = _native_judge(self._program)
            except (UnavailableError, ImportError, OSError):
                self._batches = PlainJudge(self._program)
        return self._batches.judge(batch)

    def run(self, packet: Octets, wirelen: int | None = None) -> int:
        """Give the program's verdict on the captured octets of one packet."""
        if self._single is None:
            try:
                self._single = NativeFilter(self._program)
            except ImportError:
                from pcapfilter.engine import vm

                self._single = vm.Machine(self._program)
        return self._single.run(packet, wirelen)


def engine_for(program: Program) -> Engine:
    """Give an engine for a program of host user."""
    return Engine(program)
