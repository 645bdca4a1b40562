"""One verdict: reference machine, eBPF machine, native code, libpcap."""

from random import Random

import pytest

from pcapfilter.bpf.program import Program
from pcapfilter.codegen.ebpf import translate
from pcapfilter.ebpf import form, isa
from pcapfilter.ebpf import program as ebpf
from pcapfilter.engine import jit, reference, vm
from pcapfilter.engine.jit import NativeFilter
from pcapfilter.errors import ProgramError
from tests import oracle
from tests.bpf.programs import random_packet, random_program

FILTERS = [
    "tcp port 80", "ip6 and udp", "vlan 5 and host 10.0.0.1", "tcp[13] & 7 != 0", "greater 60",
    "ip[ip[2:2] - 1] = 0x41", "ether[len - 1] = 1", "ip protochain 6", "ip6 protochain 17",
    "ip broadcast or ether multicast", "mpls 3 and tcp", "icmp[icmptype] == icmp-echo",
    "net 10.0.0.0/8 and not portrange 1024-2048", "ip[0] / ip[1] = 3 or ip[8] % ip[2] = 1",
    "1 << ip[0] = 0x2000", "ether[0] >> ether[1] = 3", "pppoes and ip", "-ip[1] < 5",
    "less 20 or ether[100000] = 1", "ip proto \\tcp and tcp[4:4] > 0x7fffffff",
    "ip[6:2] & 0x1fff = 0",
]  # fmt: skip


def agree(program: Program, random: Random, lengths: range, *, ends: bool = True) -> None:
    """Compare the machines on a packet of each length; libpcap only where it comes to an end."""
    translated = translate(program)
    reference_, plain = reference.Machine(program), vm.Machine(translated)
    native = NativeFilter(translated)
    judge = oracle.Machine(program) if ends and oracle.version() else None
    for length in lengths:
        packet = random_packet(random, length)
        verdict = reference_.run(packet, length + 3)
        wanted = int(verdict != 0)
        assert plain.run(packet, length + 3) == wanted, (program, packet)
        assert native.run(packet, length + 3) == wanted, (program, packet)
        if judge is not None:
            assert judge.run(packet, length + 3) == verdict


@pytest.mark.parametrize("loops", [False, True], ids=["forward", "loops"])
def test_random_programs(loops: bool) -> None:
    """Random classic programs, on packets of lengths from 0."""
    random = Random(21)
    for _ in range(80):
        program = random_program(random, loops=loops)
        agree(program, random, range(0, 70, random.randint(1, 6)), ends=not loops)


