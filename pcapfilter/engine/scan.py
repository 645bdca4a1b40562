"""Verdicts over batches: a loop over three columns, with the filter linked into it.

    engine = engine_for(program)           # an ebpf.Program of host user
    chosen = engine.judge(batch)           # array("I"): the selected packets' indices, ascending

The loop is Python, made native once (see `loops`); the filter's own code is inlined into it, so
that a batch costs what its packets cost. Where there is no native code, the same loop runs in plain
Python and calls the plain machine.
"""

from array import array
from collections.abc import Callable
from types import FunctionType
from typing import Any, Protocol

from pcapfilter.ebpf.program import Program
from pcapfilter.engine import vm
from pcapfilter.engine.emit import emit
from pcapfilter.engine.jit import VERDICT, Code, NativeFilter, Trap
from pcapfilter.engine.loops import PREFIX, Signature, UnavailableError, call, prototype, text_of
from pcapfilter.packets import PacketBatch

Octets = bytes | bytearray | memoryview


class Engine(Protocol):
    """What judges packets by one program."""

    def judge(self, batch: PacketBatch) -> "array[int]":
        """Give the indices of the packets that the program selects, ascending."""
        ...

    def run(self, packet: Octets, wirelen: int | None = None) -> int:
        """Give the program's verdict on the captured octets of one packet."""
        ...


def engine_for(program: Program) -> Engine:
    """Give an engine for a program: native if that can be had here, and plain Python if not."""
    try:
        return NativeEngine(program)
    except UnavailableError:
        return PlainEngine(program)


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
_VERDICT = Signature.of("i64(u8*, i64, i64, i64)")


class NativeEngine:
    """Native code for one program."""

    __slots__ = ("_call", "_code", "_program", "_single", "_trap")

    def __init__(self, program: Program) -> None:
        """Compile; ProgramError where the checker refuses the program."""
        loop = text_of(judge, _JUDGE, {"verdict": _VERDICT})
        symbol = PREFIX + judge.__name__
        self._code = Code.linked([loop, emit(program, VERDICT)], [symbol])
        self._call = prototype(_JUDGE)(self._code.function(symbol))
        self._trap = Trap(self._code)
        self._program = program
        self._single: NativeFilter | None = None

    def judge(self, batch: PacketBatch) -> "array[int]":
        """Give the indices of the packets that the program selects, ascending."""
        chosen = array("I", bytes(4 * batch.count))
        columns = (batch.buffer, batch.offsets, batch.caplens, batch.wirelens)
        kept = call(self._call, _JUDGE.arguments, (*columns, batch.count, chosen))
        self._trap.spring()
        del chosen[kept:]
        return chosen

    def run(self, packet: Octets, wirelen: int | None = None) -> int:
        """Give the program's verdict on the captured octets of one packet."""
        if self._single is None:
            self._single = NativeFilter(self._program)
        return self._single.run(packet, wirelen)


class PlainEngine:
    """The plain eBPF machine for one program, and the same loop in plain Python."""

    __slots__ = ("_judge", "_machine")

    def __init__(self, program: Program) -> None:
        """Decode the program; ProgramError where it has no meaning."""
        self._machine = machine = vm.Machine(program)

        def run(buffer: memoryview, offset: int, caplen: int, wirelen: int) -> int:
            return machine.run(buffer[offset : offset + caplen], wirelen)

        assert isinstance(judge, FunctionType)
        self._judge: Callable[..., int] = FunctionType(
            judge.__code__, {**judge.__globals__, "verdict": run}
        )  # fmt: skip

    def judge(self, batch: PacketBatch) -> "array[int]":
        """Give the indices of the packets that the program selects, ascending."""
        chosen = array("I", bytes(4 * batch.count))
        with memoryview(batch.buffer) as buffer:
            kept = self._judge(
                buffer, batch.offsets, batch.caplens, batch.wirelens, batch.count, chosen
            )
        del chosen[kept:]
        return chosen

    def run(self, packet: Octets, wirelen: int | None = None) -> int:
        """Give the program's verdict on the captured octets of one packet."""
        return self._machine.run(packet, wirelen)
