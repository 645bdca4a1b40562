"""`pcapfilter check`: beside the tcpdump installed, and beside ones that are made up here."""

import io
import os
import subprocess
import sys
from errno import ENOMEM, EPERM
from pathlib import Path

import pytest

import pcapfilter as pf
from pcapfilter.bpf import isa
from pcapfilter.bpf.program import Program
from pcapfilter.bpf.text import listing
from pcapfilter.cli import main
from pcapfilter.cli.commands.check import COMMON
from pcapfilter.net.linktype import resolve
from tests import oracle

pytest.importorskip("z3")

from pcapfilter.tools.crosscheck import Verdict
from pcapfilter.tools.crosscheck.kernel import ask_kernel

Captured = pytest.CaptureFixture[str]


def pretend(folder: Path, *answers: tuple[str, str]) -> str:
    """A tcpdump of one's own, that answers texts with programs; it knows nothing else."""
    rows = [f'"{text}") cat <<"E"\n{answer}\nE\n;;' for text, answer in answers]
    path = folder / "tcpdump"
    path.write_text(
        "#!/bin/sh\n"
        'if [ "$1" = --version ]; then\n'
        'printf "tcpdump version 9\\nlibpcap version 8\\n"; exit; fi\n'
        'for text; do :; done\ncase "$text" in\n' + "\n".join(rows) + "\n"
        '*) echo "tcpdump: cannot parse filter expression: syntax error" >&2; exit 1;;\nesac\n',
        encoding="utf-8",
    )
    path.chmod(0o755)
    return str(path)


def numbers(text: str) -> str:
    return listing(pf.compile(text, netmask=0).program(), "ddd")


