"""What the command says of faults: one line each, exit code 1, and never a traceback."""

import subprocess
import sys
from pathlib import Path

import pytest

import pcapfilter
from pcapfilter.cli import main
from tests.io.captures import ROWS, pcap

Captured = pytest.CaptureFixture[str]


def fault(capsys: Captured, *words: str | Path) -> str:
    """Run what must fail; give what it says."""
    assert main(list(map(str, words))) == 1
    said = capsys.readouterr().err
    assert "Traceback" not in said
    return said.removeprefix("Warning: assuming Ethernet\n")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("-k",), "invalid option -- 'k'"),
        (("-c",), "option requires an argument -- 'c'"),
        (("--foo",), "unrecognized option '--foo'"),
        (("--recver", "-d"), "unrecognized option '--recver'; did you mean '--recover'?"),
        (
            ("--skip-unsuported",),
            "unrecognized option '--skip-unsuported'; did you mean '--skip-un",
        ),
        (("--n", "-d"), "option '--n' is ambiguous"),
        (("--nano=3", "-d"), "option '--nano' doesn't allow an argument"),
        (("--skip",), "option '--skip' requires an argument"),
        (("-d", "-s", "x"), "invalid snaplen x (must be >= 0 and <= 262144)"),
        (("-d", "-s", "262145"), "invalid snaplen 262145 (must be >= 0 and <= 262144)"),
        (("-d", "-y", "FOO"), "invalid data link type FOO"),
        (("-r", "a", "-V", "b"), "-V and -r are mutually exclusive."),
        (("-f", "-r", "a"), "-f can not be used with -V or -r"),
        (("-f", "-V", "a"), "-f can not be used with -V or -r"),
        (("-i", "nosuch0"), "nosuch0: No such device exists"),
        (("-r", "missing.pcap"), "missing.pcap: No such file or directory"),
        (("-F", "missing.txt", "-d"), "missing.txt: No such file or directory"),
    ],
)
def test_usage_faults(words: tuple[str, ...], message: str, capsys: Captured) -> None:
    said = fault(capsys, *words)
    assert said.startswith(f"pcapfilter: {message}")
    assert said.count("\n") <= 2


def test_a_capture_is_no_filter(trace: Path, capsys: Captured) -> None:
    assert fault(capsys, trace, "tcp") == f"pcapfilter: {trace} is a capture: name it behind -r\n"


def test_counts_must_be_positive(trace: Path, capsys: Captured) -> None:
    for word in ("0", "-5", "x", "1_0", "0x10", "5x", "", " ", "٥", "99999999999"):
        assert f"invalid packet count {word}" in fault(capsys, "-r", trace, "-c", word)
    assert f"invalid packet count {'9' * 5000}" in fault(capsys, "-r", trace, "-c", "9" * 5000)
    assert "invalid skip count -1" in fault(capsys, "-r", trace, "--skip=-1")


def test_faults_of_the_text_have_a_caret(trace: Path, capsys: Captured) -> None:
    said = fault(capsys, "-d", "tcp prot 80").splitlines()
    assert said[0].startswith("pcapfilter: can't parse filter expression: syntax error")
    assert said[1:3] == ["  tcp prot 80", "      ^^^^"]
    assert "unknown port 'foo'" in fault(capsys, "-r", trace, "port foo")


def test_a_filter_that_matches_nothing_is_refused(
    trace: Path, tmp_path: Path, capsys: Captured
) -> None:
    target = tmp_path / "out"
    said = fault(capsys, "-r", trace, "-w", target, "udp and tcp")
    assert "pcapfilter: expression rejects all packets" in said
    assert not target.exists()


def test_an_input_is_never_overwritten(trace: Path, tmp_path: Path, capsys: Captured) -> None:
    before = trace.read_bytes()
    assert "is also an input" in fault(capsys, "-r", trace, "-w", trace)
    other, listed = tmp_path / "other", tmp_path / "list"
    other.write_bytes(before)
    listed.write_text(f"{trace}\n{other}\n")
    assert "is also an input" in fault(capsys, "-V", listed, "-w", other)
    assert (trace.read_bytes(), other.read_bytes()) == (before, before)


def test_a_list_or_an_expression_is_never_overwritten(
    trace: Path, tmp_path: Path, capsys: Captured
) -> None:
    listed, text = tmp_path / "list", tmp_path / "text"
    listed.write_text(f"{trace}\n")
    text.write_text("tcp\n")
    assert "is also an input" in fault(capsys, "-V", listed, "-w", listed)
    assert "is also an input" in fault(capsys, "-r", trace, "-F", text, "-w", text)
    assert (listed.read_text(), text.read_text()) == (f"{trace}\n", "tcp\n")


