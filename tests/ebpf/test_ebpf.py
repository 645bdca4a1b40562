"""eBPF as values: the table, listings, blocks, the checker, the plain machine."""

import pytest

from pcapfilter.ebpf import alu, flow, form, isa, text
from pcapfilter.ebpf.check import check, holdings
from pcapfilter.ebpf.program import Instruction, Program
from pcapfilter.engine import vm
from pcapfilter.engine.jit import NativeFilter
from pcapfilter.engine.native import NativeMachine
from pcapfilter.errors import ProgramError

MACHINES = (vm.Machine, NativeMachine)
EXIT = (0x95, 0, 0, 0, 0)
ZERO = (0xB7, 0, 0, 0, 0)


def _instance(row: isa.Row) -> list[Instruction]:
    fields = [row.code, 3, 4, -5, -7]
    for name in form.unused(row):
        fields[isa.PLACES[name]] = 0
    if row.code in isa.VARIANT_FIELD:
        fields[isa.VARIANT_FIELD[row.code]] = row.variant
    first = Instruction(*fields)
    upper = -2 if "{wide" in row.form or "{next" in row.form else 0
    return [first, Instruction(0, 0, 0, 0, upper)] if row.code == isa.LDDW else [first]


@pytest.mark.parametrize("row", isa.ROWS.values(), ids=lambda row: f"{row.code:#x}-{row.variant}")
def test_every_row_in_every_consumer(row: isa.Row) -> None:
    """Table, printer, parser and packing know each instruction, and its meaning is defined."""
    program = Program(_instance(row))
    assert isa.row_of(program[0]) is row
    assert Program.unpack(program.pack()) == program
    shown = text.listing(program)
    assert ") unknown" not in shown
    assert text.listing(text.parse(shown)) == shown
    assert isa.row_of(text.parse(shown)[0]) is row
    if row.kind == "jump":
        assert row.meaning in alu.COMPARE
    elif row.kind == "unary":
        assert row.meaning in alu.UNARY
    elif row.kind == "alu" or (row.kind == "atomic" and row.meaning != "cmpxchg"):
        assert row.meaning in alu.BINARY


@pytest.mark.parametrize(
    ("meaning", "a", "b", "bits", "result"),
    [
        ("div", 7, 0, 32, 0),
        ("mod", 7, 0, 32, 7),
        ("sdiv", 0x80000000, 0xFFFFFFFF, 32, 0x80000000),
        ("smod", 0x80000000, 0xFFFFFFFF, 32, 0),
        ("sdiv", 2**64 - 7, 2, 64, 2**64 - 3),
        ("smod", 2**64 - 7, 2, 64, 2**64 - 1),
        ("smod", 7, 2**64 - 2, 64, 1),
        ("smod", 7, 0, 64, 7),
        ("sdiv", 7, 0, 64, 0),
        ("lsh", 1, 33, 32, 2),
        ("rsh", 2**63, 127, 64, 1),
        ("arsh", 0x80000000, 31, 32, 0xFFFFFFFF),
        ("movs8", 0, 0x80, 32, 0xFFFFFF80),
        ("movs32", 0, 0x80000000, 64, 0xFFFFFFFF80000000),
    ],
)
def test_operators_at_their_edges(meaning: str, a: int, b: int, bits: int, result: int) -> None:
    """The values that RFC 9669 gives where arithmetic has none."""
    assert alu.BINARY[meaning](a, b, bits) == result


def test_byte_order() -> None:
    """Swaps cut to their size; the words are a little-endian machine's."""
    assert alu.UNARY["be16"](0x112233445566, 64) == 0x6655
    assert alu.UNARY["le32"](0x112233445566, 64) == 0x33445566
    assert alu.UNARY["bswap64"](1, 64) == 1 << 56
    assert alu.UNARY["neg"](1, 32) == 0xFFFFFFFF


def test_listing_is_the_kernels() -> None:
    """One program in bpftool's words."""
    program = Program.of([
        (0x18, 1, 0, 0, 5), (0, 0, 0, 0, 1), (0xBC, 7, 1, 0, 0), (0x16, 7, 0, 2, -1),
        (0x69, 0, 1, 12, 0), (0xDC, 0, 0, 0, 16), (0x63, 10, 0, -4, 0), EXIT,
    ])  # fmt: skip
    assert text.listing(program) == (
        "   0: (18) r1 = 0x100000005\n"
        "   2: (bc) w7 = w1\n"
        "   3: (16) if w7 == 0xffffffff goto pc+2\n"
        "   4: (69) r0 = *(u16 *)(r1 +12)\n"
        "   5: (dc) r0 = be16 r0\n"
        "   6: (63) *(u32 *)(r10 -4) = r0\n"
        "   7: (95) exit"
    )
    assert text.parse(text.listing(program)) == program


