"""Batches: the native engine, the plain one, and the cache of compiled loops."""

import ast
import os
import subprocess
import sys
from array import array
from multiprocessing import get_context
from pathlib import Path
from random import Random
from typing import Any, cast

import pytest

import pcapfilter.engine
from pcapfilter.bpf.program import Program
from pcapfilter.codegen.ebpf import translate
from pcapfilter.ebpf import program as ebpf
from pcapfilter.engine import cache, loops, reference, scan
from pcapfilter.engine.jit import NativeFilter
from pcapfilter.engine.loops import Signature, UnavailableError, native
from pcapfilter.engine.scan import Engine, NativeFill, PlainFill, engine_for, judge_by
from pcapfilter.errors import ProgramError
from pcapfilter.packets import Origin, PacketBatch
from tests.bpf.programs import random_packet, random_program

NOWHERE = cast(Origin, None)


class Judge:
    """One of the two forms of the loop over batches."""

    def __init__(self, form: type[NativeFill] | type[PlainFill], program: ebpf.Program) -> None:
        self.fill = form(program, scan.judge, scan.JUDGE)

    def judge(self, batch: PacketBatch) -> "array[int]":
        return judge_by(self.fill, batch)


def both(program: ebpf.Program) -> tuple[Judge, Judge]:
    return Judge(NativeFill, program), Judge(PlainFill, program)


def sum_of(items: Any, count: int, out: Any) -> int:
    """Add up, in the form that `native` takes."""
    total = 0
    for index in range(count):
        total += twice(items[index])
    out[0] = total
    return total


def twice(number: int) -> int:
    return number * FACTOR


