"""The translation beside the reference machine."""

from random import Random

import pytest

from pcapfilter.bpf import flow, text
from pcapfilter.bpf import isa as classic
from pcapfilter.bpf.program import Program
from pcapfilter.codegen.ebpf import translate
from pcapfilter.codegen.ebpf.hosts import TURNS
from pcapfilter.ebpf import isa as to
from pcapfilter.ebpf.check import check
from pcapfilter.ebpf.flow import blocks
from pcapfilter.engine import reference, vm
from pcapfilter.engine.space import CONTEXT, Space
from pcapfilter.errors import ProgramError, UnsupportedError
from tests.bpf.programs import random_packet, random_program


@pytest.mark.parametrize("loops", [False, True], ids=["forward", "loops"])
def test_random_programs_keep_their_meaning(loops: bool) -> None:
    """The eBPF machine gives the reference machine's verdict, and the checker takes the program."""
    random = Random(11)
    for _ in range(200):
        program = random_program(random, loops=loops)
        translated = translate(program)
        check(translated)
        assert blocks(translated)
        ours, theirs = reference.Machine(program), vm.Machine(translated)
        for length in range(0, 70, random.randint(1, 12)):
            packet = random_packet(random, length)
            wanted = int(ours.run(packet, length + 5) != 0)
            assert theirs.run(packet, length + 5) == wanted, (program, packet)


def test_loops_end_in_the_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each takes its turns and no more, also where they overlap or one leads into another."""
    random, several = Random(12), 0
    for _ in range(600):
        program = random_program(random, length=200, loops=True)
        count = len(flow.loops(program))
        several += count > 1
        monkeypatch.setattr(to, "LONGEST_LOOP", TURNS * count + 1)
        machine = vm.Machine(translate(program, host="socket"))
        for length in (0, 20, 60):
            known = length.to_bytes(4, "little") + bytes(188)
            machine.execute(Space(random_packet(random, length), known), CONTEXT)
    assert several > 20


def test_turns_of_several_loops(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loops one after another have 32 turns each; those that overlap, 32 between them."""
    monkeypatch.setattr(to, "LONGEST_LOOP", 2 * TURNS + 1)
    down = "({}) ld #pktlen\n({}) sub #1\n({}) jeq #0x0 jt {} jf {}\n({}) ja {}\n"
    first, second = down.format(0, 1, 2, 4, 3, 3, 1), down.format(4, 5, 6, 8, 7, 7, 5)
    for end, length, wanted in (
        ("(8) ret #1", 1 + TURNS, 1),
        ("(8) ret #1", 2 + TURNS, 0),
        ("(8) ja 0", 1, 0),
    ):
        machine = vm.Machine(translate(text.parse(first + second + end), host="socket"))
        place = Space(bytes(length), length.to_bytes(4, "little") + bytes(188))
        assert machine.execute(place, CONTEXT) == wanted


@pytest.mark.parametrize("row", classic.ROWS.values(), ids=lambda row: f"{row.code:#x}")
def test_every_row_is_translated(row: classic.Row) -> None:
    """Each opcode of the classic table, with k at its edges."""
    for k in (0, 1, 15, 31, 32, 0x7FFF, 0x8000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF):
        if (row.kind == "store" or row.mode == "mem") and k > 15:
            continue
        step = 1 if row.mode == "ja" else k
        program = Program.of([
            (0x30, 0, 0, 0), (0x07, 0, 0, 0), (0x30, 0, 0, 1), (0x02, 0, 0, 15),
            (row.code, 0, 1, step), (0x0C, 0, 0, 0), (0x16, 0, 0, 0),
        ])  # fmt: skip
        translated = translate(program, match=None)
        check(translated)
        for packet in (b"\x00\x01", b"\x01\x00", b"\xff\x21", b"\x05\x40" + bytes(40)):
            wanted = int(reference.run(program, packet) != 0)
            assert vm.run(translated, packet) == wanted


def test_returns() -> None:
    """`match` and `other` are what the program returns."""
    program = Program.of([(0x30, 0, 0, 0), (0x15, 0, 1, 7), (0x06, 0, 0, 96), (0x16, 0, 0, 0)])
    translated = translate(program, match=5, other=-1)
    assert vm.run(translated, b"\x07") == 5
    assert vm.run(translated, b"\x08") == 5
    assert vm.run(translated, b"\x00") == 0xFFFFFFFF
    assert vm.run(translated, b"") == 0xFFFFFFFF


def test_refusals() -> None:
    """A host without code, a program without meaning."""
    with pytest.raises(UnsupportedError, match="nowhere"):
        translate(Program.of([(0x06, 0, 0, 1)]), host="nowhere")
    for rows in ([], [(0xFF, 0, 0, 0)], [(0x05, 0, 0, 7)], [(0x02, 0, 0, 16), (0x06, 0, 0, 0)]):
        with pytest.raises(ProgramError):
            translate(Program.of(rows))


def test_long_programs() -> None:
    """Past the reach of a conditional jump, jumps go by way of long ones."""
    rows = [(0x50, 0, 0, 40), (0x15, 0, 255, 1)] * 4000
    rows = [row if row[0] != 0x15 else (0x15, 0, 1 if n < 7990 else 0, 1)
            for n, row in enumerate(rows)]  # fmt: skip
    program = Program.of([*rows, (0x05, 0, 0, 0), (0x06, 0, 0, 1)])
    translated = translate(program)
    assert len(translated) > 32767
    check(translated)
    for packet in (bytes(40), bytes(41), b"\x01" * 60):
        assert vm.run(translated, packet) == int(reference.run(program, packet) != 0)