@pytest.mark.parametrize(
    ("listing", "line"),
    [
        ("nothing", 1),
        ("0: (95) exit\n2: (95) exit", 2),
        ("0: (95) leave", 1),
        ("0: (b7) r0 ~ 1", 1),
        ("0: (ff) unknown 1 2", 1),
        ("0: (ff) unknown 16 0 0 0", 1),
        ("0: (ff) unknown 0 0 32768 0", 1),
        ("0: (ff) unknown 0 0 0 -2147483649", 1),
        ("0: (b7) r1 = 4294967296", 1),
        ("0: (b7) r1 = -2147483649", 1),
        ("0: (b7) r77 = 1", 1),
        ("0: (bf) r1 = r16", 1),
        ("0: (95) exit\n1: (61) r1 = *(u32 *)(r1 +32768)", 2),
        ("0: (05) goto pc-32769", 1),
        ("0: (18) r1 = 0x10000000000000000", 1),
        pytest.param(f"0: (b7) r1 = {'9' * 5000}", 1, id="digits"),
    ],
)
def test_bad_listings_name_the_line(listing: str, line: int) -> None:
    """A listing that cannot be read says where."""
    with pytest.raises(ProgramError, match=f"line {line}"):
        text.parse(listing)


def test_numbers_are_read_with_a_sign_or_without() -> None:
    for number, imm in (("4294967295", -1), ("-1", -1), ("0x7fffffff", 2**31 - 1)):
        (found,) = text.parse(f"0: (b7) r1 = {number}")
        assert found == Instruction(0xB7, 1, 0, 0, imm)
    wide = text.parse("0: (18) r1 = 0xffffffff80000000")
    assert [slot.imm for slot in wide] == [-(2**31), -1]
    assert Program.unpack(wide.pack()) == wide


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ((0x1B7, 0, 0, 0, 0), "code is 0 to 255"),
        ((0xB7, -1, 0, 0, 0), "dst is 0 to 15, not -1"),
        ((0xB7, 16, 0, 0, 0), "dst is 0 to 15, not 16"),
        ((0xBF, 0, -1, 0, 0), "src is 0 to 15"),
        ((0x7B, 10, 0, 2**15, 0), "off is -32768 to 32767"),
        ((0xB7, 0, 0, 0, 2**31), "imm is -2147483648 to 2147483647"),
        ((0xB7, 0, 0, 0, -(2**31) - 1), "imm is"),
    ],
)
def test_numbers_without_room_are_refused(fields: tuple[int, ...], message: str) -> None:
    """By checker, machines and packing alike, with their place; also where nothing leads to."""
    for rows in ([ZERO, fields, ZERO, EXIT], [ZERO, EXIT, fields, EXIT]):
        program = Program(Instruction(*row) for row in rows)
        for judge in (form.check, check, *MACHINES, NativeFilter, Program.pack):
            with pytest.raises(ProgramError, match=message) as caught:
                judge(program)
            assert caught.value.pc == rows.index(fields)


def test_the_call_of_nothing_has_the_kernels_name() -> None:
    assert text.line(Program.of([(0x85, 0, 0, 0, 0)]), 0) == "   0: (85) call bpf_unspec#0"
    assert text.line(Program.of([(0x85, 0, 0, 0, 212)]), 0) == "   0: (85) call unknown#212"


def test_unknown_instructions_are_shown_and_read() -> None:
    """Whatever the words, nothing is lost."""
    program = Program.of([(0xFF, 1, 2, 3, 4), (0x95, 0, 0, 0, 0)])
    assert text.parse(text.listing(program)) == program
    with pytest.raises(ProgramError):
        Program.unpack(b"1234")


