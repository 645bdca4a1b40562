"""An eBPF program of any host as native code, with helpers of the caller's.

    machine = NativeMachine(program, {7: helper})
    r0 = machine.execute(Space(packet, context), *words)

The same as vm.Machine, in what it takes, gives and refuses. The code is made by LLVM each time.
"""

import ctypes
from array import array
from collections.abc import Callable, Mapping

from pcapfilter.ebpf import form, isa
from pcapfilter.ebpf.program import Program
from pcapfilter.engine import emit_program as table
from pcapfilter.engine.jit import Code, link, machine_here
from pcapfilter.engine.memory import Pin
from pcapfilter.engine.reasons import MESSAGES, SHIFT, outside
from pcapfilter.engine.space import MOST_PARTS, PACKET, STACK_TOP, Octets, Space
from pcapfilter.engine.vm import Helper
from pcapfilter.errors import ProgramError

_SYMBOL = "pcapfilter_program"
_RUN = ctypes.CFUNCTYPE(ctypes.c_uint64, ctypes.c_void_p)
_WORD = 2**64 - 1
_NO_TRAP = _WORD
_HELPER = ctypes.CFUNCTYPE(ctypes.c_uint64, *[ctypes.c_uint64] * 5)


class NativeMachine:
    """An eBPF program as native code, to be run many times, by several threads if need be."""

    __slots__ = ("_call", "_code", "_helpers", "_program")

    def __init__(self, program: Program, helpers: Mapping[int, Helper] | None = None) -> None:
        """Compile a program; ProgramError where it is not well-formed."""
        self._helpers = dict(helpers or {})
        form.check(program, self._helpers)
        self._program = program
        machine = machine_here()
        text = table.emit(program, _SYMBOL, [*self._helpers])
        self._code = Code(link([text], [_SYMBOL], machine), machine)
        self._call = _RUN(self._code.address(_SYMBOL))

    def run(self, packet: Octets, wirelen: int | None = None) -> int:
        """Give r0 of a program of host user after running on the captured octets of one packet."""
        caplen = len(packet)
        space = Space(memoryview(packet).toreadonly())
        return self.execute(space, PACKET, caplen, caplen if wirelen is None else wirelen)

    def execute(self, space: Space, *arguments: int) -> int:
        """Give r0 after running with these words in r1 and up."""
        return _Run(self._call, self._program, self._helpers, space).go(arguments)


class _Run:
    """One run: the table, what lies where it says, and what a helper raised."""

    __slots__ = ("call", "error", "helpers", "pins", "program", "space", "table")

    def __init__(
        self,
        call: Callable[[int], int],
        program: Program,
        helpers: dict[int, Helper],
        space: Space,
    ) -> None:
        self.call, self.program, self.helpers, self.space = call, program, helpers, space
        self.table = array("Q", bytes(8 * (table.ROWS + 4 * (1 + MOST_PARTS))))
        self.pins: list[Pin] = []
        self.error: BaseException | None = None

    def go(self, arguments: tuple[int, ...]) -> int:
        try:
            return self.execute(arguments)
        finally:
            for pin in self.pins:
                pin.release()

    def execute(self, arguments: tuple[int, ...]) -> int:
        words, space = self.table, self.space
        callbacks = [_HELPER(self.helped(helper)) for helper in self.helpers.values()]
        addresses = array("Q", (ctypes.cast(c, ctypes.c_void_p).value or 0 for c in callbacks))
        words[table.TRAP] = _NO_TRAP
        words[table.PACKET], words[table.LENGTH] = self.pin(space.packet), len(space.packet)
        words[table.HELPERS] = addresses.buffer_info()[0]
        for number, word in enumerate(arguments):
            words[table.ARGUMENTS + number] = word & _WORD
        frame = self.pin(memoryview(space.stack)) + len(space.stack) - isa.STACK
        self.row(STACK_TOP - isa.STACK, isa.STACK, frame, writable=True)
        self.parts()
        verdict = self.call(words.buffer_info()[0])
        trap = words[table.TRAP]
        if trap != _NO_TRAP:
            self.spring(trap >> SHIFT, trap & (1 << SHIFT) - 1)
        return verdict

    def pin(self, octets: memoryview) -> int:
        """Hold a buffer still for the run, and give its address."""
        pin = Pin(octets, 1, writable=not octets.readonly)
        self.pins.append(pin)
        return pin.address

    def parts(self) -> None:
        """Put the space's parts that are not there yet into the table."""
        for start, octets, writable in self.space.parts[self.table[table.COUNT] - 1 :]:
            address = self.pin(octets)
            if writable and address % 8:
                raise ValueError("what a program may write must lie at a multiple of 8 octets")
            self.row(start, len(octets), address, writable=writable)

    def row(self, start: int, size: int, address: int, *, writable: bool) -> None:
        at = table.ROWS + 4 * self.table[table.COUNT]
        self.table[at : at + 4] = array("Q", (start, start + size, address, writable))
        self.table[table.COUNT] += 1

    def helped(self, helper: Helper) -> Callable[..., int]:
        """What native code calls for a helper: it keeps what is raised, and ends the run."""

        def call(*words: int) -> int:
            self.space.depth = (STACK_TOP - self.table[table.ROWS]) // isa.STACK - 1
            try:
                result = helper(self.space, *words) & _WORD
                self.parts()
            except BaseException as error:  # noqa: BLE001 -- it is raised again after the run
                self.error = error
                self.table[table.STOP] = 1
                return 0
            return result

        return call

    def spring(self, reason: int, pc: int) -> None:
        """Raise what ended the run."""
        if isinstance(self.error, ProgramError):
            raise ProgramError(self.error.message, pc=pc)
        if self.error is not None:
            raise self.error
        message = MESSAGES.get(reason)
        if message is None:
            row = isa.row_of(self.program[pc])
            assert row is not None
            message = outside(row.size, write=row.kind in {"store", "atomic"})
        raise ProgramError(message, pc=pc)
