"""-C, -G, -W, -z and --append: files one after another, and files that are added to."""

import gzip
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest

import pcapfilter
from pcapfilter.cli import main
from tests.io.captures import DNS, HTTP, ROWS, Row, pcap
from tests.io.sections import LITTLE
from tests.io.test_pcapng_sink import block_by_block, packets
from tests.oracle import needs_tcpdump, tcpdump

Captured = pytest.CaptureFixture[str]
BULK = tuple(
    Row(1_700_000_000 + number // 100, number, 900 + number % 100, 1000, bytes(900 + number % 100))
    for number in range(5000)
)


@pytest.fixture
def bulk(tmp_path: Path) -> Path:
    """Give a capture of 5,000 packets, 4.8 MB, over 50 seconds."""
    path = tmp_path / "bulk.pcap"
    path.write_bytes(pcap(BULK))
    return path


def fault(capsys: Captured, *words: str | Path) -> str:
    assert main(list(map(str, words))) == 1
    return capsys.readouterr().err


@needs_tcpdump
@pytest.mark.parametrize(
    "words",
    [
        ("-C", "1"), ("-C", "2", "len > 900"), ("-C", "1", "-W", "3"), ("-C", "1", "-W", "12"),
        ("-W", "3"), ("-C", "100"), ("-C", "1", "-c", "2500"), ("-z", "true"), ("-G", "0"),
        ("-C", "1", "-G", "100000"), ("-C", "1", "-G", "100000", "-W", "3"),
        ("-G", "100000", "-W", "5"), ("-C", "1", "-W", "1"), ("-C", "1", "less 10"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_files_are_tcpdumps(words: tuple[str, ...], bulk: Path, tmp_path: Path) -> None:
    for name in ("ours", "theirs"):
        (tmp_path / name).mkdir()
    done = tcpdump("-r", bulk, "-w", tmp_path / "theirs" / "F", *words)
    assert main(["-r", str(bulk), "-w", str(tmp_path / "ours" / "F"), *words]) == done.returncode
    ours, theirs = (
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()}
        for name in ("ours", "theirs")
    )
    assert sorted(ours) == sorted(theirs)
    assert ours == theirs


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("-C", "0"), "invalid file size 0"),
        (("-C", "x"), "invalid file size x"),
        (("-W", "0", "-C", "1"), "invalid number of output files 0"),
        (("-G", "x"), "invalid number of seconds x"),
        (("-C", "1", "--append"), "--append wants a file's name"),
    ],
)
def test_numbers_that_are_none(
    words: tuple[str, ...], message: str, bulk: Path, tmp_path: Path, capsys: Captured
) -> None:
    assert message in fault(capsys, "-r", bulk, "-w", tmp_path / "F", *words)
    assert "want a file's name after -w" in fault(capsys, "-r", bulk, "-w", "-", "-C", "1")


def test_suffixes_are_binary(bulk: Path, tmp_path: Path) -> None:
    assert main(["-r", str(bulk), "-w", str(tmp_path / "k"), "-C", "600k"]) == 0
    sizes = [(tmp_path / f"k{n or ''}").stat().st_size for n in range(7)]
    assert all(600 * 1024 < size < 602 * 1024 for size in sizes)
    assert main(["-r", str(bulk), "-w", str(tmp_path / "m"), "-C", "1M"]) == 0
    assert 1 << 20 < (tmp_path / "m").stat().st_size < (1 << 20) + 1100


