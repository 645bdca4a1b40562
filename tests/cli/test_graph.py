"""The command `graph`: files of every kind, and what it says of faults."""

from pathlib import Path

import pytest

from pcapfilter.cli import main
from pcapfilter.tools import graph
from pcapfilter.tools.graph.chart import Arrow, Box, Chart

Captured = pytest.CaptureFixture[str]


def test_images_have_no_more_pixels_than_can_be_shown(tmp_path: Path, capsys: Captured) -> None:
    pytest.importorskip("resvg_py")
    boxes = tuple(Box(n, n + 1, "test", (), ("jeq",)) for n in range(400))
    ways = [(Arrow(n, 399, "true"), Arrow(n, n + 1, "false")) for n in range(398)]
    chart = Chart(boxes, tuple(arrow for pair in ways for arrow in pair))
    height = int.from_bytes(graph.png(chart)[20:24])
    assert 29_990 < height <= 30_000
    ports = " or ".join(f"tcp port {number}" for number in range(1, 400, 2))
    assert main(["graph", "-O", "-o", str(tmp_path / "x.png"), ports]) == 1
    assert "pixels: write .svg or .html" in capsys.readouterr().err
    assert not (tmp_path / "x.png").exists()


@pytest.mark.parametrize("ending", ["svg", "dot", "html", "png", "SVG"])
def test_the_command_draws(ending: str, tmp_path: Path, captures: Path, capsys: Captured) -> None:
    if ending == "png":
        pytest.importorskip("resvg_py")
    target = tmp_path / f"out.{ending}"
    capture = str(captures / "ethernet.pcap")
    assert main(["graph", "tcp", "port", "80", "-r", capture, "-o", str(target)]) == 0
    assert "reading from file" in capsys.readouterr().err
    content = target.read_bytes()
    if ending != "png":
        assert b"ethernet.pcap: 184 packets, " in content


def test_the_command_writes_to_standard_output(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main(["graph", "-O", "-y", "RAW", "-o", "-", "ip", "and", "ip6"]) == 0
    out, err = capfdbinary.readouterr()
    assert out.startswith(b"<svg")
    assert b"Raw IP" in out
    assert b"not optimised" in out
    assert err == b""
    assert main(["graph", "-o", "-", "ip and ip6"]) == 0
    assert b"1 instruction," in capfdbinary.readouterr().out


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["ip"], "say where the picture is to go"),
        (["ip", "-o", "x.gif"], "ends in one of .svg, .png, .html, .dot"),
        (["ip", "-o", "/nowhere/x.svg"], "/nowhere/x.svg: No such file or directory"),
        (["tcp prt 80", "-o", "-"], "did you mean `port`?"),
        (["ip", "-o", "-", "-r", "/dev/null"], "truncated dump file"),
        (["ip", "-o", "-", "-x"], "invalid option -- 'x'"),
        (["vlan", "-o", "-", "-y", "RAW"], "no VLAN support for Raw IP"),
    ],
)
def test_the_command_says_what_is_wrong(words: list[str], complaint: str, capsys: Captured) -> None:
    assert main(["graph", *words]) == 1
    out, err = capsys.readouterr()
    assert not out
    assert complaint in err
    assert err.startswith("pcapfilter: ")


def test_a_damaged_capture_is_drawn_and_told(
    tmp_path: Path, captures: Path, capsys: Captured
) -> None:
    target = tmp_path / "x.svg"
    cut_off = str(captures / "ethernet-cut.pcap")
    assert main(["graph", "tcp", "-r", cut_off, "-o", str(target)]) == 1
    assert "19 packets" in target.read_text(encoding="utf-8")
    assert "truncated dump file" in capsys.readouterr().err


def test_help(capsys: Captured) -> None:
    assert main(["graph", "-h"]) == 0
    assert "Usage: pcapfilter graph" in capsys.readouterr().out