REFUSED = [
    ([], "empty"),
    ([ZERO], "past the end"),
    ([(0xFF, 0, 0, 0, 0)], "no such instruction: 0xff$"),
    ([(0xBF, 0, 1, 7, 0), EXIT], "no such instruction: 0xbf with off 7"),
    ([(0xDB, 10, 0, -8, 0x20), EXIT], "no such instruction: 0xdb with imm 32"),
    ([(0x85, 0, 3, 0, 1), EXIT], "no such instruction: 0x85 with src 3"),
    ([(0x8D, 1, 0, 0, 0), EXIT], "no such instruction: 0x8d$"),
    ([(0xB7, 11, 0, 0, 0), EXIT], "no register"),
    ([(0x05, 0, 0, 9, 0)], "out of the program"),
    ([(0x18, 0, 0, 0, 1), EXIT], "second half"),
    ([(0x05, 0, 0, 1, 0), (0x18, 0, 0, 0, 0), (0, 0, 0, 0, 0), EXIT], "middle"),
    ([EXIT], "holds nothing"),
    ([(0xBF, 0, 5, 0, 0), EXIT], "holds nothing"),
    ([(0xBF, 0, 1, 0, 0), EXIT], "pointer"),
    ([(0xBC, 0, 1, 0, 0), EXIT], "pointer"),
    ([ZERO, (0x27, 1, 0, 0, 2), EXIT], "pointer"),
    ([ZERO, (0x87, 1, 0, 0, 0), EXIT], "pointer"),
    ([ZERO, (0x15, 1, 0, 0, 0), EXIT], "pointer"),
    ([ZERO, (0x0F, 10, 0, 0, 0), EXIT], "never written"),
    ([ZERO, (0xBF, 5, 10, 0, 0), (0x0F, 5, 0, 0, 0), EXIT], "pointer"),
    ([ZERO, (0x07, 10, 0, 0, -8), EXIT], "never written"),
    ([(0xB7, 4, 0, 0, 0), (0x61, 0, 4, 0, 0), EXIT], "no pointer"),
    ([(0x61, 0, 10, 0, 0), EXIT], "outside the stack"),
    ([(0x61, 0, 10, -513, 0), EXIT], "outside the stack"),
    ([(0x61, 0, 10, -3, 0), EXIT], "outside the stack"),
    ([ZERO, (0x62, 1, 0, 0, 1), EXIT], "not to be written"),
    ([ZERO, (0x7B, 10, 1, -8, 0), EXIT], "pointer"),
    ([ZERO, (0xDB, 10, 1, -8, 0), EXIT], "pointer"),
    ([(0xB7, 4, 0, 0, 1), (0xDB, 10, 4, -8, 0xF1), EXIT], "r0 holds nothing"),
    ([ZERO, (0x85, 0, 0, 0, 1), EXIT], "calls nothing"),
    ([ZERO, (0xB7, 4, 0, 0, 1), (0xDB, 10, 4, -12, 0), EXIT], "multiple of its size"),
    ([(0xB7, 0, 1, 0, 0), EXIT], "src is not used"),
    ([(0x95, 0, 0, 0, 1)], "imm is not used"),
    ([(0x18, 0, 0, 0, 1), (0, 0, 0, 1, 0), EXIT], "more than a number"),
    ([(0x18, 0, 1, 0, 1), (0, 0, 0, 0, 1), EXIT], "more than a number"),
    ([ZERO, EXIT, (0x15, 0, 0, 0, 0)], "out of the program"),
    ([ZERO, EXIT, (0x05, 0, 0, -1, 0)], "jump to itself"),
    ([ZERO, (0x85, 0, 1, 0, 7), EXIT], "outside the program"),
    ([ZERO, (0x85, 0, 1, 0, -3), EXIT], "outside the program"),
    ([(0x18, 0, 0, 0, 1), (0, 0, 0, 0, 0), (0x85, 0, 1, 0, -2), EXIT], "middle of a 64-bit load"),
    ([(0xDB, 1, 10, 0, 1), EXIT], "never written"),
    ([ZERO, (0x15, 2, 0, 1, 0), (0xB7, 4, 0, 0, 1), (0xBF, 0, 4, 0, 0), EXIT], "holds nothing"),
    ([ZERO, (0xBF, 4, 1, 0, 0), (0x15, 2, 0, 1, 0), (0xB7, 4, 0, 0, 1), (0x61, 0, 4, 0, 0), EXIT],
     "no pointer"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "message"), REFUSED, ids=lambda v: v if isinstance(v, str) else ""
)
def test_refusals(rows: list[tuple[int, int, int, int, int]], message: str) -> None:
    """Each rule of the checker."""
    with pytest.raises(ProgramError, match=message):
        check(Program.of(rows))


