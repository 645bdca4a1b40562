"""Classic BPF as values: listings, the checker, blocks."""

from random import Random

import pytest

from pcapfilter.bpf import alu, flow, isa, text
from pcapfilter.bpf.check import check
from pcapfilter.bpf.program import Instruction, Program
from pcapfilter.engine.reference import Machine
from pcapfilter.errors import ProgramError
from tests import oracle
from tests.bpf.programs import random_program

EDGES = (
    0, 1, 9, 10, 15, 16, 31, 32, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF,
    *range(0xFFFFEFFE, 0xFFFFF044),
)  # fmt: skip
RETURN = Instruction(isa.RET | isa.K, 0, 0, 1)


@oracle.needs_libpcap
def test_every_code_prints_as_libpcap_prints_it() -> None:
    """Every code of 9 bits and some beyond, with k at its edges, at several places."""
    for code in (*range(0x200), 0x7FFF, 0x8028, 0x1015, 0xFFFF):
        for n, k in enumerate(EDGES if code in isa.ROWS else EDGES[:12]):
            instruction, pc = Instruction(code, n % 256, 255 - n, k), (0, 7, 1234)[n % 3]
            assert text.line(instruction, pc) == oracle.line(instruction, pc)


def test_listings_read_back() -> None:
    """All three styles of random programs parse to the program that was printed."""
    random = Random(5)
    for _ in range(100):
        program = random_program(random, loops=True)
        for style in ("dd", "ddd"):
            assert text.parse(text.listing(program, style)) == program
        shown = text.listing(program)
        assert text.listing(text.parse(shown)) == shown
        assert [i.code for i in text.parse(shown)] == [i.code for i in program]


@pytest.mark.parametrize(
    ("listing", "message"),
    [
        ("(000) ld [x + ]", "line 1"),
        ("(000) nothing #1", "line 1"),
        ("(000) ret #1\n(002) ret #1", "line 2"),
        ("(000) jeq #1", "line 1"),
        ("(000) ret #1 jt 1 jf 2", "line 1"),
        ("(001) jeq #1 jt 300 jf 2", "line 1"),
        ("(000) jeq #1 jt 300 jf 2", "line 1"),
        ("(000) ret #1\nret", "line 2"),
        ("(000) ret #4294967296", "line 1: 4294967296 does not fit"),
        ("(000) ret #1\n(001) ld #0x100000000", "line 2: 4294967296 does not fit"),
        ("(000) ldb [-2147483649]", "line 1: -2147483649 does not fit"),
        ("(000) ja 4294967296", "line 1: 4294967296 does not fit"),
        pytest.param(f"(000) ret #{'9' * 5000}", "line 1: not an instruction", id="digits"),
        ("{ 0x6, 0, 0, 1 },\n{ 0x6, 0, 0 },", "line 2"),
        ("{ 0x6, 0, 0, words },", "line 1"),
        ("2\n6 0 0 1", "line 1"),
        ("1\n6 0 0", "line 2"),
        ("1\n6 0 0 4294967296", "line 2"),
        ("nonsense", "line 1"),
    ],
)
def test_bad_listings_name_the_line(listing: str, message: str) -> None:
    """A listing that cannot be read says where."""
    with pytest.raises(ProgramError, match=message):
        text.parse(listing)


def test_empty_listing_is_the_empty_program() -> None:
    """No lines, no instructions; an unknown style is the caller's fault."""
    assert text.parse("\n") == Program()
    with pytest.raises(ValueError, match="style"):
        text.listing(Program(), "dddd")


def test_pack_and_unpack() -> None:
    """Eight octets an instruction, and back."""
    program = random_program(Random(1))
    assert Program.unpack(program.pack()) == program
    with pytest.raises(ProgramError):
        Program.unpack(b"123")


@pytest.mark.parametrize("row", isa.ROWS.values(), ids=lambda row: f"{row.code:#x}")
def test_every_row_in_every_consumer(row: isa.Row) -> None:
    """Printer, parser, checker, blocks and machine know each opcode."""
    instruction = Instruction(row.code, 0, 0, 1)
    lead = Instruction(isa.ST, 0, 0, 1)
    program = Program((lead, instruction, RETURN, RETURN))
    assert text.parse(text.listing(program))[1].code == row.code
    check(program)
    assert flow.reachable(program)
    assert Machine(program).run(bytes(8)) in {0, 1}
    if row.kind == "alu" and row.meaning != "neg":
        assert row.meaning in alu.BINARY
    if row.kind == "jump" and row.mode != "ja":
        assert row.meaning in alu.COMPARE


