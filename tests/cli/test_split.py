"""`pcapfilter split`: one pass over the input, a file for each filter."""

import io
import json
from pathlib import Path

import pytest

import pcapfilter
from pcapfilter import job
from pcapfilter.cli import main
from pcapfilter.filter import open_capture
from pcapfilter.io.output import open_sink
from tests.io.captures import DNS, HTTP, OCTETS, ROWS, pcap
from tests.io.sections import LITTLE
from tests.io.test_pcapng_sink import packets

Captured = pytest.CaptureFixture[str]
WEB, NAMES = "tcp port 80 or 443", "port 53"


def split(*words: str | Path) -> int:
    return main(["split", *map(str, words)])


def test_a_file_for_each_filter(trace: Path, tmp_path: Path, capsys: Captured) -> None:
    out = tmp_path / "new" / "folder"
    words = ("-o", f"web={WEB}", "-o", f"dns={NAMES}", "-o", "all.cap=", "--rest", "other.pcap")
    assert split("-r", trace, *words, out) == 0
    assert {path.name: path.read_bytes() for path in out.iterdir()} == {
        "web.pcap": pcap((ROWS[0], ROWS[2], ROWS[5])),
        "dns.pcap": pcap((ROWS[1], ROWS[4])),
        "all.cap": pcap(ROWS),
        "other.pcap": pcap(()),
    }
    said = capsys.readouterr().err.splitlines()
    assert said[1:] == [
        f"pcapfilter: {out}/{name}: {count} packets"
        for name, count in (("web.pcap", 3), ("dns.pcap", 2), ("all.cap", 6), ("other.pcap", 0))
    ]


def test_the_rest(trace: Path, tmp_path: Path) -> None:
    assert split("-r", trace, "-o", "dns=udp", "-o", "ip=ip", "--rest", "other", tmp_path) == 0
    assert (tmp_path / "other.pcap").read_bytes() == pcap((ROWS[3],))
    assert (tmp_path / "ip.pcap").read_bytes() == pcap(tuple(r for r in ROWS if r != ROWS[3]))


def test_many_inputs_and_compression(trace: Path, tmp_path: Path) -> None:
    words = ("-o", "dns=udp", "-o", "tcp.pcapng=tcp", "--compress", "gzip")
    assert split("-r", trace, "-r", trace, *words, tmp_path) == 0
    everything = pcapfilter.compile("")
    assert everything.count(tmp_path / "dns.pcap.gz").seen == 4
    assert everything.count(tmp_path / "tcp.pcapng").seen == 6


def test_pcapng_stays_pcapng(tmp_path: Path) -> None:
    path = tmp_path / "in.pcapng"
    head = LITTLE.section() + LITTLE.interface() + LITTLE.interface(101) + LITTLE.block(77, b"more")
    web, dns = LITTLE.packet(HTTP), LITTLE.packet(DNS[14:], interface=1)
    path.write_bytes(head + web + dns + LITTLE.packet(OCTETS))
    assert split("-r", path, "-o", "web=tcp", "-o", "dns=udp", "--rest", "rest", tmp_path) == 0
    assert (tmp_path / "web.pcapng").read_bytes() == head + web
    assert (tmp_path / "dns.pcapng").read_bytes() == head + dns
    assert (tmp_path / "rest.pcapng").read_bytes() == head + LITTLE.packet(OCTETS)
    assert len(packets((tmp_path / "rest.pcapng").read_bytes())) == 1


def test_what_matches_nothing_is_told(trace: Path, tmp_path: Path, capsys: Captured) -> None:
    assert split("-r", trace, "-o", "none=udp and tcp", "--rest", "rest", tmp_path) == 0
    assert "udp and tcp: expression rejects all packets" in capsys.readouterr().err
    assert (tmp_path / "none.pcap").read_bytes() == pcap(())
    assert (tmp_path / "rest.pcap").read_bytes() == pcap(ROWS)


