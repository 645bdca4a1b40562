"""Each instruction of RFC 9669 on words at their limits: plain machine, native code and kernel."""

from collections.abc import Callable
from contextlib import ExitStack
from itertools import product

import pytest

from pcapfilter.ebpf import isa
from pcapfilter.ebpf.program import Program
from pcapfilter.engine.native import NativeMachine
from pcapfilter.engine.space import Space
from pcapfilter.engine.vm import Machine
from tests.ebpf import conformance
from tests.ebpf.kernel import Loaded, usable

HELPERS = {conformance.LOAD_BYTES: conformance.load_bytes}
RUNNABLE = [row for row in isa.ROWS.values() if row.kind not in {"object", "kernel", "skb", "exit"}]
LEGACY = [row for row in isa.ROWS.values() if row.kind == "skb"]


def name(row: isa.Row) -> str:
    return f"{row.code:#x}-{row.variant}"


def agree(program: Program, packets: list[bytes], *, kernel: bool) -> None:
    plain, native = Machine(program, HELPERS), NativeMachine(program, HELPERS)
    with ExitStack() as stack:
        loaded = stack.enter_context(Loaded(program, "xdp")) if kernel and usable() else None
        for packet in packets:
            ours = plain.execute(conformance.space(packet), conformance.ARGUMENT)
            assert native.execute(conformance.space(packet), conformance.ARGUMENT) == ours, packet
            if loaded is not None:
                assert loaded.run(packet) == ours & 0xFFFFFFFF, packet


@pytest.mark.parametrize("row", RUNNABLE, ids=name)
def test_every_instruction(row: isa.Row) -> None:
    """One result, for constants and for words that nobody knew before.

    Where the verifier refuses a constant that has a meaning, our machines are compared alone.
    """
    reads_constant = row.operand == "imm" or row.kind in {"wide", "call", "local"}
    constants = conformance.CONSTANTS if reads_constant else (0,)
    rights = conformance.EDGES if row.operand == "reg" or row.kind == "ja" else (7, 2**64 - 5)
    packets = [conformance.words(*pair) for pair in product(conformance.EDGES, rights)]
    if row.meaning == "cmpxchg":
        packets += [conformance.words(word, 9, word) for word in conformance.EDGES]
    refused = tuple(c for c in constants if conformance.refused_by_kernel(row, c))
    for chosen in (tuple(c for c in constants if c not in refused), refused):
        if chosen:
            program = conformance.program_of(row, chosen)
            agree(program, packets, kernel=chosen is not refused)


@pytest.mark.parametrize("row", LEGACY, ids=name)
def test_legacy_loads(row: isa.Row) -> None:
    """Packet octets in network order; past the end, the program ends with 0."""
    frame = bytes(range(256))[:90]
    for constant, index in ((0, 0), (5, 9), (90 - 14 - row.size, 0), (77 - row.size, 0), (70, 3),
                            (-8, 20), (80, 0)):  # fmt: skip
        program = conformance.of_packet(row, constant, index)
        place = (index if row.operand == "reg" else 0) + constant
        whole = 0 <= place <= len(frame) - 14 - row.size
        octets = frame[14:][place : place + row.size]
        wanted = int.from_bytes(octets, "big") + 1 if whole else 0
        for form in (Machine, NativeMachine):
            assert form(program).execute(Space(frame[14:], b"context")) == wanted
        if usable() and place >= 0:
            with Loaded(program, "socket") as loaded:
                assert loaded.run(frame) == wanted & 0xFFFFFFFF


KNOWN: list[tuple[str, int, int, int, int]] = [
    # operator, left, right, bits, result: by hand, from the tables and notes of RFC 9669
    ("div", 7, 0, 64, 0),
    ("mod", 7, 0, 64, 7),
    ("sdiv", 1 << 63, 2**64 - 1, 64, 1 << 63),
    ("smod", 1 << 63, 2**64 - 1, 64, 0),
    ("sdiv", 0x80000000, 0xFFFFFFFF, 32, 0x80000000),
    ("smod", 2**32 - 13, 3, 32, 2**32 - 1),
    ("smod", 13, 2**32 - 3, 32, 1),
    ("lsh", 1, 65, 64, 2),
    ("arsh", 1 << 31, 33, 32, 0xC0000000),
    ("movs16", 0, 0x8001, 32, 0xFFFF8001),
    ("movs32", 0, 0xFFFFFFFE, 64, 2**64 - 2),
]


@pytest.mark.parametrize(("meaning", "left", "right", "bits", "result"), KNOWN)
def test_by_hand(meaning: str, left: int, right: int, bits: int, result: int) -> None:
    """So that all machines cannot be wrong together: results that were worked out by hand."""
    row = next(
        row for row in isa.ROWS.values()
        if row.kind == "alu" and (row.meaning, row.bits, row.operand) == (meaning, bits, "reg")
    )  # fmt: skip
    program = Program.of([
        (0x79, 3, 1, 0, 0), (0x79, 4, 1, 8, 0), (row.code, 3, 4, row.variant, 0),
        (0xBF, 0, 3, 0, 0), (0x95, 0, 0, 0, 0),
    ])  # fmt: skip
    memory = bytearray(conformance.words(left, right))
    forms: tuple[Callable[[Program], Machine | NativeMachine], ...] = (Machine, NativeMachine)
    for form in forms:
        assert form(program).execute(Space(b"", memory), 1 << 32) == result
