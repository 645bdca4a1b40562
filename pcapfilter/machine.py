"""Any eBPF program, run: by the plain machine or as native code, with memory and helpers.

    from pcapfilter.ebpf.program import Program
    from pcapfilter.machine import run

    program = Program.unpack(octets)                # an array of struct bpf_insn
    r0 = run(program, bytearray(b"some memory"))    # r1 = where it lies, r2 = its length

A program reaches what it is given, its stack, and nothing else. One that is not well-formed, goes
elsewhere or does not end is a ProgramError with its pc, on either machine alike.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pcapfilter.engine.space import CONTEXT, PACKET, Octets, Space

if TYPE_CHECKING:
    from pcapfilter.ebpf.program import Program
    from pcapfilter.engine.native import NativeMachine
    from pcapfilter.engine.vm import Helper, Machine

__all__ = ["CONTEXT", "PACKET", "Space", "machine", "run"]


def machine(
    program: "Program", helpers: "Mapping[int, Helper] | None" = None, *, native: bool = False
) -> "Machine | NativeMachine":
    """Give a machine for a program, to run it many times: `execute(space, *words)` gives r0.

    `helpers` are functions by the number that `call` has: each takes the Space and r1 to r5, and
    gives r0. With `native`, ImportError where there is no llvmlite.
    """
    if native:
        from pcapfilter.engine.native import NativeMachine

        return NativeMachine(program, helpers)
    from pcapfilter.engine.vm import Machine

    return Machine(program, helpers)


def run(
    program: "Program",
    memory: Octets = b"",
    *,
    packet: Octets = b"",
    helpers: "Mapping[int, Helper] | None" = None,
    native: bool = False,
) -> int:
    """Give r0 after a run in which r1 is where the memory lies (0 if there is none), r2 its length.

    What the program writes is seen in `memory` if it is a bytearray; of bytes it has a copy.
    `packet` is what the legacy loads (LD_ABS, LD_IND) read, and lies at PACKET.
    """
    context = bytearray(memory) if isinstance(memory, bytes) else memory
    words = (CONTEXT, len(memory)) if memory else (0, 0)
    return machine(program, helpers, native=native).execute(Space(packet, context), *words)
