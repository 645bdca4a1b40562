"""What may be replaced by a capture, and what is written in place; as another user, too."""

import os
import subprocess
import sys
import tempfile
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from errno import EACCES, EISDIR, ELOOP, ENAMETOOLONG
from pathlib import Path
from pwd import getpwnam
from shutil import rmtree

import pytest

from pcapfilter.io.base import open_source
from pcapfilter.io.output import open_sink
from tests.io.captures import ROWS, pcap

NOBODY = 65534


@contextmanager
def as_nobody() -> Iterator[None]:
    """Be a user without rights."""
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def shared() -> Iterator[Path]:
    """Give a folder that everybody may write into."""
    if os.geteuid() != 0:
        pytest.skip("needs to be root, to become another user")
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o777)
    yield folder
    rmtree(folder)


def copied(source: Path, target: Path | str) -> None:
    """Copy a capture as it is."""
    with open_source(source) as read, open_sink(str(target), read) as sink:
        for batch in read.batches():
            sink.write(batch, array("I", range(len(batch))))


def test_a_file_that_could_not_be_written_is_not_replaced(shared: Path) -> None:
    source, target = shared / "in.pcap", shared / "out.pcap"
    source.write_bytes(pcap(ROWS))
    target.write_bytes(b"precious")
    target.chmod(0o444)
    with as_nobody(), pytest.raises(PermissionError) as told:
        copied(source, target)
    assert (told.value.errno, told.value.filename) == (EACCES, str(target))
    assert target.read_bytes() == b"precious"
    assert sorted(path.name for path in shared.iterdir()) == ["in.pcap", "out.pcap"]


def test_in_a_sticky_folder_a_file_of_others_is_written_in_place(shared: Path) -> None:
    source, target = shared / "in.pcap", shared / "out.pcap"
    source.write_bytes(pcap(ROWS))
    target.write_bytes(b"old" * 1000)
    target.chmod(0o666)
    shared.chmod(0o1777)
    number = target.stat().st_ino
    with as_nobody():
        copied(source, target)
    assert target.read_bytes() == pcap(ROWS)
    assert target.stat().st_ino == number
    assert sorted(path.name for path in shared.iterdir()) == ["in.pcap", "out.pcap"]


@pytest.mark.parametrize("name", ["out.pcap", "out.pcapng", "out.pcap.gz"])
def test_who_becomes_another_user_has_loaded_all_that_is_needed(name: str, shared: Path) -> None:
    source, target = shared / "in.pcap", shared / name
    source.write_bytes(pcap(ROWS))
    line = [sys.executable, "-m", "pcapfilter", "-Z", "nobody", "-r", str(source)]
    for words in (("-w", str(target), "--print"), ("-n",), ("--count",)):
        done = subprocess.run([*line, *words], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr.count("\n")) == (0, 2), done.stderr
    assert target.stat().st_uid == getpwnam("nobody").pw_uid
    with open_source(str(target)) as read:
        assert [packet.data for batch in read.batches() for packet in batch] == [
            row.octets for row in ROWS
        ]


def test_names_that_cannot_be_leave_nothing_behind(tmp_path: Path) -> None:
    source, folder = tmp_path / "in.pcap", tmp_path / "out"
    source.write_bytes(pcap(ROWS))
    folder.mkdir()
    (folder / "loop").symlink_to("loop")
    for name, number in (("new/", EISDIR), ("loop", ELOOP), ("x" * 256, ENAMETOOLONG)):
        with pytest.raises(OSError, match=os.strerror(number)) as told:
            copied(source, f"{folder}/{name}")
        assert told.value.filename == f"{folder}/{name}"
    assert [path.name for path in folder.iterdir()] == ["loop"]
    assert (folder / "loop").is_symlink()
