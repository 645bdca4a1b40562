"""The recorded programs of corpus/filters: machines agree on them, and the kernel takes them.

A sample by default. All of them, on packets of every short length and some long ones:
`pytest tests/codegen/ebpf/test_corpus.py --sweep 30` (see docs/ebpf.md for how long that takes).
"""

import json
from pathlib import Path
from random import Random

import pytest

from pcapfilter.bpf import alu, isa
from pcapfilter.bpf import check as bpf_check
from pcapfilter.bpf.program import Program
from pcapfilter.codegen.ebpf import translate
from pcapfilter.codegen.ebpf.hosts import HOSTS
from pcapfilter.ebpf.check import check
from pcapfilter.engine import reference, vm
from pcapfilter.engine.jit import NativeFilter
from pcapfilter.errors import ProgramError
from tests import oracle
from tests.bpf.programs import random_packet
from tests.codegen.ebpf.aimed import aimed, lengths
from tests.ebpf.kernel import Attached, Loaded, shown_whole, usable

needs_kernel = pytest.mark.skipif(not usable(), reason="bpf(2) is not allowed here")


def recorded(root: Path) -> list[tuple[str, Program]]:
    """Give each program that was recorded, once, with the text that made it."""
    programs: dict[Program, str] = {}
    for path in sorted((root / "corpus" / "filters").glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            for key in ("optimized", "plain"):
                if key in row:
                    rows = (spelt.split() for spelt in row[key].split(","))
                    program = Program.of(
                        (int(code, 16), int(jt, 16), int(jf, 16), int(k, 16))
                        for code, jt, jf, k in rows
                    )
                    programs.setdefault(program, f"{path.stem}: {row['text']}")
    return [(text, program) for program, text in programs.items()]


def _sample(root: Path, count: float) -> list[tuple[str, Program]]:
    known = recorded(root)
    assert len(known) > 1000
    return Random(51).sample(known, min(len(known), int(count)))


def refused(program: Program) -> bool:
    """Tell whether the kernel takes no such classic program."""
    try:
        bpf_check.check(program)
    except ProgramError:
        return True
    return False


def asks(program: Program) -> bool:
    """Tell whether a program asks the kernel for what is beside the packet (SKF_AD_*)."""
    return any(i.code & 0xE7 == isa.LD | isa.ABS and i.k in isa.ANCILLARY for i in program)


def test_machines_agree(root: Path, sweep: float) -> None:
    """Reference machine, eBPF machine, native code and libpcap, on packets of lengths from 0."""
    random = Random(52)
    for text, program in _sample(root, 120 * sweep):
        translated = translate(program)
        check(translated)
        first, second, third = (
            reference.Machine(program),
            vm.Machine(translated),
            NativeFilter(translated),
        )
        judge = oracle.Machine(program) if oracle.version() else None
        for length in range(0, 100, random.randint(1, 7)):
            packet = random_packet(random, length)
            verdict = first.run(packet, length + 9)
            wanted = int(verdict != 0)
            assert second.run(packet, length + 9) == wanted, (text, packet)
            assert third.run(packet, length + 9) == wanted, (text, packet)
            if judge is not None:
                assert judge.run(packet, length + 9) == verdict, (text, packet)


@needs_kernel
def test_the_kernel_agrees(root: Path, sweep: float) -> None:
    """As socket filter, in tc and in xdp: taken by the verifier, with our verdicts."""
    random, matches = Random(53), 0
    for text, program in _sample(root, 200 * sweep):
        loaded = {host: Loaded(translate(program, host=host), host) for host in ("tc", "xdp")}
        machine = reference.Machine(program)
        with (
            loaded["tc"],
            loaded["xdp"],
            Loaded(translate(program, host="socket"), "socket") as filter_,
            Attached(filter_) as pair,
        ):
            if asks(program):
                continue  # what the kernel alone can answer
            for length in lengths(random, sweep):
                packet = aimed(program, random, length)
                verdict = machine.run(packet)
                matches += verdict != 0
                for host, judge in loaded.items():
                    if shown_whole(packet, host):
                        wanted = HOSTS[host].match if verdict else HOSTS[host].other
                        assert judge.run(packet) == wanted, (text, host, packet)
                arrives = min(verdict, length) if verdict else None
                assert pair.run(packet) == arrives, (text, packet)
    assert matches > 300 * sweep


class Watched(int):
    """A number that remembers whether a sum with it passed 2**32."""

    passed = False

    def __radd__(self, other: int) -> int:
        self.passed = self.passed or other + int(self) >= 1 << 32
        return other + int(self)


class Watcher(reference.Machine):
    """A reference machine that tells where the kernel means something else by a classic program.

    The kernel shifts by X mod 32, and reads `[x + k]` where the sum wraps.
    """

    __slots__ = ("_sums", "shifted")

    def __init__(self, program: Program) -> None:
        super().__init__(program)
        self.shifted = False
        self._sums: list[Watched] = []
        self._steps = tuple(map(self._watch, self._steps))

    def _watch(self, step: reference.Step) -> reference.Step:
        if step.act == "alu x A" and step.meaning in {alu.BINARY["lsh"], alu.BINARY["rsh"]}:

            def shift(a: int, b: int) -> int:
                self.shifted = self.shifted or b >= 32
                return step.meaning(a, b)

            return step._replace(meaning=shift)
        if step.act == "load ind A":
            self._sums.append(Watched(step.k))
            return step._replace(k=self._sums[-1])
        return step

    def kernel_differs(self, packet: bytes) -> bool:
        """Tell whether a packet brings about one of the differences."""
        self.shifted = False
        for number in self._sums:
            number.passed = False
        self.run(packet)
        return self.shifted or any(number.passed for number in self._sums)


@oracle.needs_kernel
def test_the_classic_program_agrees(root: Path, sweep: float) -> None:
    """Attached to a socket as it is, with the differences that the kernel is known for.

    What it does not take is what bpf.check refuses: loops, scratch cells that are read before they
    are written, unknown places from 0xfffff000 up. Their translations run, above.
    """
    random, matches, excused = Random(54), 0, 0
    for text, program in _sample(root, 200 * sweep):
        if refused(program):
            with pytest.raises(OSError, match="Invalid argument"):
                oracle.Socket(program)
            continue
        machine = Watcher(program)
        with oracle.Socket(program) as kernel:
            if asks(program):
                continue
            for length in lengths(random, sweep):
                packet = aimed(program, random, length)
                if machine.kernel_differs(packet):
                    excused += 1
                    continue
                verdict = machine.run(packet)
                matches += verdict != 0
                arrives = min(verdict, length) if verdict else None
                assert kernel.run(packet) == arrives, (text, packet)
    assert matches > 300 * sweep
    assert excused < matches


@oracle.needs_kernel
def test_the_differences_are_seen() -> None:
    """The guard itself: a shift and a sum on which the kernel gives another verdict."""
    shift = [(0x01, 0, 0, 33), (0x00, 0, 0, 1), (0x6C, 0, 0, 0), (0x16, 0, 0, 0)]
    wrap = [(0x01, 0, 0, 0xFFFFFFFF), (0x50, 0, 0, 1), (0x16, 0, 0, 0)]
    for rows in (shift, wrap):
        program = Program.of(rows)
        assert Watcher(program).kernel_differs(b"\x05abc")
        with oracle.Socket(program) as kernel:
            assert kernel.run(b"\x05abc") is not None
        assert reference.run(program, b"\x05abc") == 0
