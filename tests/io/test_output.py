"""Where a capture is written: under another name until it is whole, or in place."""

import os
from errno import EACCES, EIO, EROFS
from pathlib import Path
from typing import Any

import pytest

import pcapfilter as pf
from pcapfilter.io.place import identity_at
from tests.io.captures import ROWS, pcap


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    path = tmp_path / "trace.pcap"
    path.write_bytes(pcap(ROWS))
    return path


def test_an_open_file_is_written_to_by_its_descriptors_name(trace: Path, tmp_path: Path) -> None:
    """It is that very file that is meant, whatever its name is by now."""
    target = tmp_path / "out.pcap"
    with open(target, "w+b") as file:
        place = f"/dev/fd/{file.fileno()}"
        target.unlink()
        assert pf.compile("").copy(trace, place).matched == len(ROWS)
        assert file.read() == pcap(ROWS)
    assert sorted(path.name for path in tmp_path.iterdir()) == [trace.name]


@pytest.mark.parametrize("reason", [EACCES, EROFS, EIO])
def test_a_folder_where_no_file_can_be_made(
    reason: int, trace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that is there can still be written; a new one cannot, and the fault names it."""
    target, really = tmp_path / "out.pcap", os.open

    def refuse(path: Any, flags: int, *more: int) -> int:
        if flags & os.O_EXCL:
            raise OSError(reason, os.strerror(reason), path)
        return really(path, flags, *more)

    monkeypatch.setattr(os, "open", refuse)
    for there in (False, True):
        if there and reason != EIO:
            assert pf.compile("").copy(trace, target).matched == len(ROWS)
            assert target.read_bytes() == pcap(ROWS)
            continue
        with pytest.raises(OSError, match=os.strerror(reason)) as caught:
            pf.compile("").copy(trace, target)
        assert (caught.value.errno, caught.value.filename) == (reason, str(target))
        assert not target.exists() or not target.read_bytes()
        target.touch()


def test_only_regular_files_are_overwritten(tmp_path: Path) -> None:
    """A device or a pipe may well be input and output at once."""
    regular, pipe = tmp_path / "regular", tmp_path / "pipe"
    regular.touch()
    os.mkfifo(pipe)
    assert identity_at(regular, 1) == identity_at(f"file://{regular}", 1) is not None
    assert identity_at(pipe, 1) is None
    assert identity_at("/dev/null", 1) is None
    assert identity_at(tmp_path / "missing", 1) is None