EXIT = (0x95, 0, 0, 0, 0)
FACTOR = 2
SUM = "i64(u32*, i64, i64*)"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of the test's own, and nothing remembered in this process."""
    monkeypatch.setattr(sys.modules[__name__], "native", loops.native.__wrapped__)
    monkeypatch.setattr(scan, "_native_fill", NativeFill)
    monkeypatch.setenv("PCAPFILTER_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_judge_agrees_with_the_reference_machine() -> None:
    """Batches of random packets by random programs: the same indices, ascending."""
    random = Random(31)
    for _ in range(25):
        program = random_program(random)
        packets = [random_packet(random, random.randrange(80)) for _ in range(60)]
        batch = PacketBatch.of(packets, NOWHERE)
        machine = reference.Machine(program)
        wanted = array("I", [n for n, p in enumerate(packets) if machine.run(p)])
        translated = translate(program)
        for engine in both(translated):
            assert engine.judge(batch) == wanted
        single = engine_for(translated)
        assert [n for n, p in enumerate(packets) if single.run(p)] == list(wanted)


def test_judge_knows_captured_and_wire_length() -> None:
    """`len` is the length on the wire, and loads end at the captured one."""
    program = Program.of([(0x80, 0, 0, 0), (0x35, 0, 2, 100), (0x30, 0, 0, 9), (0x06, 0, 0, 1),
                          (0x06, 0, 0, 0)])  # fmt: skip
    batch = PacketBatch.of([bytes(10), bytes(10), bytes(9), bytes(0)], NOWHERE)
    batch.wirelens = array("I", [100, 99, 2**32 - 1, 100])
    translated = translate(program)
    for engine in both(translated):
        assert list(engine.judge(batch)) == [0]
        batch.count = 0
        assert list(engine.judge(batch)) == []
        batch.count = 4


def test_columns_are_as_long_as_the_batch() -> None:
    """Native code would read past their ends."""
    batch = PacketBatch.of([bytes(10)], NOWHERE)
    batch.count = 2
    with pytest.raises(ValueError, match="shorter"):
        Judge(NativeFill, ebpf.Program.of([(0xB7, 0, 0, 0, 1), (0x95, 0, 0, 0, 0)])).judge(batch)


def test_a_bad_program_is_an_error_and_no_crash() -> None:
    """A load outside a packet ends the batch with the place in the program."""
    program = ebpf.Program.of([(0x69, 0, 1, 4, 0), (0x95, 0, 0, 0, 0)])
    batch = PacketBatch.of([bytes(6), bytes(5)], NOWHERE)
    for engine in both(program):
        with pytest.raises(ProgramError) as caught:
            engine.judge(batch)
        assert caught.value.pc == 0
    with pytest.raises(ProgramError):
        engine_for(ebpf.Program.of([(0xFF, 0, 0, 0, 0)]))


def test_native_and_plain_calls_are_the_same(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A compiled loop, a plain one, arrays, bytes and memoryviews."""
    compiled = native(sum_of, SUM)
    monkeypatch.setitem(sys.modules, "numba", None)
    monkeypatch.setattr(cache, "load", lambda _name, _key: None)
    plain = native(sum_of, SUM)
    assert compiled.compiled
    assert not plain.compiled
    assert len(list(folder.iterdir())) > 0
    for loop in (compiled, plain):
        out = array("q", [0])
        assert loop(array("I", [1, 2, 2**32 - 1]), 3, out) == 2 * (2**32 + 2) == out[0]
        assert loop(memoryview(array("I", [5])), 1, out) == 10


def test_buffers_are_checked() -> None:
    """Items of another size and read-only buffers are refused before anything runs."""
    loop = native(sum_of, SUM)
    with pytest.raises(TypeError):
        loop(bytearray(b"1234"), 1, array("q", [0]))
    with pytest.raises((TypeError, BufferError)):
        loop(array("I", [1]), 1, bytes(8))
    with pytest.raises(ValueError, match="types"):
        native(sum_of, "i32(u8*)")
    with pytest.raises(ValueError, match="f64"):
        native(sum_of, "i64(f64)")


def _entry(folder: Path, name: str) -> Path:
    stem, suffix = name.split(".")
    (entry,) = folder.glob(f"{stem}-*.{suffix}")
    return entry


def test_cache_survives_damage(folder: Path) -> None:
    """A damaged, foreign or other entry is compiled anew; a good one is used as it is."""
    native(sum_of, SUM)
    key = loops.key_of(sum_of, Signature.of(SUM))
    for name in ("sum_of.ll", "sum_of.o"):
        entry = _entry(folder, name)
        whole = entry.read_bytes()
        for damaged in (b"", whole[:-1], whole.replace(b"sum", b"som"), whole[50:]):
            entry.write_bytes(damaged)
            assert cache.load(name, key) is None
            if name == "sum_of.ll":  # of which there is no need where the code itself is kept
                _entry(folder, "sum_of.o").unlink()
            out = array("q", [0])
            assert native(sum_of, SUM)(array("I", [7]), 1, out) == 14
            assert cache.load(name, key) is not None


def test_what_others_have_written_or_could_write_is_not_run(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    native(sum_of, SUM)
    name, key = "sum_of.o", loops.key_of(sum_of, Signature.of(SUM))
    entry = _entry(folder, name)
    for mode, trusted in ((0o600, True), (0o620, False), (0o602, False), (0o644, True)):
        entry.chmod(mode)
        assert (cache.load(name, key) is not None) == trusted, oct(mode)
    somebody = os.geteuid() + 1
    monkeypatch.setattr(os, "geteuid", lambda: somebody)
    assert cache.load(name, key) is None


def test_filters_are_kept_and_trimmed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A filter's code comes from the cache the second time, traps included; old ones go."""
    monkeypatch.setattr(scan, "_KEPT_FILTERS", 4)
    batch = PacketBatch.of([b"\0\1", b"\1\0", b""], NOWHERE)
    for number in range(10):
        program = ebpf.Program.of([(0x71, 0, 1, 1, 0), (0x07, 0, 0, 0, number), (0x95, 0, 0, 0, 0)])
        batch.count = 2
        for _ in range(2):
            engine = Judge(NativeFill, program)
            assert list(engine.judge(batch)) == ([0] if number == 0 else [0, 1])
        batch.count = 3
        with pytest.raises(ProgramError):
            engine.judge(batch)
        assert 1 <= len(list(folder.glob("filter-*.o"))) <= 5


def test_cache_keys_tell_functions_apart(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another constant or signature is another entry."""
    native(sum_of, SUM)
    monkeypatch.setattr(sys.modules[__name__], "FACTOR", 3)
    assert native(sum_of, SUM)(array("I", [7]), 1, array("q", [0])) == 21
    native(sum_of, "i64(u8*, i64, i64*)")
    assert len(list(folder.glob("sum_of-*.ll"))) == 3


def test_a_folder_that_cannot_be_used_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file in the folder's place: plain at first, then compiled, not kept."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("PCAPFILTER_CACHE_DIR", str(tmp_path / "file" / "cache"))
    native.cache_clear()
    loop, engine = native(sum_of, SUM), Engine(ebpf.Program.of([(0x71, 0, 1, 0, 0), EXIT]))
    assert not loop.compiled
    for _ in range(2 * loops.PATIENCE):
        assert loop(array("I", [7]), 1, array("q", [0])) == 14
        assert list(engine.judge(PacketBatch.of([b"\0", b"\1"], NOWHERE))) == [1]
    assert loop.compiled
    assert isinstance(engine.fill(scan.judge, scan.JUDGE), scan.PatientFill)
    with pytest.raises(ProgramError):
        engine.judge(PacketBatch.of([b""], NOWHERE))
    native.cache_clear()


def test_without_numba_and_without_cache_the_engine_is_plain(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It still judges."""
    monkeypatch.setitem(sys.modules, "numba", None)
    engine = engine_for(translate(Program.of([(0x30, 0, 0, 0), (0x16, 0, 0, 0)])))
    assert list(engine.judge(PacketBatch.of([b"\0", b"\1", b""], NOWHERE))) == [1]
    monkeypatch.setitem(sys.modules, "llvmlite.binding", None)
    assert engine.run(b"\1") == 1
    assert not list(folder.glob("*"))


def test_an_engine_is_native_where_it_can_be() -> None:
    """And checks its program before anything is compiled."""
    engine = Engine(translate(Program.of([(0x30, 0, 0, 0), (0x16, 0, 0, 0)])))
    assert list(engine.judge(PacketBatch.of([b"\0", b"\1", b""], NOWHERE))) == [1]
    assert engine.fill(scan.judge, scan.JUDGE).compiled
    assert engine.run(b"\1") == 1
    assert isinstance(engine._single, NativeFilter)


def test_what_numba_cannot_compile_runs_plain(folder: Path) -> None:
    """A loop outside the subset is no error."""

    def words(items: Any) -> int:
        return len(str(items[0]))

    loop = native(words, "i64(u8*)")
    assert not loop.compiled
    assert loop(b"\xff") == 3
    assert not list(folder.glob("words-*"))
    with pytest.raises(UnavailableError):
        loops.text_of(words, loop.signature)


def _compile_once(_: int) -> int:
    return native(sum_of, SUM)(array("I", [4]), 1, array("q", [0]))


def test_processes_fill_the_cache_at_once(folder: Path) -> None:
    """Whoever comes last, the entry is whole."""
    with get_context("spawn").Pool(2) as pool:
        assert pool.map(_compile_once, range(4), chunksize=1) == [8] * 4
    assert sorted(path.suffix for path in folder.glob("sum_of-*")) == [".ll", ".o"]


def test_a_warm_cache_loads_neither_numba_nor_numpy() -> None:
    """A new process judges by what is kept."""
    program = Program.of([(0x30, 0, 0, 0), (0x16, 0, 0, 0)])
    Judge(NativeFill, translate(program))
    script = (
        "import sys\n"
        "from pcapfilter.engine.scan import Engine\n"
        "from pcapfilter.ebpf.program import Program\n"
        "from pcapfilter.packets import PacketBatch\n"
        "engine = Engine(Program.of([(0x71, 0, 1, 0, 0), (0x95, 0, 0, 0, 0)]))\n"
        "assert list(engine.judge(PacketBatch.of([b'0', b'\\0'], None))) == [0]\n"
        "print(sorted({'numba', 'numpy', 'scapy'} & set(sys.modules)))\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )  # fmt: skip
    assert run.stdout == "[]\n"


def _imports(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def knows_classic(path: Path) -> bool:
    """Tell whether a module imports anything of classic BPF."""
    return any(f"{name}.".startswith("pcapfilter.bpf.") for name in _imports(path))


def test_only_the_reference_machine_knows_classic_bpf(tmp_path: Path) -> None:
    """In engine/, eBPF is all there is; and the guard sees every way to import."""
    folder = Path(next(iter(pcapfilter.engine.__path__)))
    assert [p.name for p in sorted(folder.glob("*.py")) if knows_classic(p)] == ["reference.py"]
    for line in (
        "import pcapfilter.bpf.isa",
        "from pcapfilter import bpf",
        "from pcapfilter.bpf import isa",
        "from pcapfilter.bpf.isa import ROWS",
    ):
        trap = tmp_path / "trap.py"
        trap.write_text(line)
        assert knows_classic(trap)
