"""Captures behind URLs: what is read is what the file holds; what goes wrong is one line."""

import gzip
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import pcapfilter
from pcapfilter.cli import main
from tests.io.captures import ROWS, pcap

fsspec = pytest.importorskip("fsspec")

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def store() -> str:
    """Give the URL of a folder in memory with two captures."""
    system = fsspec.filesystem("memory")
    system.pipe("/captures/a.pcap", pcap(ROWS))
    system.pipe("/captures/b.pcap.gz", gzip.compress(pcap(ROWS[:2])))
    return "memory://captures"


def test_a_url_is_read_like_a_file(store: str, capsys: Captured) -> None:
    assert pcapfilter.compile("tcp").count(f"{store}/a.pcap")[:2] == (6, 3)
    assert pcapfilter.compile("tcp").count(f"{store}/b.pcap.gz")[:2] == (2, 1)
    assert main(["-r", f"{store}/a.pcap", "--count", "udp"]) == 0
    said = capsys.readouterr()
    assert said.out == "2 packets\n"
    assert said.err.startswith(f"reading from file {store}/a.pcap, link-type EN10MB")
    assert main(["-r", f"{store}/*", "--count"]) == 0
    assert capsys.readouterr().out == "8 packets\n"


def test_a_url_is_written_like_a_file(store: str, tmp_path: Path) -> None:
    path = tmp_path / "trace.pcap"
    path.write_bytes(pcap(ROWS))
    assert main(["-r", str(path), "-w", f"{store}/new.pcap", "udp"]) == 0
    assert fsspec.filesystem("memory").cat("/captures/new.pcap") == pcap((ROWS[1], ROWS[4]))


class Quiet(SimpleHTTPRequestHandler):
    """A web server that says nothing on standard error."""

    def log_message(self, format: str, *_: object) -> None:  # noqa: A002 - the base class's name
        assert format


def test_a_web_server(tmp_path: Path) -> None:
    pytest.importorskip("aiohttp")
    (tmp_path / "trace.pcap.gz").write_bytes(gzip.compress(pcap(ROWS)))
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=tmp_path)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}"
        try:
            assert pcapfilter.compile("tcp").count(f"{url}/trace.pcap.gz")[:2] == (6, 3)
            with pytest.raises(OSError, match="missing") as caught:
                pcapfilter.compile("tcp").count(f"{url}/missing.pcap")
            assert caught.value.filename == f"{url}/missing.pcap"
        finally:
            server.shutdown()


@pytest.mark.parametrize(
    "url",
    ["memory://captures/missing", "nonsense://x/y", "http://127.0.0.1:1/x", "http://[x/y", "x://"],
)
def test_faults_are_one_line(url: str, store: str, capsys: Captured) -> None:
    assert store
    assert main(["-r", url]) == 1
    said = capsys.readouterr().err
    assert said.startswith(f"pcapfilter: {url}: ")
    assert said.count("\n") == 1


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    monkeypatch.setitem(sys.modules, "fsspec", None)
    assert main(["-r", "s3://bucket/trace.pcap"]) == 1
    assert capsys.readouterr().err == (
        "pcapfilter: s3://bucket/trace.pcap: a URL wants an extra: "
        "pip install 'pcapfilter-engine[remote]'\n"
    )


def test_a_path_written_as_a_url_is_a_path(tmp_path: Path, capsys: Captured) -> None:
    path, url = tmp_path / "trace.pcap", f"file://{tmp_path}/trace.pcap"
    path.write_bytes(pcap(ROWS))
    for one, other in ((path, url), (url, path), (url, url)):
        assert main(["-r", str(one), "-w", str(other), "udp"]) == 1
        assert "is also an input, and would be overwritten" in capsys.readouterr().err
    assert path.read_bytes() == pcap(ROWS)
    assert main(["-r", f"file://{tmp_path}/*.pcap", "-w", f"{url}.out", "udp"]) == 0
    assert main(["-r", url, "--append", "-w", f"{url}.out", "udp"]) == 0
    assert main(["split", "-r", url, "-o", "dns=udp", f"file://{tmp_path}/parts"]) == 0
    assert main(["-r", f"file://{tmp_path}/parts", "--count"]) == 0
    assert capsys.readouterr().out == "2 packets\n"
    assert (tmp_path / "trace.pcap.out").read_bytes() == pcap((ROWS[1], ROWS[4]) * 2)
    with pcapfilter.open(url) as source, pcapfilter.open(f"{url}.2", "a", like=source) as sink:
        pcapfilter.compile("").copy(source, sink)
    assert (tmp_path / "trace.pcap.2").read_bytes() == pcap(ROWS)


def test_a_url_that_is_an_input_is_not_overwritten(store: str, capsys: Captured) -> None:
    for name in ("a.pcap", "b.pcap.gz"):
        before = fsspec.filesystem("memory").cat(f"/captures/{name}")
        assert main(["-r", f"{store}/{name}", "-w", f"{store}/{name}", "udp"]) == 1
        assert main(["-r", f"{store}/a.pcap", "--append", "-w", f"{store}/{name}"]) == 1
        assert fsspec.filesystem("memory").cat(f"/captures/{name}") == before
    said = capsys.readouterr().err
    assert said.count("is also an input, and would be overwritten") == 3
    assert "nothing can be added to it: that wants a path" in said


def test_a_store_takes_what_is_split(
    store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["split", "-r", f"{store}/a.pcap", "-o", "dns=udp", f"{store}/parts"]) == 0
    assert fsspec.filesystem("memory").cat("/captures/parts/dns.pcap") == pcap((ROWS[1], ROWS[4]))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("memory://captures/missing", "No such file or directory"),
        ("http://127.0.0.1:1/x", "Cannot connect to host 127.0.0.1:1"),
    ],
)
def test_reasons(url: str, reason: str, capsys: Captured) -> None:
    pytest.importorskip("aiohttp")
    assert main(["-r", url]) == 1
    assert capsys.readouterr().err.startswith(f"pcapfilter: {url}: {reason}")


def test_what_cannot_be_written_to(tmp_path: Path, capsys: Captured) -> None:
    pytest.importorskip("aiohttp")
    path = tmp_path / "trace.pcap"
    path.write_bytes(pcap(ROWS))
    assert main(["-r", str(path), "-w", "http://127.0.0.1:1/x"]) == 1
    assert capsys.readouterr().err.endswith(
        "pcapfilter: http://127.0.0.1:1/x: nothing can be written there\n"
    )