@oracle.needs_tcpdump
@oracle.needs_libpcap
def test_identical(capsys: Captured) -> None:
    assert main(["check", "tcp", "port", "80"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith(f"asked: {oracle.tcpdump_path()} (tcpdump ")
    assert ", libpcap 1.10" in told[0]
    assert told[2:] == [
        "tcp port 80",
        f"  identical: {', '.join(COMMON)}",
        "",
        f"1 filter on {len(COMMON)} link types: {len(COMMON)} identical",
        "all agree",
    ]


@oracle.needs_tcpdump
@oracle.needs_libpcap
def test_all_link_types(capsys: Captured) -> None:
    assert main(["check", "--all-links", "tcp"]) == 0
    told = capsys.readouterr().out
    assert "refused by both (link-layer type filtering not implemented): MTP2" in told
    assert "link type unknown to tcpdump: " in told


@oracle.needs_tcpdump
@oracle.needs_libpcap
def test_where_libpcap_is_wrong(capsys: Captured) -> None:
    """Our program differs, and libpcap's own unoptimised one agrees with ours."""
    assert main(["check", "-y", "EN10MB", "link[0:1] & 0xffffffff != 0"]) == 1
    told = capsys.readouterr().out
    assert "different: EN10MB" in told
    assert "tcpdump's unoptimised program (-O) agrees with pcapfilter" in told
    assert "that B selects and A does not" in told
    assert main(["check", "-O", "-y", "EN10MB", "link[0:1] & 0xffffffff != 0"]) == 0


@oracle.needs_tcpdump
@oracle.needs_libpcap
def test_a_file_of_expressions(capsys: Captured, tmp_path: Path) -> None:
    path = tmp_path / "filters"
    path.write_text("tcp\n# all of it\n\nudp port 53  # names\nport 99999\nip proto 6\n")
    words = ["check", "-y", "EN10MB", "-y", "RAW", "-F", str(path)]
    assert main(words) == 2
    told = capsys.readouterr().out
    assert "refused by both (illegal port number 99999 > 65535): EN10MB, RAW\n  so nothing" in told
    assert "4 filters on 2 link types: 6 identical, 2 refused by both\n" in told
    assert told.endswith("nothing was compared of 1 filter\n")
    assert main([*words, "--refusals"]) == 0
    assert capsys.readouterr().out.endswith("6 identical, 2 refused by both\nall agree\n")


@oracle.needs_tcpdump
@oracle.needs_libpcap
def test_refused_on_some_link_types(capsys: Captured) -> None:
    """What is refused on one link type and compared on another is no typo."""
    assert main(["check", "-y", "EN10MB", "-y", "MTP2", "tcp"]) == 0
    assert "refused by both (" in capsys.readouterr().out
    assert main(["check", "-y", "MTP2", "tcp"]) == 2


def test_expressions_by_a_pipe(
    capsys: Captured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("tcp\n"))
    theirs = pretend(tmp_path, ("tcp", numbers("tcp")))
    assert main(["check", "--tcpdump", theirs, "-y", "EN10MB", "-F", "-"]) == 0
    assert "identical: EN10MB" in capsys.readouterr().out


def test_same_verdicts(capsys: Captured, tmp_path: Path) -> None:
    """Listings that differ stand side by side."""
    theirs = pretend(tmp_path, ("ip and not ip6", numbers("not ip6 and ip") + "\n"), ("ip", "1"))
    longer = listing(pf.compile("ip", netmask=0, optimize=False).program(), "ddd").splitlines()
    rows = ["32 0 0 0", *longer[1:]]
    theirs = pretend(tmp_path, ("ip", "\n".join([str(len(rows)), *rows])))
    assert main(["check", "--tcpdump", theirs, "-y", "EN10MB", "ip"]) == 0
    told = capsys.readouterr().out
    assert f"asked: {theirs} (tcpdump 9, libpcap 8)" in told
    assert "same verdicts, proved: EN10MB" in told
    assert "| (000) ld       [0]" in told


def test_different(capsys: Captured, tmp_path: Path) -> None:
    theirs = pretend(tmp_path, ("tcp", numbers("udp")))
    assert main(["check", "--tcpdump", theirs, "-y", "EN10MB", "tcp"]) == 1
    told = capsys.readouterr().out
    assert "(A is pcapfilter, B is tcpdump)" in told
    assert "IPv4 protocol" in told
    assert "1 filter on 1 link type: 1 different" in told
    assert "all agree" not in told


def test_refused_by_one(capsys: Captured, tmp_path: Path) -> None:
    theirs = pretend(tmp_path, ("foo bar", numbers("udp")))
    assert main(["check", "--tcpdump", theirs, "-y", "EN10MB", "foo bar"]) == 1
    assert "pcapfilter refuses it: " in capsys.readouterr().out
    assert main(["check", "--tcpdump", theirs, "-y", "EN10MB", "tcp"]) == 1
    assert "tcpdump refuses it: cannot parse" in capsys.readouterr().out


def test_nothing_can_match(capsys: Captured, tmp_path: Path) -> None:
    """A program that rejects everything is what a refusal for that reason means."""
    theirs = pretend(tmp_path, ("ip and not ip", "1\n6 0 0 0"))
    assert main(["check", "--tcpdump", theirs, "-y", "EN10MB", "ip and not ip"]) == 0
    assert "identical" in capsys.readouterr().out


@oracle.needs_kernel
def test_the_kernel(capsys: Captured, tmp_path: Path) -> None:
    text = "ip[8] << ip[9] = 128"
    theirs = pretend(tmp_path, ("tcp port 80", numbers("tcp port 80")), (text, numbers(text)))
    words = ["check", "--tcpdump", theirs, "-y", "EN10MB", "--kernel"]
    assert main([*words, "tcp port 80"]) == 0
    assert "EN10MB: the kernel agrees: proved, and seen on " in capsys.readouterr().out
    assert main([*words, text]) == 1
    assert "EN10MB: the kernel selects this packet, unlike libpcap: " in capsys.readouterr().out


@oracle.needs_kernel
def test_the_kernel_reads_where_a_sum_wraps(capsys: Captured, tmp_path: Path) -> None:
    text = "ip[5 + ip[16:4]] = 7"
    theirs = pretend(tmp_path, (text, numbers(text)))
    assert main(["check", "--tcpdump", theirs, "-y", "EN10MB", "--kernel", text]) == 1
    assert "the kernel differs: 1" in capsys.readouterr().out


@oracle.needs_kernel
def test_the_kernel_takes_no_loops(capsys: Captured, tmp_path: Path) -> None:
    theirs = pretend(tmp_path, ("ip protochain 6", numbers("ip protochain 6")))
    words = ["check", "--tcpdump", theirs, "-y", "EN10MB", "--kernel", "ip protochain 6"]
    assert main(words) == 2
    told = capsys.readouterr().out
    assert "EN10MB: the kernel refuses the program: instruction 19: backward jump" in told
    assert told.endswith("1 identical\nthe kernel refuses: 1\n")


def test_the_kernel_takes_no_long_programs() -> None:
    rows = [(isa.LD | isa.IMM, 0, 0, 1)] * 4096 + [(isa.RET | isa.A, 0, 0, 0)]
    answer = ask_kernel(Program.of(rows), resolve("EN10MB"), [], 5.0)
    assert answer.verdict is Verdict.REFUSES
    assert answer.note.endswith("refuses the program: 4097 instructions are more than 4096")


@pytest.mark.parametrize(
    ("number", "why"),
    [(ENOMEM, "1 instructions take more memory than net.core.optmem_max allows"), (EPERM, "why")],
)
def test_a_program_that_cannot_be_attached(
    monkeypatch: pytest.MonkeyPatch, number: int, why: str
) -> None:
    def refuse(_: Program) -> None:
        raise OSError(number, "why")

    monkeypatch.setattr("pcapfilter.tools.crosscheck.kernel.KernelFilter", refuse)
    answer = ask_kernel(Program.of([(0x06, 0, 0, 1)]), resolve("RAW"), [], 5.0)
    assert answer == (Verdict.REFUSES, f"the kernel refuses the program: {why}")


@oracle.needs_kernel
def test_the_kernel_in_no_time() -> None:
    rows = [(isa.RET | isa.K, 0, 0, 1)]
    assert ask_kernel(Program.of(rows), resolve("RAW"), [b"x"], 9.0).verdict is Verdict.AGREES
    answer = ask_kernel(pf.compile("tcp port 80").program(), resolve("EN10MB"), [b"x"], 1e-9)
    assert answer.verdict is Verdict.UNKNOWN
    assert "agrees on 1 packet, and nothing is proved: undecided in 0 s" in answer.note


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["-F", "/does/not/exist"], "/does/not/exist: No such file or directory"),
        (["-F", os.devnull], "no expression in it"),
        (["-F", "some", "tcp"], "an expression, or -F FILE, not both"),
        (["-y", "FOO", "tcp"], "FOO"),
        (["--timeout", "x", "tcp"], "--timeout takes seconds"),
        (["--tcpdump", "/does/not/exist", "tcp"], "/does/not/exist: No such file or directory"),
        (["--tcpdump", "/bin/true", "tcp"], "/bin/true is no tcpdump"),
    ],
)
def test_trouble(words: list[str], message: str, capsys: Captured) -> None:
    assert main(["check", *words]) == 2
    told = capsys.readouterr()
    assert message in told.err
    assert "Traceback" not in told.err


def test_an_answer_that_is_no_program(capsys: Captured, tmp_path: Path) -> None:
    theirs = pretend(tmp_path, ("tcp", "7\n6 0 0 0"))
    assert main(["check", "--tcpdump", theirs, "-y", "EN10MB", "tcp"]) == 2
    assert "unknown: EN10MB" in capsys.readouterr().out


def test_words_that_are_no_text(tmp_path: Path) -> None:
    """They are shown as they can be, whatever standard output takes."""
    theirs = pretend(tmp_path)
    words = ["check", "--tcpdump", str(theirs), os.fsdecode(b"tcp \xff")]
    command = [sys.executable, "-m", "pcapfilter", *words]
    strict = {**os.environ, "PYTHONIOENCODING": "utf-8:strict"}
    answer = subprocess.run(command, capture_output=True, check=False, env=strict)
    assert answer.returncode == 2
    assert b"tcp \\udcff\n  refused by both" in answer.stdout
    assert not answer.stderr


def test_a_text_that_cannot_be_passed_on(capsys: Captured, tmp_path: Path) -> None:
    (tmp_path / "filters").write_text("tcp\0port\ntcp\n", encoding="utf-8")
    theirs = pretend(tmp_path, ("tcp", numbers("tcp")))
    words = ["-y", "EN10MB", "-y", "EN10MB", "-F", str(tmp_path / "filters")]
    assert main(["check", "--tcpdump", theirs, *words]) == 2
    told = capsys.readouterr().out
    assert "cannot be given a text with a NUL in it" in told
    assert "2 filters on 1 link type: 1 identical, 1 unknown" in told


def test_no_tcpdump(capsys: Captured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("pcapfilter.tools.crosscheck.tcpdump._PLACES", str(tmp_path))
    assert main(["check", "tcp"]) == 2
    assert capsys.readouterr().err == (
        "pcapfilter: no tcpdump is installed here (apt-get install tcpdump)\n"
    )


def test_without_z3(monkeypatch: pytest.MonkeyPatch, capsys: Captured, tmp_path: Path) -> None:
    """What is identical needs no proof."""
    theirs = pretend(tmp_path, ("tcp", numbers("tcp")), ("udp", numbers("tcp")))
    for name in [name for name in sys.modules if name.startswith("pcapfilter.tools.")]:
        if ".prove" in name or name.endswith("crosscheck.kernel"):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "z3", None)
    assert main(["check", "--tcpdump", theirs, "-y", "EN10MB", "tcp"]) == 0
    assert main(["check", "--tcpdump", theirs, "-y", "EN10MB", "udp"]) == 2
    told = capsys.readouterr().out
    assert "the listings differ, and comparing filters needs Z3: pip install" in told
    assert main(["check", "--kernel", "--tcpdump", theirs, "-y", "EN10MB", "tcp"]) == 2
    assert "needs Z3: pip install" in capsys.readouterr().err


def test_one_that_does_not_say_what_it_is(capsys: Captured, tmp_path: Path) -> None:
    slow = tmp_path / "tcpdump"
    slow.write_text("#!/bin/sh\nexec sleep 20\n", encoding="utf-8")
    slow.chmod(0o755)
    assert main(["check", "--tcpdump", str(slow), "--timeout", "0.2", "tcp"]) == 2
    assert "gave no answer in 0.2 s" in capsys.readouterr().err