def test_the_frame_pointer_may_be_stored() -> None:
    """It is what an exchange would write to its source that r10 cannot take."""
    store = (0xDB, 1, isa.FRAME, 0, isa.CMPXCHG)
    form.check(Program.of([store, EXIT]))
    with pytest.raises(ProgramError, match="never written"):
        form.check(Program.of([(*store[:4], isa.XCHG), EXIT]))


def test_pointers_may_move() -> None:
    """Places in packet and stack, and their differences."""
    program = Program.of([
        (0xBF, 4, 1, 0, 0), (0x0F, 4, 2, 0, 0), (0x1F, 4, 1, 0, 0), (0xBF, 5, 10, 0, 0),
        (0x07, 5, 0, 0, -16), (0x7B, 5, 4, 8, 0), (0x79, 0, 10, -8, 0), EXIT,
    ])  # fmt: skip
    check(program)
    assert len(holdings(program)) == 8
    assert vm.run(program, b"12345") == 5


def test_blocks() -> None:
    """A loop, and a place that nothing reaches."""
    program = Program.of([
        ZERO, (0x07, 0, 0, 0, 1), (0xA5, 0, 0, -2, 9), (0x05, 0, 0, 1, 0), ZERO, EXIT,
    ])  # fmt: skip
    assert flow.blocks(program) == (
        flow.BasicBlock(0, 1, (1,)),
        flow.BasicBlock(1, 3, (1, 3)),
        flow.BasicBlock(3, 4, (5,)),
        flow.BasicBlock(5, 6, ()),
    )
    assert 4 not in flow.reachable(program)
    assert vm.run(program, b"") == 9


def test_local_functions_and_helpers() -> None:
    """A call keeps r6 to r9 and has a frame of its own; a helper takes r1 to r5."""
    program = Program.of([
        (0xB7, 1, 0, 0, 20), (0xB7, 6, 0, 0, 3), (0x85, 0, 1, 0, 3), (0x0F, 0, 6, 0, 0),
        (0xBF, 0, 0, 0, 0), EXIT,
        (0xB7, 6, 0, 0, 9), (0x7B, 10, 1, -8, 0), (0x79, 1, 10, -8, 0), (0x85, 0, 0, 0, 7), EXIT,
    ])  # fmt: skip
    for made in MACHINES:
        machine = made(program, {7: lambda _space, a, *_: a * 2})
        assert machine.run(b"") == 43
        with pytest.raises(ProgramError, match="no helper 7"):
            made(program)
        with pytest.raises(ProgramError, match="too deep") as caught:
            made(Program.of([(0x85, 0, 1, 0, -1), EXIT])).run(b"")
        assert caught.value.pc == 0
    with pytest.raises(ProgramError, match="outside"):
        flow.reachable(Program.of([(0x85, 0, 1, 0, 9), EXIT]))


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([(0xB7, 10, 0, 0, 0), EXIT], "never written"),
        ([(0x61, 0, 10, 0, 0), EXIT], "may not read"),
        ([(0x61, 0, 10, -513, 0), EXIT], "may not read"),
        ([(0x62, 1, 0, 0, 0), EXIT], "may not write"),
        ([(0x18, 0, 1, 0, 0), (0, 0, 0, 0, 0), EXIT], "only the kernel"),
        ([(0x85, 0, 2, 0, 0), EXIT], "only the kernel"),
        ([(0xC3, 10, 0, -6, 0), EXIT], "multiple of its size"),
    ],
)
def test_the_machine_stops_what_the_checker_did_not_see(
    rows: list[tuple[int, int, int, int, int]], message: str
) -> None:
    """Unchecked programs get an error with its place, too."""
    for made in MACHINES:
        with pytest.raises(ProgramError, match=message) as caught:
            made(Program.of(rows)).run(b"12345678")
        assert caught.value.pc == 0


def test_a_program_without_end_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both machines count backward jumps."""
    monkeypatch.setattr(isa, "LONGEST_LOOP", 1000)
    for jump in ((0x05, 0, 0, -2, 0), (0x1D, 2, 2, -1, 0)):
        program = Program.of([ZERO, jump, EXIT])
        for made in (*MACHINES, NativeFilter):
            run = made(program).run
            for _ in range(2):
                with pytest.raises(ProgramError, match="does not end") as caught:
                    run(b"")
                assert caught.value.pc == 1
