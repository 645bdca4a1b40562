"""The command: tcpdump's words and outputs, and one line for every fault."""

import os
import pty
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pcapfilter.cli import main
from tests.io.captures import ROWS, THREE, pcap
from tests.oracle import needs_tcpdump, tcpdump

Captured = pytest.CaptureFixture[str]


def command(*words: str | Path, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run the command as a process."""
    return subprocess.run(
        [sys.executable, "-m", "pcapfilter", *map(str, words)],
        input=stdin,
        capture_output=True,
        check=False,
        timeout=60,
    )


# ---- listings ----------------------------------------------------------------------------------

LISTINGS = (
    ("-d", "tcp port 80"),
    ("-dd", "tcp port 80"),
    ("-ddd", "tcp port 80"),
    ("-dddd", "udp"),
    ("-d", "-d", "udp"),
    ("-O", "-d", "ip and ip6"),
    ("-d", "-y", "RAW", "udp"),
    ("-d", "-y", "linux_sll", "udp"),
    ("-d", "-s", "96", "udp"),
    ("-d", "-s0", "udp"),
    ("-d", "-s", "0x60"),
    ("-d", "tcp", "-O", "port", "80"),
    ("-d", "--", "udp", "port", "53"),
    ("-dOs", "100", "udp"),
    ("-dnnXvvs100", "udp"),
    ("--no-opt", "-d", "udp"),
    ("--snap=50", "-d", "udp"),
    ("--snapshot-length", "50", "-d", "udp"),
    ("-d", "ip broadcast"),
    ("-d", "--linktype=PPP", "ip"),
)


@needs_tcpdump
@pytest.mark.parametrize("words", LISTINGS, ids=" ".join)
def test_listings_are_tcpdumps(words: tuple[str, ...], capsys: Captured) -> None:
    theirs = tcpdump(*words)
    assert main(list(words)) == theirs.returncode == 0
    ours = capsys.readouterr()
    assert ours.out == theirs.stdout.decode()
    assert theirs.stderr.decode() in ours.err


@needs_tcpdump
@pytest.mark.parametrize(
    "word",
    ["010", "0x10", "0X1f", "+5", " 5", "-0", "00", "0", "1_0", "08", "5 ", "0x", "-1", "", "5k"],
)
def test_snapshot_lengths_are_read_as_tcpdump_reads_them(word: str, capsys: Captured) -> None:
    theirs = tcpdump("-d", "-s", word)
    assert main(["-d", "-s", word]) == theirs.returncode
    ours = capsys.readouterr()
    assert ours.out == theirs.stdout.decode()
    if theirs.returncode:
        assert ours.err.removeprefix("pcapfilter") == theirs.stderr.decode().removeprefix("tcpdump")


@needs_tcpdump
@pytest.mark.parametrize("word", ["2", "+2", " 2", "02"])
def test_counts_are_read_as_tcpdump_reads_them(word: str, trace: Path, capsys: Captured) -> None:
    assert tcpdump("-r", trace, "--count", "-c", word).stdout == b"2 packets\n"
    assert main(["-r", str(trace), "--count", "-c", word]) == 0
    assert capsys.readouterr().out == "2 packets\n"


@needs_tcpdump
def test_listing_for_a_file(trace: Path, capsys: Captured) -> None:
    words = ("-d", "-r", str(trace), "udp")
    theirs = tcpdump(*words)
    assert main(list(words)) == 0
    ours = capsys.readouterr()
    assert (ours.out, ours.err) == (theirs.stdout.decode(), theirs.stderr.decode())


# ---- reading and writing -----------------------------------------------------------------------

JOBS = (
    ("tcp",),
    ("-c", "2", "tcp or udp"),
    ("udp", "-c1"),
    ("-U", "port", "53", "or", "port", "80"),
    ("--nano", "udp"),
    ("--micro", "udp"),
    ("-nnttc", "2", "ip"),
    ("len > 1000",),
)


@needs_tcpdump
@pytest.mark.parametrize("words", JOBS, ids=" ".join)
def test_written_files_are_tcpdumps(
    words: tuple[str, ...], trace: Path, tmp_path: Path, capsys: Captured
) -> None:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    run = tcpdump("-r", trace, "-w", theirs, *words)
    assert main(["-r", str(trace), "-w", str(ours), *words]) == run.returncode
    assert ours.read_bytes() == theirs.read_bytes()
    assert capsys.readouterr().err == run.stderr.decode()


@needs_tcpdump
@pytest.mark.parametrize("words", [("--count",), ("--count", "tcp"), ("--count", "-c", "1", "tcp")])
def test_counts_are_tcpdumps(words: tuple[str, ...], trace: Path, capsys: Captured) -> None:
    theirs = tcpdump("-r", trace, *words)
    assert main(["-r", str(trace), *words]) == 0
    assert capsys.readouterr().out == theirs.stdout.decode()


@needs_tcpdump
def test_a_count_beside_a_file_is_tcpdumps(trace: Path, tmp_path: Path, capsys: Captured) -> None:
    words = ("-r", str(trace), "-w", str(tmp_path / "out"), "--count", "tcp")
    theirs = tcpdump(*words)
    assert main(list(words)) == 0
    assert capsys.readouterr().out == theirs.stdout.decode() == "3 packets\n"


def test_a_count_beside_packets_on_standard_output(trace: Path) -> None:
    done = command("-r", trace, "-w", "-", "--count", "tcp")
    assert done.stdout == pcap((ROWS[0], ROWS[2], ROWS[5]))
    assert done.stderr.endswith(b"\n3 packets\n")


def test_pipes() -> None:
    done = command("-r", "-", "-w", "-", "tcp", stdin=pcap(ROWS))
    assert done.stdout == pcap((ROWS[0], ROWS[2], ROWS[5]))
    assert done.returncode == 0
    assert b"reading from file -, link-type EN10MB (Ethernet)" in done.stderr


def test_a_packet_is_written_as_soon_as_it_came() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "pcapfilter", "-U", "-r", "-", "-w", "-", "tcp"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    octets = pcap(ROWS[:1])
    process.stdin.write(octets)
    process.stdin.flush()
    assert process.stdout.read(len(octets)) == octets
    process.stdin.close()
    assert process.wait(20) == 0
    process.stdout.close()


def test_skipped_matches_come_before_counted_ones(trace: Path, capsys: Captured) -> None:
    assert main(["-r", str(trace), "--skip", "1", "-c", "1", "-t", "udp"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1
    assert main(["-r", str(trace), "--skip", "2", "--count", "tcp"]) == 0
    assert capsys.readouterr().out == "1 packet\n"


def test_many_inputs(trace: Path, tmp_path: Path, capsys: Captured) -> None:
    listed, target = tmp_path / "list", tmp_path / "out"
    listed.write_text(f"{trace}\n\n{trace}\n")
    assert main(["-V", str(listed), "-w", str(target), "udp"]) == 0
    assert target.read_bytes() == pcap((ROWS[1], ROWS[4]) * 2)
    assert main(["-V", str(listed), "-c", "1", "--count", "udp"]) == 0
    assert capsys.readouterr().out == "2 packets\n"


def test_inputs_of_two_link_types_are_not_written_to_one_file(
    trace: Path, tmp_path: Path, capsys: Captured
) -> None:
    raw, listed = tmp_path / "raw", tmp_path / "list"
    raw.write_bytes(pcap(link=101))
    listed.write_text(f"{trace}\n{raw}\n")
    assert main(["-V", str(listed), "-w", str(tmp_path / "out")]) == 1
    said = capsys.readouterr().err
    assert "new dlt does not match original" in said
    assert "--format pcapng takes both" in said
    assert main(["-V", str(listed), "--count"]) == 0
    assert capsys.readouterr().out == "9 packets\n"


def test_expression_from_a_file(trace: Path, tmp_path: Path, capsys: Captured) -> None:
    text = tmp_path / "text"
    text.write_text("udp # the names\n# and\nor tcp port 80 # the web\n")
    assert main(["-r", str(trace), "--count", "-F", str(text), "this", "is", "ignored"]) == 0
    assert capsys.readouterr().out == "5 packets\n"
    text.write_bytes(b"udp # to the end of the line\ror not udp\r\nor tcp port 80")
    assert main(["-r", str(trace), "--count", "-F", str(text)]) == 0
    assert capsys.readouterr().out == "5 packets\n"


# ---- lines -------------------------------------------------------------------------------------


def test_a_line_a_packet(trace: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    assert main(["-nr", str(trace)]) == 0
    assert capsys.readouterr().out.splitlines()[:4] == [
        "22:13:20.250000 IP 10.0.0.1.49152 > 10.0.0.2.80: Flags [S], seq 1, win 8192, length 0",
        "22:13:21.250000 IP 10.0.0.1.49152 > 10.0.0.2.53: UDP, length 0",
        "22:13:22.250000 IP 10.0.0.1.49152 > 10.0.0.2.80: Flags [S], seq 1, win 8192, length 0",
        (
            "22:13:23.250000 06:07:08:09:0a:0b > 00:01:02:03:04:05,"
            " ethertype Unknown (0x0c0d), length 60"
        ),
    ]


@needs_tcpdump
@pytest.mark.parametrize("flag", ["-t", "-tt", "-ttt", "-tttt", "-ttttt", "-ttnano"])
def test_times_are_tcpdumps(flag: str, trace: Path, capsys: Captured) -> None:
    words = ["-tt", "--nano"] if flag == "-ttnano" else [flag]
    theirs = tcpdump("-n", "-q", *words, "-r", trace, "tcp").stdout.decode()
    assert main(["-n", *words, "-r", str(trace), "tcp"]) == 0
    ours = capsys.readouterr().out
    for one, two in zip(ours.splitlines(), theirs.splitlines(), strict=True):
        assert one.partition("IP ")[0] == two.partition("IP ")[0]


def test_every_real_capture_prints(real_captures: Path, capsys: Captured) -> None:
    for path in sorted(real_captures.glob("*.pcap"))[::5]:
        assert main(["-r", str(path), "-c", "20"]) == 0, path
    assert "[|" in capsys.readouterr().out


# ---- start-up and terminals --------------------------------------------------------------------


def test_a_listing_loads_nothing_heavy() -> None:
    script = (
        "import sys; from pcapfilter.cli import main; main(['-d', 'tcp port 80']);"
        "print([m for m in ('numba', 'llvmlite', 'numpy', 'scapy', 'dpkt', 'rich', 'argparse')"
        " if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert done.stderr.decode().splitlines()[-1] == "[]"


def test_a_progress_bar_on_a_terminal_only(tmp_path: Path) -> None:
    script = (
        "import sys; from pcapfilter.cli import progress, main; progress.PATIENCE = 0.0;"
        "sys.exit(main(sys.argv[1:]))"
    )
    path = tmp_path / "trace.pcap"
    path.write_bytes(pcap(THREE * 20_000))
    near, far = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-c", script, "-r", str(path), "-w", os.devnull],
        stderr=far,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "120"},
        check=True,
    )
    os.close(far)
    said = b""
    with os.fdopen(near, "rb", buffering=0) as terminal:
        try:
            while octets := terminal.read(4096):
                said += octets
        except OSError:
            pass
    assert done.returncode == 0
    assert b"matched" in said
    assert b"matched" not in command("-r", path, "-w", os.devnull).stderr
