"""The recorded programs of corpus/filters: machines agree on them, and the kernel takes them."""

import json
from pathlib import Path
from random import Random

import pytest

from pcapfilter.bpf import isa
from pcapfilter.bpf.program import Program
from pcapfilter.codegen.ebpf import translate
from pcapfilter.ebpf.check import check
from pcapfilter.engine import reference, vm
from pcapfilter.engine.jit import NativeFilter
from tests import oracle
from tests.bpf.programs import random_packet
from tests.codegen.ebpf.test_kernel import kernel_agrees
from tests.ebpf.kernel import usable


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


@pytest.mark.skipif(not usable(), reason="bpf(2) is not allowed here")
def test_the_kernel_agrees(root: Path, sweep: float) -> None:
    """As socket filter, in tc and in xdp: taken by the verifier, with our verdicts."""
    random = Random(53)
    for _, program in _sample(root, 200 * sweep):
        asks = any(i.code & 0xE7 == isa.LD | isa.ABS and i.k in isa.ANCILLARY for i in program)
        # What a program for live capture asks the kernel, no other machine can answer.
        lengths = range(0) if asks else range(0, 100, random.randint(2, 9))
        kernel_agrees(program, random, lengths)