@pytest.mark.parametrize(
    "words",
    [
        "-r F -w - tcp 1<>F",
        "-r F -w - tcp >>F",
        "-r F tcp >>F",
        "-r F --count >>F",
        "-r - -w - tcp <F 1<>F",
        "-r F -w /dev/stdout >>F",
    ],
)
def test_standard_output_that_is_an_input(words: str, trace: Path) -> None:
    before = trace.read_bytes()
    line = f"{sys.executable} -m pcapfilter {words.replace('F', str(trace))}"
    done = subprocess.run(line, shell=True, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 1
    assert b"is also an input, and would be overwritten" in done.stderr
    assert trace.read_bytes() == before


def test_damage_is_told_after_what_could_be_read(
    trace: Path, tmp_path: Path, capsys: Captured
) -> None:
    target = tmp_path / "out"
    trace.write_bytes(pcap(ROWS)[:-10])
    said = fault(capsys, "-r", trace, "-w", target, "tcp")
    assert target.read_bytes() == pcap((ROWS[0], ROWS[2]))
    assert "truncated dump file; tried to read 54 captured bytes, only got 44" in said
    assert "packet 6" in said


def test_an_empty_file(tmp_path: Path, capsys: Captured) -> None:
    path = tmp_path / "empty"
    path.write_bytes(b"")
    assert "truncated dump file; tried to read 4 file header bytes, only got 0" in fault(
        capsys, "-r", path
    )


def test_help_and_version(capsys: Captured) -> None:
    assert main(["--help"]) == 0
    assert "-w FILE" in capsys.readouterr().out
    assert main(["--version"]) == 0
    assert pcapfilter.__version__ in capsys.readouterr().out


def test_a_reader_who_leaves_is_not_an_error(tmp_path: Path) -> None:
    path = tmp_path / "long.pcap"
    path.write_bytes(pcap(ROWS * 5000))
    process = subprocess.Popen(
        [sys.executable, "-m", "pcapfilter", "-r", str(path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    said = process.stderr.read()
    process.stderr.close()
    process.wait(30)
    assert said.count(b"\n") == 1, said


@pytest.mark.parametrize(
    "words", ["-r F -w /dev/full", "-r F", "-r F -w - >/dev/full", "-d ip >/dev/full"]
)
def test_a_full_disk_is_one_line(words: str, tmp_path: Path) -> None:
    path = tmp_path / "long.pcap"
    path.write_bytes(pcap(ROWS * 1000))
    line = f"{sys.executable} -m pcapfilter {words.replace('F', str(path), 1)}"
    line += "" if ">" in words else " >/dev/full"
    done = subprocess.run(line, shell=True, stderr=subprocess.PIPE, check=False)
    said = done.stderr.decode().splitlines()
    assert done.returncode == 1
    name = "/dev/full: " if "-w /dev/full" in words else ""
    assert said[-1] == f"pcapfilter: {name}No space left on device"
    assert len(said) == 2


def test_empty_names(trace: Path, capsys: Captured) -> None:
    before = set(trace.parent.iterdir())
    assert "'': No such file or directory" in fault(capsys, "-r", trace, "-w", "")
    assert "'': No such file or directory" in fault(capsys, "-r", "")
    assert set(trace.parent.iterdir()) == before


def test_closed_standard_files(tmp_path: Path) -> None:
    path = tmp_path / "trace.pcap"
    path.write_bytes(pcap(ROWS))
    line = f"{sys.executable} -m pcapfilter -r {path}"
    done = subprocess.run(f"{line} -w - udp 2>&-", shell=True, stdout=subprocess.PIPE, check=False)
    assert done.stdout == pcap((ROWS[1], ROWS[4]))
    for words in ("", "-w -", "--count", "-d"):
        run = f"{line} {words} >&-"
        done = subprocess.run(run, shell=True, stderr=subprocess.PIPE, check=False)
        said = done.stderr.decode().splitlines()
        assert (done.returncode, len(said)) == (1, 2), words
        assert said[-1] == "pcapfilter: a standard file that is needed is closed"
        assert subprocess.run(f"{run} 2>&-", shell=True, check=False).returncode == 1
    done = subprocess.run(f"{line} -w {path}.out tcp >&-", shell=True, check=False)
    assert done.returncode == 0
    assert Path(f"{path}.out").read_bytes() == pcap((ROWS[0], ROWS[2], ROWS[5]))
    done = subprocess.run(
        f"{sys.executable} -m pcapfilter -V - <&-", shell=True, stderr=subprocess.PIPE, check=False
    )
    assert (done.returncode, done.stderr.count(b"\n")) == (1, 1)


@pytest.mark.parametrize("where", ["2>/dev/full", "2>&1 | (exec <&-; sleep 0.3)"])
def test_what_cannot_be_told_does_not_stop_the_job(where: str, tmp_path: Path) -> None:
    path, target, code = (tmp_path / name for name in ("trace.pcap", "out.pcap", "code"))
    path.write_bytes(pcap(ROWS))
    line = f"(sleep 0.1; {sys.executable} -m pcapfilter -r {path} -w {target} tcp; echo $? >{code})"
    subprocess.run(f"{line} {where}", shell=True, check=True)
    assert code.read_text() == "0\n"
    assert target.read_bytes() == pcap((ROWS[0], ROWS[2], ROWS[5]))


def test_a_list_of_inputs_from_standard_input(tmp_path: Path) -> None:
    path = tmp_path / "trace.pcap"
    path.write_bytes(pcap(ROWS))
    done = subprocess.run(
        [sys.executable, "-m", "pcapfilter", "-V", "-", "--count", "tcp"],
        input=f"{path}\n{path}\n".encode(),
        capture_output=True,
        check=True,
    )
    assert done.stdout == b"6 packets\n"


def test_only_newlines_part_a_list_of_inputs(tmp_path: Path, capsys: Captured) -> None:
    path, listed = tmp_path / "a\u2028b\x0b\r.pcap", tmp_path / "list"
    path.write_bytes(pcap(ROWS))
    listed.write_bytes(f"{path}\n\n{path}".encode())
    assert main(["-V", str(listed), "--count", "udp"]) == 0
    assert capsys.readouterr().out == "4 packets\n"


def test_flags_of_live_capture_mean_nothing_for_files(trace: Path, capsys: Captured) -> None:
    words = ["-ieth0", "-pIB", "100", "-Q", "in", "-jhost", "--immediate-mode", "--count", "-r"]
    assert main([*words, str(trace)]) == 0
    assert capsys.readouterr().out == "6 packets\n"
    assert "Couldn't find user" in fault(capsys, "-Znosuchuser", "-r", trace)
