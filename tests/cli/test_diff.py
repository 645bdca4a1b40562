"""`pcapfilter diff`: exit codes as diff(1) has them, flags, captures, one line where it fails."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import pcapfilter as pf
from pcapfilter.cli import main
from pcapfilter.io.base import open_source
from tests import oracle

pytest.importorskip("z3")

Captured = pytest.CaptureFixture[str]


def test_the_same(capsys: Captured) -> None:
    assert main(["diff", "host 1.2.3.4 and port 80", "port 80 and host 1.2.3.4"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "A: host 1.2.3.4 and port 80",
        "B: port 80 and host 1.2.3.4",
        "link type EN10MB (Ethernet)",
        "",
        "packets on which no load fails: the same, proved",
        "every packet:                   the same, proved",
    ]


def test_different(capsys: Captured) -> None:
    assert main(["diff", "-y", "RAW", "tcp", "udp"]) == 1
    told = capsys.readouterr().out
    assert "link type RAW (Raw IP)" in told
    assert "IPv4 protocol" in told
    assert "0x0000:  4500" in told


def test_grades_decide(capsys: Captured) -> None:
    """A program that looks at an octet more is the same, and strictly it is not."""
    assert main(["diff", "-O", "ip[30] = 1 or ip", "ip"]) == 0
    assert main(["diff", "-O", "--strict", "ip[30] = 1 or ip", "ip"]) == 1
    assert capsys.readouterr().out.count("every packet:                   different") == 2


def test_witnesses_are_written(capsys: Captured, tmp_path: Path) -> None:
    path = tmp_path / "w.pcap"
    words = ["--count", "3", "--only-in", "A", "-w", str(path)]
    assert main(["diff", *words, "tcp port 80 or 443", "tcp port 80"]) == 1
    source = open_source(str(path))
    packets = [packet for batch in source.batches() for packet in batch]
    source.close()
    assert len(packets) == 3
    assert capsys.readouterr().out.count("that A selects and B does not") == 3
    if oracle.tcpdump_path():
        answer = oracle.tcpdump("-nr", path, "tcp port 443 and not tcp port 80")
        assert len(answer.stdout.splitlines()) == 3


@pytest.mark.parametrize(("ending", "magic"), [("pcapng", b"\n\r\r\n"), ("pcap.gz", b"\x1f\x8b")])
def test_the_kind_of_the_capture(ending: str, magic: bytes, tmp_path: Path) -> None:
    """The name's ending tells it, as with -w of the command itself."""
    path = tmp_path / f"w.{ending}"
    assert main(["diff", "-w", str(path), "--count", "2", "-y", "RAW", "tcp", "udp"]) == 1
    assert path.read_bytes().startswith(magic)
    assert pf.compile("tcp or udp").count(path).matched == 2


def test_nothing_is_written_where_nothing_differs(tmp_path: Path) -> None:
    path = tmp_path / "w.pcap"
    assert main(["diff", "-w", str(path), "tcp", "tcp and tcp"]) == 0
    assert not path.exists()


def test_packets_on_standard_output() -> None:
    command = [sys.executable, "-m", "pcapfilter", "diff", "-w", "-", "tcp", "udp"]
    answer = subprocess.run(command, capture_output=True, check=False)
    assert answer.returncode == 1
    assert answer.stdout[:4] == b"\xd4\xc3\xb2\xa1"
    assert b"packets on which no load fails: different" in answer.stderr


@oracle.needs_tcpdump
def test_what_tcpdump_prints(tmp_path: Path) -> None:
    for flag in ("-d", "-ddd", "-dd"):
        made = oracle.tcpdump(flag, "-y", "EN10MB", "port 80").stdout
        (tmp_path / flag).write_bytes(made)
        assert main(["diff", "--strict", f"@{tmp_path / flag}", "port 80"]) == 0


def test_without_z3(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    for name in [name for name in sys.modules if name.startswith("pcapfilter.tools.prove")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "z3", None)
    assert main(["diff", "tcp", "udp"]) == 2
    assert capsys.readouterr().err == (
        "pcapfilter: comparing filters needs Z3: pip install 'pcapfilter-engine[prove]'\n"
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["tcp"], "takes two filters, each as one word (quote it), not 1"),
        (["tcp", "port", "80"], "takes two filters, each as one word (quote it), not 3"),
        (["tcp", "tpc"], "tpc"),
        (["-y", "FOO", "tcp", "udp"], "FOO"),
        (["--only-in", "C", "tcp", "udp"], "--only-in takes A or B, not 'C'"),
        (["--count", "0", "tcp", "udp"], "--count takes a number from 1 up, not '0'"),
        (["--count", "many", "tcp", "udp"], "--count takes a number from 1 up, not 'many'"),
        (["--timeout", "never", "tcp", "udp"], "--timeout takes seconds"),
        (["--timeout", "-1", "tcp", "udp"], "--timeout takes seconds"),
        (["--host", "moon", "tcp", "udp"], "no such host: 'moon'"),
        (["--frob", "tcp", "udp"], "unrecognized option '--frob'"),
        (["@/does/not/exist", "udp"], "/does/not/exist: No such file or directory"),
    ],
)
def test_trouble(words: list[str], message: str, capsys: Captured) -> None:
    assert main(["diff", *words]) == 2
    told = capsys.readouterr()
    assert not told.out
    assert message in told.err
    assert "Traceback" not in told.err


def test_the_answer_comes_before_the_file(capsys: Captured) -> None:
    assert main(["diff", "-w", "/does/not/exist", "tcp", "udp"]) == 2
    told = capsys.readouterr()
    assert "that A selects and B does not" in told.out
    assert told.err == "pcapfilter: /does/not/exist: No such file or directory\n"


HARD = (
    "ip[0:4] + (ip[0:4] * ip[0:4] | 5) = ip[4:4] + (ip[4:4] * ip[4:4] | 5) and ip[0:4] > ip[4:4]",
    "ip and not ip",
)
"""Never true, since x + (x * x | 5) hits each number once: nobody proves it in a minute."""


def test_unknown(capsys: Captured) -> None:
    assert main(["diff", "--timeout", "0.2", *HARD]) == 2
    told = capsys.readouterr().out
    assert told.count("unknown: undecided in 0.") == 2


def test_interrupted() -> None:
    command = [sys.executable, "-m", "pcapfilter", "diff", *HARD]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    time.sleep(1.5)
    os.kill(process.pid, signal.SIGINT)
    started = time.monotonic()
    _, told = process.communicate(timeout=20)
    assert time.monotonic() - started < 5
    assert process.returncode in {2, -signal.SIGINT}
    assert b"Traceback" not in told


def test_help(capsys: Captured) -> None:
    assert main(["diff", "--help"]) == 0
    assert "--only-in A|B" in capsys.readouterr().out


def test_what_lint_says(capsys: Captured) -> None:
    """Findings that bear on the packet are shown, and no others."""
    text = "not host 1.2.3.4 or host 5.6.7.8"
    assert main(["diff", text, "not (host 1.2.3.4 or host 5.6.7.8)"]) == 1
    told = capsys.readouterr().out
    assert "lint says of A:\n  warning: `not` holds for `host 1.2.3.4` alone" in told
    assert "[arp]" not in told
    assert "lint says of B:" not in told
