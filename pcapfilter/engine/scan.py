"""Verdicts over batches: a loop over packets, with the filter linked into it.

    engine = engine_for(program)           # an ebpf.Program of host user
    chosen = engine.judge(batch)           # array("I"): the selected packets' indices, ascending
    frame = engine.fill(loop, signature)   # a loop of io's, in which `wanted` is the filter

The loops are Python, made native once (see `loops`); the filter's own code is inlined into them, so
that a packet costs what its octets cost. Where there is no native code, the same loops run in plain
Python and call the plain machine. Either is made when it is first needed.
"""

from array import array
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache, partial
from types import FunctionType
from typing import TYPE_CHECKING, Any

from pcapfilter.ebpf.check import check
from pcapfilter.ebpf.program import Program
from pcapfilter.engine.jit import NativeFilter, Trap, link, octets_of, put
from pcapfilter.engine.loops import (
    PATIENCE,
    Signature,
    UnavailableError,
    call,
    key_of,
    prototype,
    takes_seconds,
    text_of,
)  # fmt: skip
from pcapfilter.engine.outside import CALLS, PREFIX, calls_of
from pcapfilter.packets import PacketBatch

if TYPE_CHECKING:
    from pcapfilter.engine.vm import Machine

Octets = bytes | bytearray | memoryview

HOLE = "wanted"
"""What a loop calls the function in whose place a filter is put."""


def wanted(buffer: Any, offset: int, caplen: int, wirelen: int) -> int:
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
        if wanted(buffer, offsets[index], caplens[index], wirelens[index]) != 0:
            kept += 1
    return kept


JUDGE = "i64(u8*, u32*, u32*, u32*, i64, u32*)"
_KEPT_FILTERS = 256
"""How many filters' code stays in the cache."""
_WANTED = Signature.of("i64(u8*, i64, i64, i64)")


def outside_of(loop: Callable[..., int]) -> dict[str, Signature]:
    """Give what a loop calls that is put in place later: a filter, and the system."""
    return {HOLE: _WANTED} | {name: Signature.of(CALLS[name][0]) for name in calls_of(loop)}


class NativeFill:
    """A loop with a program's code in it, as native code.

    It has a trap of its own, so that it may run beside others of the same code.
    """

    __slots__ = ("_call", "_octets", "_prototype", "_symbol", "_trap", "_types")

    compiled = True

    def __init__(self, program: Program, loop: Callable[..., int], signature: str) -> None:
        """Compile; UnavailableError where there is no native code."""
        shape, outside = Signature.of(signature), outside_of(loop)
        symbol, calls = PREFIX + loop.__name__, calls_of(loop)

        def make(machine: Any) -> Any:
            from pcapfilter.engine.emit import emit

            texts = [text_of(loop, shape, outside), emit(program, PREFIX + HOLE)]
            return link([*texts, *(CALLS[name][1] for name in calls)], [symbol], machine)

        key = f"{key_of(loop, shape, outside)} {program.pack().hex()}"
        self._octets = octets_of(make, "filter.o", key, most=_KEPT_FILTERS)
        self._types, self._symbol, self._prototype = shape.arguments, symbol, prototype(shape)
        self._put()

    def _put(self) -> None:
        code = put(self._octets)
        self._call = self._prototype(code.address(self._symbol))
        self._trap = Trap(code)

    def twin(self) -> "NativeFill":
        """Give the same for another thread."""
        twin: NativeFill = object.__new__(NativeFill)
        for name in ("_octets", "_prototype", "_symbol", "_types"):
            setattr(twin, name, getattr(self, name))
        twin._put()
        return twin

    def __call__(self, *arguments: Any) -> int:
        """Run the loop; ProgramError where the program did what none may."""
        result = call(self._call, self._types, arguments)
        self._trap.spring()
        return result


class PlainFill:
    """The same in plain Python, calling the plain eBPF machine."""

    __slots__ = ("_loop", "_types")

    compiled = False

    def __init__(self, program: Program, loop: Callable[..., int], signature: str) -> None:
        """Decode the program."""
        from pcapfilter.engine import vm

        machine = vm.Machine(program)

        def run(buffer: memoryview, offset: int, caplen: int, wirelen: int) -> int:
            return machine.run(buffer[offset : offset + caplen], wirelen)

        assert isinstance(loop, FunctionType)
        self._loop = FunctionType(loop.__code__, {**loop.__globals__, HOLE: run}, loop.__name__)
        self._types = Signature.of(signature).arguments

    def twin(self) -> "PlainFill":
        """Give itself: only one thread runs at a time."""
        return self

    def __call__(self, *arguments: Any) -> int:
        """Run the loop."""
        views = (
            argument if kind == "i64" else memoryview(argument)
            for kind, argument in zip(self._types, arguments, strict=True)
        )
        return int(self._loop(*views))


class PatientFill:
    """The same in plain Python at first, where native code takes seconds to make in each run."""

    __slots__ = ("_make", "_patience", "_run")

    compiled = False

    def __init__(self, program: Program, loop: Callable[..., int], signature: str) -> None:
        """Decode the program."""
        self._make = partial(_native_fill, program, loop, signature)
        self._patience = PATIENCE
        self._run: NativeFill | PlainFill = PlainFill(program, loop, signature)

    def twin(self) -> "PatientFill":
        """Give itself: only one thread runs at a time."""
        return self

    def __call__(self, *arguments: Any) -> int:
        """Run the loop."""
        if self._patience:
            self._patience -= 1
            if not self._patience:
                with suppress(UnavailableError, ImportError, OSError):
                    self._run = self._make()
        return self._run(*arguments)


Fill = NativeFill | PlainFill | PatientFill


@lru_cache(maxsize=16)
def _native_fill(program: Program, loop: Callable[..., int], signature: str) -> NativeFill:
    """Give native code; that of the last programs is kept."""
    return NativeFill(program, loop, signature)


class Engine:
    """What judges packets by one program: natively if that can be had here, plainly if not."""

    __slots__ = ("_fills", "_program", "_single")

    def __init__(self, program: Program) -> None:
        """Take a program; ProgramError where the checker refuses it."""
        check(program)
        self._program = program
        self._fills: dict[tuple[Callable[..., int], str], Fill] = {}
        self._single: NativeFilter | Machine | None = None

    def judge(self, batch: PacketBatch) -> "array[int]":
        """Give the indices of the packets that the program selects, ascending."""
        return judge_by(self.fill(judge, JUDGE), batch)

    def fill(self, loop: Callable[..., int], signature: str) -> Fill:
        """Give a loop in which the program stands where it calls `wanted`."""
        found = self._fills.get((loop, signature))
        if found is None:
            shape = Signature.of(signature)
            try:
                if takes_seconds(loop, shape, outside_of(loop)):
                    found = PatientFill(self._program, loop, signature)
                else:
                    found = _native_fill(self._program, loop, signature)
            except (UnavailableError, ImportError, OSError):
                found = PlainFill(self._program, loop, signature)
            self._fills[loop, signature] = found
        return found

    def run(self, packet: Octets, wirelen: int | None = None) -> int:
        """Give the program's verdict on the captured octets of one packet."""
        if self._single is None:
            try:
                self._single = NativeFilter(self._program)
            except ImportError:
                from pcapfilter.engine import vm

                self._single = vm.Machine(self._program)
        return self._single.run(packet, wirelen)


def judge_by(fill: Fill, batch: PacketBatch) -> "array[int]":
    """Give the indices of the packets that `judge`, filled, selects."""
    columns = (batch.buffer, batch.offsets, batch.caplens, batch.wirelens)
    if batch.count > min(map(len, columns[1:])):
        raise ValueError(f"a batch of {batch.count} packets has shorter columns")
    chosen = array("I", bytes(4 * batch.count))
    kept = fill(*columns, batch.count, chosen)
    del chosen[kept:]
    return chosen


def engine_for(program: Program) -> Engine:
    """Give an engine for a program of host user."""
    return Engine(program)