@pytest.mark.parametrize("sizes", [("LARGE",), ("LARGE", "HUGE")], ids=["large", "huge"])
def test_what_is_optimised_less_means_the_same(
    sizes: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every program is taken to be of a size at which LLVM does less."""
    for size in sizes:
        monkeypatch.setattr(jit, size, 0)
    random = Random(22)
    for _ in range(40):
        program = random_program(random, loops=True)
        agree(program, random, range(0, 70, random.randint(1, 6)), ends=False)


@oracle.needs_libpcap
@pytest.mark.parametrize("text", FILTERS)
def test_filters(text: str) -> None:
    """What libpcap compiles, optimised and not, on packets of every length."""
    for optimize in (True, False):
        program = oracle.compile(text, optimize=optimize, netmask=0)
        agree(program, Random(text), range(90))


@oracle.needs_libpcap
def test_protochain_finds_its_protocol() -> None:
    """The loop goes through extension headers, and comes to an end on ones without end."""
    program = oracle.compile("ip6 protochain 17")
    header = bytes(12) + b"\x86\xdd\x60\0\0\0\x01\x00\x00\x40" + bytes(32)
    found = header + b"\x3c\0" + bytes(6) + b"\x11\0" + bytes(6) + bytes(8)
    missed = header + (b"\x3c\0" + bytes(6)) * 20
    translated = translate(program)
    for packet, wanted in ((found, 1), (missed, 0)):
        assert int(oracle.Machine(program).run(packet) != 0) == wanted
        assert int(reference.run(program, packet) != 0) == wanted
        assert vm.run(translated, packet) == wanted
        assert NativeFilter(translated).run(packet) == wanted


EDGES = (
    0, 1, 2, 31, 32, 63, 64, 0x7F, 0x80, 0x7FFF, 0x8000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF,
    0x7FFFFFFFFFFFFFFF, 0x8000000000000000, 0xFFFFFFFFFFFFFFFF, 0x0123456789ABCDEF,
)  # fmt: skip


def _wide(register: int, word: int) -> list[ebpf.Instruction]:
    low, high = word & 0xFFFFFFFF, word >> 32
    low, high = (n - 2**32 if n >= 2**31 else n for n in (low, high))
    return [ebpf.Instruction(isa.LDDW, register, 0, 0, low), ebpf.Instruction(0, 0, 0, 0, high)]


RUNNABLE = [
    row for row in isa.ROWS.values()
    if row.kind in {"alu", "unary", "jump", "load", "loadsx", "store", "atomic", "wide"}
]  # fmt: skip


@pytest.mark.parametrize("row", RUNNABLE, ids=lambda row: f"{row.code:#x}-{row.variant}")
def test_every_row_on_edge_values(row: isa.Row) -> None:
    """Each eBPF instruction on words at their limits: plain machine and native code agree.

    The words that it may have changed are folded into r0: its registers and the stack.
    """
    random = Random(row.code)
    for _ in range(6):
        left, right = random.choice(EDGES), random.choice(EDGES)
        immediate = random.choice((0, 1, -1, 31, 63, 0x7FFFFFFF, -0x80000000, 0x1234))
        memory = row.kind in {"load", "loadsx", "store", "atomic"}
        reads = row.kind in {"load", "loadsx"}
        fields = [row.code, 10 if memory and not reads else 3, 10 if reads else 4, 0, immediate]
        if memory:
            fields[3] = -8
        if row.kind == "jump":
            fields[3] = 1
        for name in form.unused(row):
            fields[isa.PLACES[name]] = 0
        if row.code in isa.VARIANT_FIELD:
            fields[isa.VARIANT_FIELD[row.code]] = row.variant
        body = _wide(3, left) if row.kind == "wide" else [ebpf.Instruction(*fields)]
        program = ebpf.Program([
            *_wide(0, random.choice((left, right))), *_wide(3, left), *_wide(4, right),
            ebpf.Instruction(isa.STX | isa.MEM | isa.DW, 10, 3, -8, 0),
            *body,
            ebpf.Instruction(isa.ALU64 | isa.MUL | isa.K, 3, 0, 0, 31),
            ebpf.Instruction(isa.LDX | isa.MEM | isa.DW, 5, 10, -8, 0),
            *(ebpf.Instruction(isa.ALU64 | isa.MUL | isa.K, 0, 0, 0, 7),
              ebpf.Instruction(isa.ALU64 | isa.ADD | isa.X, 0, 3, 0, 0)),
            ebpf.Instruction(isa.ALU64 | isa.XOR | isa.X, 0, 4, 0, 0),
            ebpf.Instruction(isa.ALU64 | isa.ADD | isa.X, 0, 5, 0, 0),
            ebpf.Instruction(isa.JMP | isa.EXIT, 0, 0, 0, 0),
        ])  # fmt: skip
        assert vm.run(program, b"") == NativeFilter(program).run(b""), (row, left, right)


LOAD = [
    ebpf.Instruction(isa.LDX | isa.MEM | isa.W, 0, 1, 4, 0),
    ebpf.Instruction(isa.JMP | isa.EXIT, 0, 0, 0, 0),
]


def test_a_load_outside_the_packet_is_an_error_with_its_place() -> None:
    """Both machines say where; neither reads there. The next packet is judged as usual."""
    program = ebpf.Program([ebpf.Instruction(isa.ALU64 | isa.MOV | isa.K, 0, 0, 0, 0), *LOAD])
    native = NativeFilter(program)
    for run in (vm.Machine(program).run, native.run):
        assert run(b"12345678") == int.from_bytes(b"5678", "little")
        for packet in (b"", b"1234567"):
            with pytest.raises(ProgramError) as caught:
                run(packet)
            assert caught.value.pc == 1
        assert run(b"abcd1234") == int.from_bytes(b"1234", "little")


@pytest.mark.parametrize("off", [-1, -5, 32767, -32768])
def test_far_offsets_are_outside(off: int) -> None:
    """An address before the packet wraps to nowhere near it."""
    program = ebpf.Program([LOAD[0]._replace(off=off), LOAD[1]])
    for run in (vm.Machine(program).run, NativeFilter(program).run):
        with pytest.raises(ProgramError):
            run(bytes(60))


@pytest.mark.parametrize("count", [2, 4, 5, 33, 128, 129, 300])
@pytest.mark.parametrize("wide", [False, True], ids=["32", "64"])
def test_sets_of_constants(count: int, *, wide: bool) -> None:
    """A register compared with many numbers, and a jump into the middle of the comparisons."""
    random = Random(count)
    code = (isa.JMP if wide else isa.JMP32) | isa.JEQ | isa.K
    constants = [random.choice((n, -n, n * 0x01000193 % 2**31)) for n in range(1, count + 1)]
    head: list[tuple[int, int, int, int, int]] = [
        (isa.ALU64 | isa.MOV | isa.K, 0, 0, 0, 0),
        (isa.LDX | isa.MEM | isa.DW, 4, 1, 0, 0),
        (isa.LDX | isa.MEM | isa.B, 5, 1, 8, 0),
        (isa.JMP | isa.JEQ | isa.K, 5, 0, count // 2, 1),
    ]
    tests = [(code, 4, 0, count - n, imm) for n, imm in enumerate(constants)]
    tail = [(isa.JMP | isa.EXIT, 0, 0, 0, 0), (isa.ALU64 | isa.MOV | isa.K, 0, 0, 0, 1)]
    program = ebpf.Program.of([*head, *tests, *tail, tail[0]])
    native = NativeFilter(program)
    for imm in (*constants, 0, 77, -count):
        for upper in (0, 1, 2**32 - 1):
            word = upper << 32 | imm & 0xFFFFFFFF
            for into in (0, 1):
                packet = word.to_bytes(8, "little") + bytes([into])
                asked = constants[count // 2 :] if into else constants
                signed = word - 2**64 if word >> 63 else word
                known = asked if wide else [n & 0xFFFFFFFF for n in asked]
                wanted = int((signed if wide else word & 0xFFFFFFFF) in known)
                assert native.run(packet) == vm.run(program, packet) == wanted