def test_damage(trace: Path, tmp_path: Path, capsys: Captured) -> None:
    trace.write_bytes(pcap(ROWS)[:-3])
    assert split("-r", trace, "-o", "web=tcp", tmp_path) == 1
    assert "truncated dump file" in capsys.readouterr().err
    assert (tmp_path / "web.pcap").read_bytes() == pcap((ROWS[0], ROWS[2]))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "split wants -r FILE and at least one -o NAME=FILTER"),
        (("-r", "F"), "split wants -r FILE"),
        (("-r", "F", "-o", "tcp"), "-o wants NAME=FILTER, not tcp"),
        (("-r", "F", "-o", "=tcp"), "-o wants NAME=FILTER, not =tcp"),
        (("-r", "F", "-o", "a=tcp", "D", "E"), "one folder is enough: D E"),
        (("-r", "F", "-o", "a=tcp", "-o", "a=udp"), "two outputs have one file"),
        (("-r", "F", "-o", "trace.pcap=tcp", "HERE"), "is also an input"),
        (("-r", "F", "-o", "a=tcp", "-o", "b=prot 5"), "it is the filter of b"),
        (("-r", "missing", "-o", "a=tcp"), "missing: No such file or directory"),
        (("-r", "F", "-o", "a=tcp", "--format", "x"), "no such format"),
        (("-r", "F", "-o", "a=tcp", "-C", "1"), "invalid option -- 'C'"),
    ],
)
def test_faults(
    words: tuple[str, ...], message: str, trace: Path, tmp_path: Path, capsys: Captured,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    places = {"F": str(trace), "HERE": str(tmp_path)}
    assert split(*(places.get(word, word) for word in words)) == 1
    assert message in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["trace.pcap"]
    assert trace.read_bytes() == pcap(ROWS)


def test_as_a_library(trace: Path) -> None:
    source = open_capture(trace)
    files = [io.BytesIO() for _ in range(3)]
    web, names, rest = (open_sink(file, source) for file in files)
    made = [pcapfilter.compile(text).engines(source) for text in (WEB, NAMES)]
    tallies = job.split(source, [(made[0], web), (made[1], names)], rest)
    source.close()
    assert [tally[:2] for tally in tallies] == [(6, 3), (6, 2), (6, 1)]
    assert files[2].getvalue() == pcap((ROWS[3],))


def test_help(capsys: Captured) -> None:
    assert split("-h") == 0
    assert "-o, --output NAME=FILTER" in capsys.readouterr().out


def test_what_it_came_to_for_machines(trace: Path, tmp_path: Path, capsys: Captured) -> None:
    trace.write_bytes(pcap(ROWS)[:-3])
    words = ("-r", trace, "-o", f"web={WEB}", "-o", "dns=udp", "--rest", "other", "--json")
    assert split(*words, tmp_path) == 1
    told = json.loads(capsys.readouterr().out)
    assert [(Path(row["file"]).name, row["matched"]) for row in told["outputs"]] == [
        ("web.pcap", 2), ("dns.pcap", 2), ("other.pcap", 1),
    ]  # fmt: skip
    assert (told["seen"], told["octets_read"], told["interrupted"]) == (
        5, trace.stat().st_size, False
    )  # fmt: skip
    assert [damage["packet"] for damage in told["damages"]] == [6]
    assert split("-r", trace, "-o", "web=nosuchword", "--json", tmp_path) == 1
    assert json.loads(capsys.readouterr().out)["error"].startswith("can't parse")


def test_one_bad_input_of_several_is_passed_over(
    trace: Path, tmp_path: Path, capsys: Captured
) -> None:
    bad = tmp_path / "bad.pcap"
    bad.write_bytes(b"no capture")
    words = ("-r", "missing", "-r", trace, "-r", bad, "-r", trace, "-o", "dns=udp", tmp_path)
    assert split(*words) == 1
    assert (tmp_path / "dns.pcap").read_bytes() == pcap((ROWS[1], ROWS[4]) * 2)
    said = capsys.readouterr().err
    assert "missing: No such file or directory" in said
    assert f"{bad}: unknown file format" in said
    assert split("-r", bad, "-o", "dns=udp", tmp_path) == 1


def test_a_device_keeps_its_name(trace: Path, tmp_path: Path) -> None:
    assert split("-r", trace, "-o", "/dev/null=udp", tmp_path) == 0
    assert not Path("/dev/null.pcap").exists()
