"""Any eBPF program through its public door: memory, packet, helpers, faults."""

import struct
import threading
from random import Random

import pytest

from pcapfilter.codegen.ebpf import translate
from pcapfilter.codegen.ebpf.hosts import HOSTS
from pcapfilter.ebpf.program import Program
from pcapfilter.engine import reference
from pcapfilter.errors import ProgramError
from pcapfilter.machine import CONTEXT, PACKET, Space, machine, run
from tests.bpf.programs import random_packet, random_program

EXIT = (0x95, 0, 0, 0, 0)
both = pytest.mark.parametrize("native", [False, True], ids=["plain", "native"])


@both
def test_memory_is_in_r1_and_r2(*, native: bool) -> None:
    """Where it lies and its length; both are 0 where there is none."""
    length = Program.of([(0xBF, 0, 2, 0, 0), EXIT])
    first = Program.of([(0x71, 0, 1, 0, 0), EXIT])
    place = Program.of([(0xBF, 0, 1, 0, 0), EXIT])
    assert run(length, b"12345", native=native) == 5
    assert run(length, native=native) == run(place, native=native) == 0
    assert run(first, b"\x07", native=native) == 7
    with pytest.raises(ProgramError, match="may not read") as caught:
        run(first, native=native)
    assert caught.value.pc == 0


@both
def test_what_is_written_is_seen(*, native: bool) -> None:
    """In a bytearray; of bytes, the program has a copy."""
    program = Program.of([(0x72, 1, 0, 1, 0x58), (0x71, 0, 1, 1, 0), EXIT])
    octets, copied = bytearray(b"abcdefgh"), b"abcdefgh"
    assert run(program, octets, native=native) == run(program, copied, native=native) == 0x58
    assert octets == b"aXcdefgh"
    assert copied == b"abcdefgh"
    with pytest.raises(ProgramError, match="may not write"):
        run(program, memoryview(copied), native=native)


@both
def test_pointers_may_be_kept_in_memory(*, native: bool) -> None:
    """On the stack, in memory, and handed to a function that writes through them."""
    program = Program.of([
        (0xB7, 6, 0, 0, 5), (0x7B, 10, 1, -8, 0), (0xBF, 1, 10, 0, 0), (0x07, 1, 0, 0, -16),
        (0x85, 0, 1, 0, 4), (0x79, 0, 10, -16, 0), (0x0F, 0, 6, 0, 0), (0x79, 1, 10, -8, 0),
        (0x05, 0, 0, 3, 0),
        (0xB7, 6, 0, 0, 9), (0x7A, 1, 0, 0, 37), EXIT,
        (0x7B, 1, 0, 0, 0), EXIT,
    ])  # fmt: skip
    memory = bytearray(8)
    assert run(program, memory, native=native) == 42
    assert memory == (42).to_bytes(8, "little")


@both
def test_a_frame_ends_where_the_next_begins(*, native: bool) -> None:
    """A function reaches its caller's frame, but nobody the frames of calls to come."""
    deep = (0x7A, 10, 0, -520, 1)
    with pytest.raises(ProgramError) as caught:
        run(Program.of([(0xB7, 0, 0, 0, 0), deep, EXIT]), native=native)
    assert caught.value.pc == 1
    called = [(0x85, 0, 1, 0, 1), EXIT, (0x79, 0, 10, 520 - 16, 0), EXIT]
    assert run(Program.of([(0x7A, 10, 0, -8, 77), *called]), native=native) == 77


@both
def test_helpers_see_and_give_memory(*, native: bool) -> None:
    """A helper reads what the program points at, and lends it a buffer."""
    lent = bytearray(b"\x01\x02\x03\x04\x05\x06\x07\x08")

    def lend(space: Space, address: int, size: int, *_: int) -> int:
        seen.append(bytes(space.octets(address, size)))
        return space.give(lent)

    program = Program.of([
        (0x85, 0, 0, 0, 9), (0xBF, 6, 0, 0, 0), (0x72, 6, 0, 7, 0x55), (0x79, 0, 6, 0, 0), EXIT,
    ])  # fmt: skip
    seen: list[bytes] = []
    assert run(program, b"hello", helpers={9: lend}, native=native) == 0x5507060504030201
    assert seen == [b"hello"]
    assert lent[7] == 0x55
    with pytest.raises(ProgramError, match="may not read") as caught:
        run(program, helpers={9: lend}, native=native)
    assert caught.value.pc == 0
    with pytest.raises(ProgramError, match="no helper 9"):
        run(program, native=native)


@both
def test_what_a_helper_raises_is_raised(*, native: bool) -> None:
    def fail(*_: object) -> int:
        raise LookupError("nothing there")

    with pytest.raises(LookupError, match="nothing there"):
        run(Program.of([(0x85, 0, 0, 0, 1), EXIT]), helpers={1: fail}, native=native)


@both
def test_legacy_loads_read_the_packet(*, native: bool) -> None:
    program = Program.of([(0xB7, 7, 0, 0, 1), (0x48, 0, 7, 0, 2), EXIT])
    assert run(program, packet=b"abcdefgh", native=native) == int.from_bytes(b"de", "big")
    assert run(program, packet=b"abcd", native=native) == 0


def test_an_atomic_sum_of_many_threads() -> None:
    """Nobody's addition is lost."""
    loop = Program.of([
        (0xB7, 3, 0, 0, 20000), (0xB7, 4, 0, 0, 1), (0xDB, 1, 4, 0, 0), (0x07, 3, 0, 0, -1),
        (0x55, 3, 0, -3, 0), (0xB7, 0, 0, 0, 0), EXIT,
    ])  # fmt: skip
    counter, made = bytearray(8), machine(loop, native=True)
    threads = [
        threading.Thread(target=made.execute, args=(Space(b"", counter), CONTEXT)) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert int.from_bytes(counter, "little") == 80000


@pytest.mark.parametrize("host", ["socket", "tc", "xdp"])
def test_programs_for_the_kernel_run_here(host: str) -> None:
    """With a context like the kernel's, they decide as the reference machine does."""
    random, row = Random(71), HOSTS[host]
    places = {"tc": (76, 80), "xdp": (0, 4)}.get(host, ())
    for _ in range(15):
        classic = random_program(random)
        program, judge = translate(classic, host=host), reference.Machine(classic)
        forms = [machine(program, {39: lambda *_: 0}, native=native) for native in (False, True)]
        for length in range(1, 80, random.randint(3, 9)):
            packet, context = random_packet(random, length), bytearray(200)
            if host != "xdp":
                struct.pack_into("<I", context, 0, length)
            for place, address in zip(places, (PACKET, PACKET + length), strict=False):
                struct.pack_into("<I", context, place, address)
            verdict = judge.run(packet)
            wanted = (verdict if row.match is None else row.match) if verdict else row.other
            for form in forms:
                assert form.execute(Space(packet, context), CONTEXT) == wanted, (classic, packet)