REFUSED = [
    ([], "empty"),
    ([(0x06, 0, 0, 1)] * 4097, "4096"),
    ([(0x04, 0, 0, 1)], "return"),
    ([(0xFFFF, 0, 0, 1), (0x06, 0, 0, 1)], "no such"),
    ([(0x34, 0, 0, 0), (0x06, 0, 0, 1)], "zero"),
    ([(0x94, 0, 0, 0), (0x06, 0, 0, 1)], "zero"),
    ([(0x64, 0, 0, 32), (0x06, 0, 0, 1)], "shift"),
    ([(0x74, 0, 0, 99), (0x06, 0, 0, 1)], "shift"),
    ([(0x02, 0, 0, 16), (0x06, 0, 0, 1)], "cell"),
    ([(0x03, 0, 0, 16), (0x06, 0, 0, 1)], "cell"),
    ([(0x60, 0, 0, 16), (0x06, 0, 0, 1)], "cell"),
    ([(0x60, 0, 0, 1), (0x06, 0, 0, 1)], "before"),
    ([(0x61, 0, 0, 1), (0x06, 0, 0, 1)], "before"),
    ([(0x15, 0, 1, 1), (0x02, 0, 0, 3), (0x60, 0, 0, 3), (0x06, 0, 0, 1)], "before"),
    ([(0x05, 0, 0, 1), (0x06, 0, 0, 1)], "past"),
    ([(0x05, 0, 0, 0xFFFFFFFF), (0x06, 0, 0, 1)], "backward"),
    ([(0x15, 1, 0, 1), (0x06, 0, 0, 1)], "past"),
    ([(0x15, 0, 255, 1), (0x06, 0, 0, 1)], "past"),
    ([(0x20, 0, 0, 0xFFFFF001), (0x06, 0, 0, 1)], "ancillary"),
    ([(0x30, 0, 0, 0xFFFFFFFF), (0x06, 0, 0, 1)], "ancillary"),
]


@pytest.mark.parametrize(
    ("rows", "message"), REFUSED, ids=lambda v: v if isinstance(v, str) else ""
)
def test_refusals(rows: list[tuple[int, int, int, int]], message: str) -> None:
    """Each rule of the checker, and the kernel agrees."""
    program = Program.of(rows)
    with pytest.raises(ProgramError, match=message):
        check(program)
    if oracle.kernel_filters() and len(rows) <= 4096:
        with pytest.raises(OSError, match=r"."):
            oracle.Socket(program)


@oracle.needs_kernel
def test_checker_agrees_with_the_kernel() -> None:
    """Random programs with random damage are taken by both or by neither."""
    random = Random(8)
    taken = 0
    for _ in range(4000):
        rows = list(random_program(random, length=12))
        for _ in range(random.randrange(4)):
            place = random.randrange(len(rows))
            rows[place] = rows[place]._replace(**{
                "code": {"code": random.choice((*isa.ROWS, random.getrandbits(16)))},
                "k": {"k": random.choice((*EDGES, random.randrange(20)))},
                "jt": {"jt": random.randrange(20)},
            }[random.choice(("code", "k", "jt"))])  # fmt: skip
        if random.random() < 0.2:
            del rows[: random.randrange(len(rows))]
        program = Program(rows)
        try:
            oracle.Socket(program).close()
            kernel = True
        except OSError:
            kernel = False
        try:
            check(program)
            ours = True
        except ProgramError:
            ours = False
        assert ours == kernel, text.listing(program)
        taken += kernel
    assert 400 < taken < 3600


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ((isa.ST, 0, 0, -1), "k is 0 to 4294967295, not -1"),
        ((isa.LD | isa.MEM, 0, 0, -1), "k is 0 to"),
        ((isa.RET | isa.K, 0, 0, 2**32), "k is 0 to"),
        ((isa.JMP | isa.JEQ | isa.K, -1, 0, 0), "jt is 0 to 255"),
        ((isa.JMP | isa.JEQ | isa.K, 0, 256, 0), "jf is 0 to 255"),
    ],
)
def test_numbers_without_room_are_refused(fields: tuple[int, int, int, int], message: str) -> None:
    """By checker, machine and packing alike, with their place."""
    program = Program([Instruction(*fields), *[Instruction(isa.RET | isa.K, 0, 0, 1)] * 300])
    for judge in (check, Machine, Program.pack):
        with pytest.raises(ProgramError, match=message) as caught:
            judge(program)
        assert caught.value.pc == 0


def test_blocks() -> None:
    """A loop, a branch and a place that nothing reaches."""
    program = Program.of([
        (0x28, 0, 0, 12), (0x15, 0, 2, 8), (0x04, 0, 0, 1), (0x05, 0, 0, 0xFFFFFFFC),
        (0x05, 0, 0, 1), (0x06, 0, 0, 0), (0x06, 0, 0, 1),
    ])  # fmt: skip
    assert flow.blocks(program) == (
        flow.BasicBlock(0, 2, (2, 4)),
        flow.BasicBlock(2, 4, (0,)),
        flow.BasicBlock(4, 5, (6,)),
        flow.BasicBlock(6, 7, ()),
    )
    assert 5 not in flow.reachable(program)
    assert flow.has_loop(program)
    assert not flow.has_loop(Program((RETURN,)))
    itself = Program.of([(0x05, 0, 0, 0xFFFFFFFF), (0x06, 0, 0, 1)])
    assert flow.has_loop(itself)
    assert Machine(itself).run(b"") == 0
    with pytest.raises(ProgramError):
        flow.reachable(Program.of([(0x05, 0, 0, 9)]))
