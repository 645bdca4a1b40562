"""What is read: many files, lists, patterns, folders."""

import gzip
from pathlib import Path

import pytest

from pcapfilter.cli import main
from tests.io.captures import ROWS, pcap
from tests.io.sections import LITTLE

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder with four captures, of 6, 3, 1 and 2 packets, and other files."""
    folder = tmp_path / "captures"
    (folder / "below").mkdir(parents=True)
    (folder / "a.pcap").write_bytes(pcap(ROWS))
    (folder / "b.pcap.gz").write_bytes(gzip.compress(pcap(ROWS[:3])))
    (folder / "c.pcapng").write_bytes(LITTLE.section() + LITTLE.interface() + LITTLE.packet())
    (folder / "below" / "d.pcap").write_bytes(pcap(ROWS[:2]))
    (folder / "notes.txt").write_text("about these captures\n")
    (folder / ".hidden").write_bytes(pcap(ROWS))
    (folder / "empty").write_bytes(b"")
    return folder


def counted(capsys: Captured, *words: str | Path) -> str:
    assert main([*map(str, words), "--count"]) == 0
    return capsys.readouterr().out


def test_inputs_one_after_another(folder: Path, tmp_path: Path, capsys: Captured) -> None:
    a, b, target = folder / "a.pcap", folder / "b.pcap.gz", tmp_path / "out"
    assert counted(capsys, "-r", a, "-r", b) == "9 packets\n"
    assert main(["-r", str(b), "-r", str(a), "-w", str(target), "udp"]) == 0
    assert target.read_bytes() == pcap((ROWS[1], ROWS[1], ROWS[4]))
    assert counted(capsys, "-r", a, "-r", b, "-c", "2") == "4 packets\n"


def test_folders(folder: Path, capsys: Captured) -> None:
    assert counted(capsys, "-r", folder) == "10 packets\n"
    assert counted(capsys, "-r", folder, "-r", folder / "below") == "12 packets\n"


def test_patterns(folder: Path, capsys: Captured) -> None:
    assert counted(capsys, "-r", folder / "*.pcap*") == "10 packets\n"
    assert counted(capsys, "-r", folder / "?.pcap") == "6 packets\n"
    assert counted(capsys, "-r", folder / "**" / "[ad].pcap") == "8 packets\n"
    odd = folder / "x[1].pcap"
    odd.write_bytes(pcap(ROWS[:1]))
    assert counted(capsys, "-r", odd) == "1 packet\n"


def test_lists_may_name_them_too(folder: Path, tmp_path: Path, capsys: Captured) -> None:
    listed = tmp_path / "list"
    listed.write_text(f"{folder}\n{folder / 'b*'}\n\n{folder / 'a.pcap'}\n")
    assert counted(capsys, "-V", listed) == "21 packets\n"
    assert counted(capsys, "-V", listed, "-V", listed) == "42 packets\n"


def test_listing_for_the_first(folder: Path, capsys: Captured) -> None:
    assert main(["-d", "-r", str(folder), "-r", "missing", "udp"]) == 0
    assert "a.pcap" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing*.pcap", "missing*.pcap: No such file or directory"),
        ("nothing", "nothing: no capture is in this folder"),
    ],
)
def test_nothing_found(name: str, message: str, tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "nothing").mkdir()
    assert main(["-r", str(tmp_path / name)]) == 1
    assert capsys.readouterr().err == f"pcapfilter: {tmp_path}/{message}\n"


def test_nothing_is_lost_of_a_later_input(tmp_path: Path, capsys: Captured) -> None:
    micro, nano, target = (tmp_path / name for name in ("micro", "nano", "out"))
    micro.write_bytes(pcap(ROWS[:2], snaplen=60))
    nano.write_bytes(pcap(ROWS[2:3], magic=0xA1B23C4D) + b"")
    assert main(["-r", str(micro), "-r", str(nano), "-w", str(target)]) == 0
    wanted = (*(row._replace(part=row.part * 1000) for row in ROWS[:2]), ROWS[2])
    assert target.read_bytes() == pcap(wanted, magic=0xA1B23C4D, snaplen=60)
    nano.write_bytes(pcap((ROWS[2], ROWS[0]._replace(octets=bytes(99), caplen=99, wirelen=99))))
    assert main(["-r", str(micro), "-r", str(nano), "-w", str(target)]) == 0
    assert target.read_bytes()[:24] == pcap((), snaplen=65535)
    assert counted(capsys, "-r", target, "len = 99") == "1 packet\n"
    nano.write_bytes(b"")
    assert main(["-r", str(micro), "-r", str(nano), "-w", str(target)]) == 1
    assert "truncated dump file" in capsys.readouterr().err
    assert target.read_bytes() == pcap(ROWS[:2], snaplen=60)


def test_a_header_that_cannot_be_changed_holds_for_later_inputs(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    short, long = (tmp_path / name for name in ("short", "long"))
    row = ROWS[0]._replace(octets=bytes(99), caplen=99, wirelen=99)
    short.write_bytes(pcap(ROWS[:1], snaplen=60))
    long.write_bytes(pcap((row,)))
    wanted = pcap((ROWS[0], row))
    inputs = ["-r", str(short), "-r", str(long)]
    assert main([*inputs, "-w", "-"]) == 0
    assert capfdbinary.readouterr().out == wanted
    assert main([*inputs, "-w", str(tmp_path / "out.gz")]) == 0
    assert gzip.decompress((tmp_path / "out.gz").read_bytes()) == wanted
    assert main([*inputs, "-w", str(tmp_path / "turn"), "-C", "1"]) == 0
    assert (tmp_path / "turn").read_bytes() == wanted


def test_one_bad_input_of_several_is_passed_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is told, the others are counted, and the exit code is 1."""
    for name in ("a.pcap", "c.pcap"):
        (tmp_path / name).write_bytes(pcap(ROWS))
    (tmp_path / "b.pcap").write_bytes(b"")
    names = [str(tmp_path / name) for name in ("a.pcap", "b.pcap", "missing.pcap", "c.pcap")]
    assert main([word for name in names for word in ("-r", name)] + ["--count"]) == 1
    out, err = capsys.readouterr()
    assert out == f"{2 * len(ROWS)} packets\n"
    told = [row for row in err.splitlines() if row.startswith("pcapfilter: ")]
    assert len(told) == 2
    assert "b.pcap" in told[0]
    assert "missing.pcap: No such file or directory" in told[1]


def test_a_list_of_nothing(tmp_path: Path, capsys: Captured) -> None:
    listed = tmp_path / "list"
    listed.write_text("\n\n")
    assert main(["-V", str(listed), "--count"]) == 1
    assert capsys.readouterr().err == f"pcapfilter: Nothing in {listed}\n"


def test_a_name_may_be_as_long_as_the_file_system_takes(tmp_path: Path) -> None:
    """In octets, of which a letter may have several."""
    for letter in "né":
        out = tmp_path / (letter * (255 // len(letter.encode())))
        source = tmp_path / "a.pcap"
        source.write_bytes(pcap(ROWS))
        assert main(["-r", str(source), "-w", str(out)]) == 0
        assert out.read_bytes() == source.read_bytes()
