"""The face: compile, and what a Filter does."""

import io
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

import pcapfilter as pf
from pcapfilter.engine import patient
from pcapfilter.io.base import open_source
from pcapfilter.net.names import TableResolver
from tests.io.captures import DNS, HTTP, ROWS, VARIANTS, pcap
from tests.oracle import Refused, needs_libpcap
from tests.oracle import compile as libpcap


def test_public_names_are_sorted_and_there() -> None:
    assert pf.__all__ == sorted(pf.__all__)
    for name in pf.__all__:
        assert getattr(pf, name) is not None
        assert name in dir(pf)
    with pytest.raises(AttributeError) as caught:
        pf.nothing  # type: ignore[attr-defined]  # noqa: B018 -- asking is enough
    assert (caught.value.name, caught.value.obj) == ("nothing", pf)


def test_importing_and_compiling_are_light() -> None:
    script = (
        "import sys, pcapfilter; pcapfilter.compile('tcp port 80').listing();"
        "assert not {'numba', 'llvmlite', 'numpy', 'scapy', 'dpkt'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


# ---- programs ----------------------------------------------------------------------------------


@needs_libpcap
def test_programs_are_libpcaps() -> None:
    made = pf.compile("tcp port 80 or 443")
    assert made.program() == libpcap("tcp port 80 or 443")
    assert made.program(link="RAW") == libpcap("tcp port 80 or 443", "RAW")
    assert made.program(link=113) == libpcap("tcp port 80 or 443", "LINUX_SLL")
    plain = pf.compile("tcp port 80 or 443", optimize=False, snaplen=96)
    assert plain.program() == libpcap("tcp port 80 or 443", optimize=False, snaplen=96)


def test_listings() -> None:
    made = pf.compile("ip")
    assert made.listing().splitlines()[0] == "(000) ldh      [12]"
    assert made.listing("ddd").splitlines()[0] == "4"
    assert made.listing("dd", link="IPV4") == "{ 0x6, 0, 0, 0x00040000 },"
    with pytest.raises(ValueError, match="style"):
        made.listing("x")


def test_ebpf_programs_run() -> None:
    from pcapfilter.engine import vm

    made = pf.compile("tcp port 80")
    assert vm.run(made.ebpf(), HTTP) == 1
    assert vm.run(made.ebpf(), DNS) == 0
    assert made.ebpf(host="xdp").pack()


def test_names_come_from_the_resolver() -> None:
    table = TableResolver(hosts={"web": ("10.0.0.2",)}, numbers={"tcp": {"www": 80}})
    made = pf.compile("host web and tcp port www", resolver=table)
    assert made.matches(HTTP)
    assert not made.matches(DNS)


# ---- refusals ----------------------------------------------------------------------------------


def test_faults_of_the_text_come_at_once() -> None:
    with pytest.raises(pf.FilterSyntaxError) as caught:
        pf.compile("tcp prot 80")
    assert caught.value.text == "tcp prot 80"
    with pytest.raises(pf.UnknownNameError):
        pf.compile("tcp port no-such-port")
    with pytest.raises(pf.FilterError):
        pf.compile("port 99999")
    with pytest.raises(pf.UnsupportedError):
        pf.compile("ip", link="NO_SUCH_LINK")


FAULTS = [
    # text with several faults, the part of it that is wrong first
    ("port 99999 and (", "port 99999"),
    ("host 1.2.3.4.5 andd tcp", "1.2.3.4.5"),
    ("tcp and portrange 5-nothing or", "5-nothing"),
    ("vlan 99999 and", "vlan 99999"),
    ("port 99999 port", "port 99999"),
    ("port 99999 and host 1:2:3:4:5", "port 99999"),
    ("port 99999 and tcp and 80", "port 99999"),
    ("tcp port (80 or 99999 and", "99999"),
    ("udp and (tcp or not (ip proto 6 or port 66666)) and (", "port 66666"),
    ("tcp[99999] = 1 and port 99999 and (", "port 99999"),
    ("port 80 and (", ""),
    ("ip[0] << (2*20) = 1 and (", ""),  # the optimiser would find that shift
    ("tcp and 80 and port 99999", "80"),
    ("ip[1] = ( and port 99999", "and"),
]


@pytest.mark.parametrize(("text", "spelt"), FAULTS)
def test_of_several_faults_the_first_one_is_told(text: str, spelt: str) -> None:
    with pytest.raises(pf.FilterError) as caught:
        pf.compile(text, resolver=TableResolver())
    span = caught.value.span
    assert span is not None
    assert text[span.start : span.end] == spelt


@needs_libpcap
@pytest.mark.parametrize("text", [text for text, _ in FAULTS])
def test_the_first_fault_is_libpcaps(text: str) -> None:
    with pytest.raises(Refused) as refused:
        libpcap(text)
    with pytest.raises(pf.FilterError) as caught:
        pf.compile(text)
    assert caught.value.message == str(refused.value)


def test_refusals_that_depend_on_the_link_type_come_later(tmp_path: Path) -> None:
    path = tmp_path / "trace.pcap"
    path.write_bytes(pcap(ROWS))
    never = pf.compile("ether host 1:2:3:4:5:6", link="RAW")
    assert never.program(link="EN10MB")
    for action in (
        never.program,
        never.listing,
        never.ebpf,
        lambda: never.matches(HTTP),
        lambda: never.read(io.BytesIO(pcap(link=101))),
        lambda: never.count(io.BytesIO(pcap(link=101))),
    ):
        with pytest.raises(pf.UnsupportedError) as caught:
            action()
        assert caught.value.text == never.text
    assert never.count(path) == (6, 0, None)


def test_a_filter_that_nothing_can_match(tmp_path: Path) -> None:
    none = pf.compile("tcp and udp")
    target = tmp_path / "out"
    with pytest.raises(pf.RejectsAllError):
        none.listing()
    with pytest.raises(pf.RejectsAllError):
        none.copy(io.BytesIO(pcap(ROWS)), target)
    assert not target.exists()


# ---- a value -----------------------------------------------------------------------------------


def test_a_filter_is_a_value() -> None:
    one, two = pf.compile("tcp"), pf.compile("tcp")
    assert one == two
    assert hash(one) == hash(two)
    assert len({one, two, pf.compile("tcp", link="RAW"), pf.compile("udp")}) == 3
    assert one != "tcp"
    assert "tcp" in repr(one)
    with pytest.raises(AttributeError):
        one.text = "udp"
    with pytest.raises(AttributeError):
        del one.text


def test_a_filter_pickles_by_text_and_options() -> None:
    made = pf.compile("tcp port 80", link="RAW", snaplen=100, optimize=False)
    made.matches(HTTP[14:])
    again = pickle.loads(pickle.dumps(made))
    assert again == made
    assert again.program() == made.program()
    deep = pf.compile(" and ".join(["tcp", "udp"] * 300), optimize=False)
    assert pickle.loads(pickle.dumps(deep)) == deep


# ---- packets and captures ----------------------------------------------------------------------


def test_verdicts_stay_when_native_code_takes_over() -> None:
    made = pf.compile("tcp port 80")
    for _ in range(patient.PATIENCE + 10):
        assert made.matches(HTTP)
        assert not made.matches(DNS)
        assert not made.matches(HTTP[:30])
    assert pf.compile("greater 100").matches(HTTP, wirelen=100)
    assert pf.compile("ip").matches(HTTP[14:], link="RAW")


def test_empty_text_matches_everything() -> None:
    assert pf.compile("").matches(b"")
    assert pf.compile("").count(io.BytesIO(pcap(ROWS))) == (6, 6, None)


def test_count_read_and_copy(tmp_path: Path) -> None:
    path, target = tmp_path / "trace.pcap", tmp_path / "out.pcap"
    path.write_bytes(pcap(ROWS))
    made = pf.compile("tcp")
    assert made.count(path) == (6, 3, None)
    assert made.count(str(path), limit=2) == (3, 2, None)
    assert made.copy(path, target) == (6, 3, None)
    assert target.read_bytes() == pcap((ROWS[0], ROWS[2], ROWS[5]))
    assert made.copy(path, target, limit=1, precision="nano").matched == 1
    assert target.read_bytes()[:4] == b"\x4d\x3c\xb2\xa1"
    packets = list(made.read(path, limit=2))
    assert [packet.data for packet in packets] == [HTTP, HTTP]
    assert packets[0].time_ns == 1_700_000_000_250_000_000
    with pytest.raises(ValueError, match="format"):
        made.copy(path, target, format="erf")  # type: ignore[arg-type] # it is wrong
    with pytest.raises(ValueError, match="precision"):
        made.copy(path, target, precision="pico")  # type: ignore[arg-type] # it is wrong
    with pytest.raises(pf.CaptureError, match="also an input"):
        made.copy(path, path)
    with pytest.raises(FileNotFoundError):
        made.count(tmp_path / "missing")


def test_binary_files_are_left_open() -> None:
    source, target = io.BytesIO(pcap(ROWS)), io.BytesIO()
    pf.compile("tcp").copy(source, target)
    assert target.getvalue() == pcap((ROWS[0], ROWS[2], ROWS[5]))
    assert not source.closed


def test_a_source_is_taken_as_it_is() -> None:
    source = open_source(io.BytesIO(pcap(ROWS)))
    assert pf.compile("udp").count(source) == (6, 2, None)


def test_link_type_and_byte_order_come_from_the_capture() -> None:
    frames = tuple(
        row._replace(octets=b"\0\0\0\x02" + row.octets[14:], caplen=row.caplen - 10) for row in ROWS
    )
    made = pf.compile("tcp")
    assert made.count(io.BytesIO(pcap(frames, link=0, order=">"))).matched == 3
    assert made.count(io.BytesIO(pcap(frames, link=108))).matched == 3


def test_damage_ends_the_stream_after_the_last_whole_packet() -> None:
    cut = pcap(ROWS)[:-10]
    made = pf.compile("tcp")
    tally = made.count(io.BytesIO(cut))
    assert (tally.seen, tally.matched) == (5, 2)
    assert isinstance(tally.damage, pf.CaptureError)
    assert len(list(made.read(io.BytesIO(cut)))) == 2
    with pytest.raises(pf.CaptureError):
        made.read(io.BytesIO(VARIANTS["no capture"]))


def test_an_open_file_that_is_the_input_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "trace.pcap"
    path.write_bytes(pcap(ROWS))
    with path.open("r+b") as file, pytest.raises(pf.CaptureError, match="is also an input"):
        pf.compile("udp").copy(path, file)
    with path.open("r+b") as file, pytest.raises(pf.CaptureError, match="is also an input"):
        pf.compile("udp").copy(file, file)
    assert path.read_bytes() == pcap(ROWS)