def test_time_goes_by_packets(
    bulk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    assert main(["-r", str(bulk), "-w", str(tmp_path / "F-%H%M%S"), "-G", "20"]) == 0
    names = sorted(path.name for path in tmp_path.glob("F-*"))
    assert names == ["F-221320", "F-221340", "F-221400"]
    assert [pcapfilter.compile("").count(tmp_path / name).seen for name in names] == [
        2000, 2000, 1000,
    ]  # fmt: skip
    capsys.readouterr()
    assert main(["-r", str(bulk), "-w", str(tmp_path / "G-%S"), "-G", "10", "-W", "2"]) == 0
    assert sorted(path.name for path in tmp_path.glob("G-*")) == ["G-20", "G-30"]
    assert "Maximum file limit reached: 2" in capsys.readouterr().err
    assert main(["-r", str(bulk), "-w", str(tmp_path / "H-%S"), "-G", "20", "-C", "1"]) == 0
    assert sorted(path.name for path in tmp_path.glob("H-*")) == [
        "H-00",
        "H-20",
        "H-201",
        "H-40",
        "H-401",
    ]
    nothing = tmp_path / "N"
    assert main(["-r", str(bulk), "-w", str(nothing), "-G", "20", "len > 5000"]) == 0
    assert nothing.read_bytes() == pcap(())


def test_a_command_is_run_with_each_file_that_is_done_with(bulk: Path, tmp_path: Path) -> None:
    target, script = tmp_path / "F", tmp_path / "done"
    script.write_text(f"#!/bin/sh\necho $1 $(wc -c <$2) >>{tmp_path}/log\n")
    script.chmod(0o755)
    assert main(["-r", str(bulk), "-w", str(target), "-C", "2", "-z", f"{script} word"]) == 0
    sizes = [(tmp_path / name).stat().st_size for name in ("F", "F1")]
    log = (tmp_path / "log").read_text().splitlines()
    assert sorted(log) == sorted(f"word {size}" for size in sizes)


def test_pcapng_files_each_stand_for_themselves(tmp_path: Path) -> None:
    path, target = tmp_path / "in.pcapng", tmp_path / "out.pcapng"
    comment = LITTLE.option(1, b"of this packet") + LITTLE.option(0, b"")
    octets = LITTLE.section() + LITTLE.interface() + LITTLE.block(77, bytes(100))
    late = LITTLE.interface(101)
    rows = [LITTLE.packet(HTTP + bytes(500), options=comment) for _ in range(40)]
    rest = [LITTLE.packet(HTTP[14:] + bytes([n]) * 500, interface=1) for n in range(40)]
    path.write_bytes(octets + b"".join(rows) + late + b"".join(rest))
    assert main(["-r", str(path), "-w", str(target), "-C", "10k", "tcp"]) == 0
    written = b""
    for number in range(5):
        part = target.with_name(f"out.pcapng{number or ''}").read_bytes()
        kinds = [block[0] for block in block_by_block(part)]
        assert kinds[:2] == [0x0A, 1]
        found = packets(part)
        assert len(part) > 10 * 1024 or number == 4
        assert all(p.link.name == ("RAW" if p.data[0] == 0x45 else "EN10MB") for p in found)
        written += b"".join(block for block in block_by_block(part) if block[0] == 6)
    assert written == b"".join(rows + rest)


def test_pcap_becomes_rotated_pcapng(bulk: Path, tmp_path: Path) -> None:
    words = ["-r", str(bulk), "-w", str(tmp_path / "F"), "--format", "pcapng", "-C", "2"]
    assert main(words) == 0
    parts = [packets((tmp_path / name).read_bytes()) for name in ("F", "F1", "F2")]
    found = [packet[:5] for part in parts for packet in part]
    assert found == [packet[:5] for packet in packets(bulk.read_bytes())]


# ---- --append ----------------------------------------------------------------------------------


def appended(source: Path, target: Path, *words: str) -> int:
    return main(["-r", str(source), "-w", str(target), "--append", *words])


def test_packets_are_added(tmp_path: Path) -> None:
    source, target = tmp_path / "in.pcap", tmp_path / "out.pcap"
    source.write_bytes(pcap(ROWS))
    assert appended(source, target, "udp") == 0
    assert target.read_bytes() == pcap((ROWS[1], ROWS[4]))
    assert appended(source, target, "tcp") == 0
    assert target.read_bytes() == pcap((ROWS[1], ROWS[4], ROWS[0], ROWS[2], ROWS[5]))
    target.write_bytes(b"")
    assert appended(source, target, "udp") == 0
    assert target.read_bytes() == pcap((ROWS[1], ROWS[4]))


def test_the_snapshot_length_grows(tmp_path: Path) -> None:
    source, target = tmp_path / "in.pcap", tmp_path / "out.pcap"
    source.write_bytes(pcap(ROWS))
    target.write_bytes(pcap((), snaplen=20))
    assert appended(source, target) == 0
    assert target.read_bytes() == pcap(ROWS)


def test_the_precision_of_the_file_is_kept(tmp_path: Path, capsys: Captured) -> None:
    source, target = tmp_path / "in.pcap", tmp_path / "out.pcap"
    nano = tuple(row._replace(part=row.part * 1000) for row in ROWS)
    source.write_bytes(pcap(ROWS))
    target.write_bytes(pcap(nano, magic=0xA1B23C4D))
    assert appended(source, target) == 0
    assert target.read_bytes() == pcap(nano * 2, magic=0xA1B23C4D)
    assert "has times in microseconds, and the input in nanoseconds" in fault(
        capsys, "-r", target, "-w", source, "--append"
    )
    assert appended(target, source, "--micro") == 0
    assert source.read_bytes() == pcap(ROWS * 3)


def test_compressed_and_pcapng_files_are_added_to(tmp_path: Path) -> None:
    source = tmp_path / "in.pcap"
    source.write_bytes(pcap(ROWS))
    packed, section = tmp_path / "out.gz", tmp_path / "out.pcapng"
    for _ in range(2):
        assert appended(source, packed, "udp") == 0
        assert appended(source, section, "udp") == 0
    assert gzip.decompress(packed.read_bytes()) == pcap((ROWS[1], ROWS[4]) * 2)
    assert [p.data for p in packets(section.read_bytes())] == [DNS] * 4


@pytest.mark.parametrize(
    ("octets", "words", "message"),
    [
        (pcap(ROWS, link=101), (), "has packets of link type RAW"),
        (pcap(ROWS, order=">"), (), "is of the other byte order"),
        (pcap(ROWS)[:-3], (), "is damaged"),
        (pcap(ROWS, link=1 | 0x24000000), (), "checksums of frames"),
        (pcap((), magic=0xA1B2CD34, padding=8), (), "old kind of pcap"),
        (pcap(ROWS), ("--nano",), "has times in microseconds"),
        (pcap(ROWS), ("--format", "pcapng"), "is a pcap file"),
        (LITTLE.section() + LITTLE.interface(), ("--format", "pcap"), "is a pcapng file"),
        (b"something else", (), "unknown file format"),
    ],
)
def test_headers_that_do_not_fit(
    octets: bytes, words: tuple[str, ...], message: str, tmp_path: Path, capsys: Captured
) -> None:
    source, target = tmp_path / "in.pcap", tmp_path / "out.pcap"
    source.write_bytes(pcap(ROWS))
    target.write_bytes(octets)
    said = fault(capsys, "-r", source, "-w", target, "--append", *words)
    assert message in said
    assert str(target) in said
    assert target.read_bytes() == octets


# ---- under another name until the end ----------------------------------------------------------


def test_a_file_has_its_name_when_it_is_whole(tmp_path: Path, capsys: Captured) -> None:
    path, target = tmp_path / "in.pcap", tmp_path / "out.pcap"
    path.write_bytes(pcap(ROWS)[:-3])
    target.write_bytes(b"what was there")
    target.chmod(0o640)
    link = tmp_path / "link"
    link.symlink_to(target)
    assert "truncated" in fault(capsys, "-r", path, "-w", link)
    assert target.read_bytes() == pcap(ROWS[:-1])
    assert target.stat().st_mode & 0o777 == 0o640
    assert link.is_symlink()
    before = target.stat().st_ino
    assert "rejects all" in fault(capsys, "-r", path, "-w", target, "udp and tcp")
    assert target.stat().st_ino == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.pcap", "link", "out.pcap"]
    missing = tmp_path / "no" / "folder"
    assert f"{missing}: No such file or directory" in fault(capsys, "-r", path, "-w", missing)


def test_a_reader_never_sees_half_a_capture(tmp_path: Path) -> None:
    target = tmp_path / "out.pcap"
    process = subprocess.Popen(
        [sys.executable, "-m", "pcapfilter", "-r", "-", "-w", str(target)],
        stdin=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stdin is not None
    process.stdin.write(pcap(ROWS))
    process.stdin.flush()
    deadline = time.monotonic() + 20
    while not list(tmp_path.iterdir()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert not target.exists()
    process.stdin.close()
    assert process.wait(20) == 0
    assert target.read_bytes() == pcap(ROWS)
    assert [*tmp_path.iterdir()] == [target]


def test_files_that_are_written_in_place(tmp_path: Path) -> None:
    path, target = tmp_path / "in.pcap", tmp_path / "out.pcap"
    path.write_bytes(pcap(ROWS))
    target.write_bytes(b"")
    before = target.stat().st_ino
    assert main(["-r", str(path), "-U", "-w", str(target)]) == 0
    assert target.stat().st_ino == before
    assert main(["-r", str(path), "-C", "1", "-w", str(target)]) == 0
    assert target.stat().st_ino == before
    assert main(["-r", str(path), "-w", str(target)]) == 0
    assert target.stat().st_ino != before
    assert main(["-r", str(path), "-w", os.devnull]) == 0
    assert not Path(os.devnull).is_file()


@pytest.mark.parametrize("words", [(), ("--format", "pcapng"), ("-U",)], ids=" ".join)
def test_a_full_disk_leaves_whole_packets(
    words: tuple[str, ...], bulk: Path, tmp_path: Path
) -> None:
    target = tmp_path / "out"
    command = [sys.executable, "-m", "pcapfilter", "-r", str(bulk), "-w", str(target), *words]

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))

    done = subprocess.run(command, stderr=subprocess.PIPE, preexec_fn=limit, check=False)
    assert done.returncode == 1
    assert b"File too large" in done.stderr
    tally = pcapfilter.compile("").count(target)
    assert tally.damage is None
    assert tally.seen > 400


def test_all_files_are_written_where_the_command_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "trace.pcap"
    path.write_bytes(pcap(ROWS * 20_000))
    words = ["-r", str(path), "-w", str(tmp_path / "part"), "-C", "1"]
    assert main(words) == 0
    whole = {file.name: file.read_bytes() for file in tmp_path.glob("part*")}
    assert len(whole) > 2
    capsys.readouterr()
    assert main([*words, "-z", "no-such-command"]) == 1
    assert "no-such-command: No such file or directory" in capsys.readouterr().err
    assert {file.name: file.read_bytes() for file in tmp_path.glob("part*")} == whole


@needs_tcpdump
@pytest.mark.parametrize(
    "words",
    [
        ("-C", "99999999999999999999"), ("-C", "9223372036855"), ("-C", "9223372036854775807"),
        ("-C", "0"), ("-C", "-1"), ("-C", "1.5"), ("-G", "99999999999999999999"),
        ("-G", "2147483648"), ("-C", "1", "-W", "2147483648"), ("-C", "1", "-W", "0"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_numbers_that_are_too_large(
    words: tuple[str, ...], bulk: Path, tmp_path: Path, capsys: Captured
) -> None:
    target = tmp_path / "F"
    theirs = tcpdump("-r", bulk, "-w", target, *words)
    assert theirs.returncode == 1
    wanted = theirs.stderr.decode().splitlines()[-1].removeprefix("tcpdump: ")
    assert fault(capsys, "-r", bulk, "-w", target, *words) == f"pcapfilter: {wanted}\n"
    assert not target.exists()
