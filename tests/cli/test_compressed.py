"""Compressed captures: one line says how they are compressed, and what to do."""

import bz2
import gzip
import lzma
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pcapfilter.cli import main
from tests.io.captures import ROWS, pcap

WHOLE = pcap(ROWS)
COMPRESSED = (
    # by what, the octets, the command that undoes it
    ("gzip", gzip.compress(WHOLE), "zcat"),
    ("bzip2", bz2.compress(WHOLE), "bzcat"),
    ("xz", lzma.compress(WHOLE), "xzcat"),
    ("zstd", b"\x28\xb5\x2f\xfd" + bytes(20), "zstdcat"),
    ("lz4", b"\x04\x22\x4d\x18" + bytes(20), "lz4cat"),
)


@pytest.mark.parametrize(("kind", "octets", "words"), COMPRESSED)
def test_what_to_do_is_said(
    kind: str, octets: bytes, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, target = tmp_path / "a trace", tmp_path / "out"
    path.write_bytes(octets)
    assert main(["-r", str(path), "-w", str(target), "tcp"]) == 1
    said = capsys.readouterr().err
    assert said == (
        f"pcapfilter: {path}: compressed with {kind}; decompress it on the way: "
        f"{words} '{path}' | pcapfilter -r - ...\n"
    )
    assert not target.exists()


@pytest.mark.parametrize(("kind", "octets", "words"), COMPRESSED[:3])
def test_what_is_said_works(kind: str, octets: bytes, words: str, tmp_path: Path) -> None:
    if shutil.which(words) is None:
        pytest.skip(f"{words} is not installed, and undoes {kind}")
    path = tmp_path / "trace"
    path.write_bytes(octets)
    line = f"{words} {path} | {sys.executable} -m pcapfilter -r - -w - tcp"
    done = subprocess.run(line, shell=True, capture_output=True, check=True)
    assert done.stdout == pcap((ROWS[0], ROWS[2], ROWS[5]))


def test_a_compressed_standard_input() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pcapfilter", "-r", "-"],
        input=gzip.compress(WHOLE),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == (
        b"pcapfilter: -: compressed with gzip; decompress it on the way: "
        b"zcat | pcapfilter -r - ...\n"
    )
