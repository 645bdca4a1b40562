"""The corpus is what its scripts make: the captures always, the programs with the same libpcap."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import make_captures, record_filters
from tests import oracle


def test_captures_are_made_again(
    captures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same bytes, whenever they are made."""
    monkeypatch.setattr(make_captures, "FOLDER", tmp_path)
    make_captures.main()
    made = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert {path.name: path.read_bytes() for path in captures.iterdir()} == made


def test_captures_are_small(captures: Path) -> None:
    assert all(path.stat().st_size < 50_000 for path in captures.iterdir())


@oracle.needs_tcpdump
def test_tcpdump_reads_the_captures(captures: Path) -> None:
    """Only the one that is cut is damaged, and each other has packets (but for the empty one)."""
    for path in captures.glob("*.pcap"):
        answer = oracle.tcpdump("--count", "-r", path)
        assert (answer.returncode == 0) == (path.stem != "ethernet-cut"), path
        if answer.returncode == 0:
            packets = int(answer.stdout.split()[0])
            assert (packets == 0) == (path.stem == "ethernet-empty"), path


@pytest.mark.skipif(oracle.version() != "1.10.3", reason="needs libpcap 1.10.3, which was recorded")
def test_programs_are_recorded_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    corpus = record_filters.CORPUS
    recorded = json.loads((corpus / "filters" / "names.json").read_text(encoding="utf-8"))
    try:
        names = record_filters.names()
    except OSError:
        names = {}
    if names != recorded:
        pytest.skip("this machine has other services, protocols or hosts")
    texts = {link: record_filters.texts(link) for link in record_filters.LINKS}
    monkeypatch.setattr(record_filters, "CORPUS", tmp_path)
    monkeypatch.setattr(record_filters, "texts", texts.__getitem__)
    record_filters.main()
    for path in tmp_path.rglob("*.jsonl"):
        assert path.read_bytes() == (corpus / path.relative_to(tmp_path)).read_bytes()


@pytest.mark.skipif(oracle.version() != "1.10.3", reason="needs libpcap 1.10.3, which was recorded")
def test_the_language_table_is_written_again(root: Path) -> None:
    command = [sys.executable, "-m", "scripts.language_table", "--check"]
    answer = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr
