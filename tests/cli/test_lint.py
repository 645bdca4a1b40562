"""The command `lint`, and what other commands show of its findings."""

import sys
from pathlib import Path

import pytest

from pcapfilter.cli import main

pytest.importorskip("z3")

Captured = pytest.CaptureFixture[str]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["ip"], 0),
        (["tcp", "port", "80"], 0),
        (["--strict", "tcp port 80"], 1),
        (["--strict", "--ignore", "port,tag", "tcp port 80"], 0),
        (["tcp[13] & 2 = 1"], 1),
        (["--ignore=never,ipv4-only", "tcp[13] & 2 = 1"], 0),
        (["-y", "RAW", "not vlan"], 2),
        (["tcp prt 80"], 2),
        (["--ignore", "nonsense", "ip"], 2),
        (["--timeout", "soon", "ip"], 2),
        (["-h"], 0),
        ([""], 0),
    ],
)
def test_exit_codes(words: list[str], code: int, capsys: Captured) -> None:
    assert main(["lint", *words]) == code
    captured = capsys.readouterr()
    assert ("pcapfilter: " in captured.err) == (code == 2)


def test_without_the_solver_most_rules_work(
    monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setitem(sys.modules, "z3", None)
    assert main(["lint", "not vlan and ip"]) == 1
    out, err = capsys.readouterr()
    assert "[shift]" in out
    assert "what it selects was not compared" in out
    assert err.count("\n") == 1
    assert "pip install 'pcapfilter-engine[prove]'" in err


def test_explain_and_trace_say_that_nothing_is_proved(
    monkeypatch: pytest.MonkeyPatch, captures: Path, capsys: Captured
) -> None:
    told = "nothing is proved without Z3: pip install 'pcapfilter-engine[prove]'"
    assert main(["explain", "tcp"]) == 0
    assert told not in capsys.readouterr().out
    monkeypatch.setitem(sys.modules, "z3", None)
    assert main(["explain", "tcp"]) == 0
    assert told in capsys.readouterr().out
    capture = str(captures / "ethernet.pcap")
    assert main(["trace", "-c", "2", "-r", capture, "tcp"]) == 0
    assert capsys.readouterr().err.count(told) == 1
    assert main(["trace", "-q", "-c", "2", "-r", capture, "tcp"]) == 0
    assert told not in capsys.readouterr().err


def test_rewritings_of_several_lines_are_shown_on_one(capsys: Captured) -> None:
    assert main(["lint", "--strict", "--ignore", "port", "tcp port 80\n\tand tcp"]) == 1
    assert "    tcp port 80\n" in capsys.readouterr().out
    assert main(["lint", "vlan 5\n or\n vlan 6"]) == 1
    assert "\n    vlan and (ether[14:2] & 0xfff = 5 or" in capsys.readouterr().out


def test_open_questions_are_told(capsys: Captured) -> None:
    assert main(["lint", "--timeout", "0", "tcp port 80 or 443"]) == 0
    assert "stayed open" in capsys.readouterr().err


def test_huge_texts_are_looked_at_as_a_whole(capsys: Captured) -> None:
    assert main(["lint", "not " * 3000 + "tcp"]) == 0
    assert "too large" in capsys.readouterr().err


def test_long_lines_are_shown_in_part(capsys: Captured) -> None:
    text = " or ".join(f"host 10.0.0.{n}" for n in range(1, 12)) + " or ip[0] > 300"
    assert main(["lint", text]) == 1
    lines = capsys.readouterr().out.splitlines()
    found = next(n for n, line in enumerate(lines) if "[no-effect]" in line)
    marks = lines[found + 2]
    at = marks.index("^")
    assert lines[found + 1][at : at + marks.count("^")] == "ip[0] > 300"
    assert len(lines[found + 1]) < 120


# ---- beside other answers ----------------------------------------------------------------------


def test_explain_shows_findings(capsys: Captured) -> None:
    assert main(["explain", "not vlan and ip"]) == 0
    out = capsys.readouterr().out
    assert "What lint says of it" in out
    assert "[shift]" in out
    assert main(["explain", "ip"]) == 0
    assert "lint" not in capsys.readouterr().out


def test_trace_shows_findings_on_the_packets_they_bear_on(captures: Path, capsys: Captured) -> None:
    words = ["trace", "-r", str(captures / "ethernet.pcap"), "tcp[13] & 2 != 0"]
    assert main(words) == 0
    packets = capsys.readouterr().out.split("\n\n")
    told = [packet for packet in packets if "[ipv4-only]" in packet]
    assert told
    assert all("IP6" in packet and "Flags [S" in packet for packet in told)
    assert main([words[0], "-q", *words[1:]]) == 0
    assert "lint" not in capsys.readouterr().out


def test_diff_shows_findings_on_its_witness(capsys: Captured) -> None:
    other = "tcp[13] & 2 != 0 or (ip6[6] = 6 and ip6[53] & 2 != 0)"
    assert main(["diff", "tcp[13] & 2 != 0", other]) == 1
    assert "[ipv4-only]" in capsys.readouterr().out
