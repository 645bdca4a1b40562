"""Images: what is made of object files, and what a warm cache spares."""

import ctypes
import os
import subprocess
import sys
from pathlib import Path
from random import Random
from typing import Any

import pytest

from pcapfilter.engine import image, jit
from pcapfilter.engine.loops import native
from tests.bench.workload import HEADER, records


def copied(source: Any, count: int, target: Any) -> int:
    """A loop of which LLVM makes a call of memcpy."""
    for index in range(count):
        target[index] = source[index]
    return count


COPIED = "i64(u8*, i64, u8*)"

TEXT = """
@table = hidden global [2 x i64] [i64 7, i64 35]
define i64 @chosen(i64 %at) {
  %place = getelementptr [2 x i64], ptr @table, i64 0, i64 %at
  %old = load i64, ptr %place
  %new = add i64 %old, 1
  store i64 %new, ptr %place
  ret i64 %old
}
"""


def object_of(text: str) -> bytes:
    machine = jit.machine_here()
    octets: bytes = machine.emit_object(jit.parse(text))
    return octets


def image_of(text: str) -> image.Image:
    octets = image.flatten(object_of(text))
    if octets is None:
        pytest.skip("images are made on x86-64 only")
    return image.Image(octets)


def test_an_image_runs_and_keeps_its_variables() -> None:
    made = image_of(TEXT)
    call = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64)(made.address("chosen"))
    assert [call(0), call(0), call(1), call(1)] == [7, 8, 35, 36]
    assert ctypes.c_int64.from_address(made.address("table")).value == 9


def test_an_image_calls_the_c_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PCAPFILTER_CACHE_DIR", str(tmp_path))
    out = bytearray(1000)
    for _ in range(2):
        native.cache_clear()
        loop = native(copied, COPIED)
        assert loop.compiled
        assert loop(bytes(range(250)) * 4, 1000, out) == 1000
        assert out == bytes(range(250)) * 4
    native.cache_clear()


@pytest.mark.parametrize(
    "text",
    [
        "declare i64 @elsewhere()\ndefine i64 @f() {\n %a = call i64 @elsewhere()\n ret i64 %a\n}",
        "@far = external global i64\ndefine i64 @f() {\n %a = load i64, ptr @far\n ret i64 %a\n}",
    ],
)
def test_what_needs_a_linker_is_left_to_one(text: str) -> None:
    assert image.flatten(object_of(text)) is None


def test_other_processors_are_left_to_llvm() -> None:
    octets = bytearray(object_of(TEXT))
    octets[18:20] = (183).to_bytes(2, "little")
    assert image.flatten(bytes(octets)) is None


def test_object_files_do_where_there_are_no_images(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PCAPFILTER_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(jit, "flatten", lambda _: None)
    for _ in range(2):
        native.cache_clear()
        out = bytearray(3)
        assert native(copied, COPIED)(b"abc", 3, out) == 3
        assert out == b"abc"
    native.cache_clear()
    (entry,) = tmp_path.glob("copied-*.o")
    assert b"\x7fELF" in entry.read_bytes()[:4096]


def test_where_native_code_may_not_run_the_loop_is_plain(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: bytes) -> None:
        raise OSError("not here")

    monkeypatch.setattr(jit, "Image", refuse)
    native.cache_clear()
    loop = native(copied, COPIED)
    out = bytearray(3)
    assert loop(b"abc", 3, out) == 3
    assert out == b"abc"
    native.cache_clear()


def test_a_warm_run_of_the_command_loads_no_compiler(tmp_path: Path) -> None:
    """Nothing of numba, llvmlite or NumPy, nor pathlib: each would cost more than the work."""
    path, out = tmp_path / "in.pcap", tmp_path / "out.pcap"
    path.write_bytes(HEADER + records("wide", Random(5), 500))
    script = (
        "import sys; from pcapfilter.cli import main\n"
        f"assert main(['-r', {str(path)!r}, '-w', {str(out)!r}, 'tcp port 80']) == 0\n"
        "print(sorted({'numba', 'llvmlite', 'numpy', 'pathlib'} & set(sys.modules)))"
    )
    environment = dict(os.environ)
    for _ in range(2):
        result = subprocess.run(
            [sys.executable, "-S", "-c", f"import sys; sys.path[:] = {sys.path!r}\n{script}"],
            check=True, capture_output=True, text=True, env=environment,
        )  # fmt: skip
    if image.flatten(object_of(TEXT)) is None:
        pytest.skip("images are made on x86-64 only")
    assert result.stdout == "[]\n"
    assert out.stat().st_size > 24
