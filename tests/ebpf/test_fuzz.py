"""Programs and packets by chance: no crash, and one outcome on all machines.

Seeded: a failure shows the program that hypothesis made smallest. `--sweep 10` tries ten times as
many. What native code reads lies between guard pages.
"""

import subprocess
import sys
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pcapfilter.codegen.ebpf import translate
from pcapfilter.ebpf import form, isa, text
from pcapfilter.ebpf.check import check
from pcapfilter.ebpf.program import Program
from pcapfilter.engine import reference
from pcapfilter.engine.jit import NativeFilter
from pcapfilter.engine.native import NativeMachine
from pcapfilter.engine.space import CONTEXT, Space
from pcapfilter.engine.vm import Machine
from pcapfilter.errors import ProgramError
from tests.bpf.programs import random_packet, random_program
from tests.ebpf import fuzz
from tests.ebpf.guard import PAGE, Guarded

Outcome = int | tuple[str, int | None]

PACKETS = st.binary(max_size=40)


@pytest.fixture(autouse=True)
def short_loops(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a program without end be stopped soon."""
    monkeypatch.setattr(isa, "LONGEST_LOOP", 200)


def trials(sweep: float, count: int) -> settings:
    return settings(max_examples=int(count * sweep), deadline=None, derandomize=True, database=None)


def outcome(run: Callable[..., int], *arguments: Any) -> Outcome:
    """Give what came of a run: its value, or what is wrong and where."""
    try:
        return run(*arguments)
    except ProgramError as error:
        return error.message, error.pc


def refusal_of(judge: Callable[[Program], None], program: Program) -> ProgramError | None:
    try:
        judge(program)
    except ProgramError as error:
        return error
    return None


def helper(space: Space, word: int, address: int, *_: int) -> int:
    """Give a buffer, or look at what the program has at an address, which may be nothing."""
    if word & 1:
        return space.give(bytearray(16))
    return sum(space.octets(address, 4))


HELPERS = {fuzz.HELPER: helper}


def test_any_octets(sweep: float) -> None:
    """The checker says yes or why not, the listing can be read back, and nothing else happens."""

    @trials(sweep, 400)
    @given(fuzz.octets.map(Program.unpack) | fuzz.fields)
    def run(program: Program) -> None:
        assert text.parse(text.listing(program)) == program
        for judge in (form.check, check):
            refusal = refusal_of(judge, program)
            assert refusal is None or not program or refusal.pc in range(len(program))

    run()


def test_machines_agree(sweep: float) -> None:
    """Value or error with its place, and what is left in memory."""

    @trials(sweep, 100)
    @given(fuzz.programs(), PACKETS, st.binary(min_size=1, max_size=40))
    def run(program: Program, packet: bytes, memory: bytes) -> None:
        left = []
        for machine in (Machine(program, HELPERS), NativeMachine(program, HELPERS)):
            space = Space(packet, bytearray(memory))
            result = outcome(machine.execute, space, CONTEXT, len(memory), 2**64 - 1)
            left.append((result, [bytes(part.octets) for part in space.parts]))
        assert left[0] == left[1]

    run()


def test_filters_agree(sweep: float) -> None:
    """What the checker takes runs as a filter, whose packets end, or begin, at a guard page."""

    @trials(sweep, 100)
    @given(fuzz.programs(filters=True), PACKETS, st.sampled_from((0, 1, 2**31, 2**32 - 1)))
    def run(program: Program, packet: bytes, wirelen: int) -> None:
        plain = outcome(Machine(program).run, packet, wirelen)
        general = NativeMachine(program)
        assert outcome(general.run, packet, wirelen) == plain
        try:
            native = NativeFilter(program)
        except ProgramError:
            return
        taken.append(program)
        wanted = plain if isinstance(plain, int) else plain[1]
        for put in (guarded.last, guarded.first):
            place = guarded.address_of(put(packet))
            result = outcome(native.run_at, place, len(packet), wirelen)
            assert (result if isinstance(result, int) else result[1]) == wanted

    taken: list[Program] = []
    guarded = Guarded()
    run()
    assert len(taken) > 20 * sweep


def test_memory_between_guard_pages(sweep: float) -> None:
    """The general form of native code, with packet and memory each before a guard page."""

    @trials(sweep, 40)
    @given(fuzz.programs(), PACKETS, st.integers(1, 5))
    def run(program: Program, packet: bytes, size: int) -> None:
        machine = NativeMachine(program, HELPERS)
        for put, put_too in ((one.last, other.last), (one.first, other.first)):
            memory, place = put(bytes(range(8 * size))), put_too(packet).toreadonly()
            outcome(machine.execute, Space(place, memory), CONTEXT, 8 * size)

    one, other = Guarded(), Guarded()
    run()


def test_translations_between_guard_pages(sweep: float) -> None:
    """What every filter becomes: packets of all lengths, each with a guard page at either end."""
    random, guarded = Random(61), Guarded()
    for _ in range(int(60 * sweep)):
        classic = random_program(random)
        machine, native = reference.Machine(classic), NativeFilter(translate(classic))
        for length in range(0, 60, random.randint(1, 4)):
            packet = random_packet(random, length)
            wanted = int(machine.run(packet) != 0)
            for put in (guarded.last, guarded.first):
                assert native.run_at(guarded.address_of(put(packet)), length, length) == wanted


def test_the_guard_kills() -> None:
    """A read one octet further ends the process, and so would be seen."""
    script = (
        "import ctypes; from tests.ebpf.guard import Guarded\n"
        "guarded = Guarded()\n"
        "print(ctypes.string_at(guarded.address, guarded.size)[:1], flush=True)\n"
        "ctypes.string_at(guarded.address + guarded.size - 1, 2)"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    assert result.stdout
    assert result.returncode < 0
    assert PAGE
