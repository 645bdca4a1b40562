"""What the printing flags do to a line, compared with what tcpdump prints."""

import random
import re
from pathlib import Path

import pytest

from pcapfilter.cli import main
from pcapfilter.cli.line import Lines, Style
from pcapfilter.cli.readers import READERS
from pcapfilter.io.base import open_source
from pcapfilter.net.linktype import resolve
from pcapfilter.packets import Packet
from tests.io.captures import ROWS, Row, pcap
from tests.oracle import needs_tcpdump, tcpdump

Captured = pytest.CaptureFixture[str]
DUMP = re.compile(r"\t0x[0-9a-f]{4,}:  .*")
OPTIONS = re.compile(r", options (\[[^\]]*\]|\([^)]*\))")
WORDS = "ip or ip6 or arp"
HTTP, DNS = ROWS[0].octets, ROWS[1].octets


def link_of(path: Path) -> str:
    source = open_source(path)
    source.close()
    return source.origin.link.name


def printed(capsys: Captured, *words: str | Path) -> str:
    main([str(word) for word in words])
    return capsys.readouterr().out


def ours(capsys: Captured, *words: str | Path) -> list[str]:
    return printed(capsys, *words).splitlines()


def theirs(*words: str | Path) -> list[str]:
    return tcpdump(*words).stdout.decode("latin-1").splitlines()


def packets(text: str) -> list[str]:
    """What was printed with -#, packet by packet."""
    return re.split(r"^ +\d+  ", text, flags=re.MULTILINE)[1:]


def write(path: Path, *frames: bytes) -> Path:
    path.write_bytes(pcap(tuple(Row(0, 0, len(f), len(f), f) for f in frames)))
    return path


# ---- octets ------------------------------------------------------------------------------------


@needs_tcpdump
@pytest.mark.parametrize("flag", ["-xx", "-XX"])
def test_octets_are_shown_as_tcpdump_shows_them(
    flag: str, captures: Path, capsys: Captured
) -> None:
    compared = 0
    for path in sorted(captures.glob("*.pcap")):
        if link_of(path) not in READERS:
            continue  # tcpdump dumps by itself what it cannot read
        words = ("-nt", "-c", "20", "-r", path, flag)
        wanted = [row for row in theirs(*words) if DUMP.fullmatch(row)]
        assert [row for row in ours(capsys, *words) if DUMP.fullmatch(row)] == wanted, path.name
        compared += len(wanted)
    assert compared > 1500


@needs_tcpdump
def test_without_the_link_layer_octets_begin_where_tcpdumps_do(
    captures: Path, real_captures: Path, capsys: Captured
) -> None:
    compared = 0
    for path in (*captures.glob("*.pcap"), *sorted(real_captures.glob("*.pcap"))[::4]):
        if link_of(path) not in READERS:
            continue
        words = ("-nt", "-c", "20", "-r", path, "-x", WORDS)
        lines = theirs(*words)
        if any("[|" in row or "(invalid)" in row or "truncated" in row for row in lines):
            continue  # where tcpdump broke off, it may not know the link layer's length
        wanted = [row for row in lines if DUMP.fullmatch(row)]
        assert [row for row in ours(capsys, *words) if DUMP.fullmatch(row)] == wanted, path.name
        compared += len(wanted)
    assert compared > 1000


@needs_tcpdump
def test_text_is_shown_as_tcpdump_shows_it(
    tmp_path: Path, rng: random.Random, capsys: Captured
) -> None:
    frames = [
        HTTP[:12] + b"\x12\x34" + bytes(rng.choices([*range(256), *b"\r\n\t A" * 60], k=length))
        for length in range(60)
        for _ in range(10)
    ]
    path = write(tmp_path / "text.pcap", *frames)
    for flag in ("-A", "-AA"):
        wanted = packets(tcpdump("-#nqt", "-r", path, flag).stdout.decode("latin-1"))
        main(["-#nqt", "-r", str(path), flag])
        shown = packets(capsys.readouterr().out)
        assert len(shown) == len(wanted) == len(frames)
        for one, two in zip(shown, wanted, strict=True):
            assert one.partition("\n")[2] == two.partition("\n")[2]


@needs_tcpdump
def test_of_several_dumps_the_same_one_is_shown(trace: Path, capsys: Captured) -> None:
    for flags in ("-Axx", "-xXX", "-xxX", "-AAX", "-xxA", "-xAA", "-xxx"):
        words = ("-nt", "-r", trace, flags, "ip")
        assert [r for r in ours(capsys, *words) if DUMP.fullmatch(r)] == [
            r for r in theirs(*words) if DUMP.fullmatch(r)
        ]


# ---- times -------------------------------------------------------------------------------------

TIMES = {
    # how often -t is given -> what is printed
    0: r"\d\d:\d\d:\d\d\.\d+ ",
    1: "",
    2: r"\d+\.\d+ ",
    3: r"[ -]\d\d:\d\d:\d\d\.\d+ ",
    4: r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ ",
    5: r"[ -]\d\d:\d\d:\d\d\.\d+ ",
}
HOURS = re.compile(r"(?<=[ -])\d+")


@needs_tcpdump
@pytest.mark.parametrize("style", TIMES)
@pytest.mark.parametrize("precision", [(), ("--nano",)])
def test_times_are_printed_as_tcpdump_prints_them(
    style: int,
    precision: tuple[str, ...],
    captures: Path,
    real_captures: Path,
    capsys: Captured,
) -> None:
    """But for spans of a day and more, of which tcpdump leaves out the days."""
    compared = 0
    time = re.compile(TIMES[style])
    for path in (*captures.glob("ethernet*.pcap"), *sorted(real_captures.glob("*.pcap"))[::4]):
        words: tuple[str | Path, ...] = ("-#nq" + "t" * style, *precision, "-r", path)
        wanted = packets(tcpdump(*words).stdout.decode("latin-1"))
        if any("Invalid header" in row or "Error converting" in row for row in wanted):
            continue
        for one, two in zip(packets(printed(capsys, *words)), wanted, strict=True):
            found = time.match(two)
            assert found, two
            shown = HOURS.sub(lambda hours: f"{int(hours[0]) % 24:02}", one, count=1)
            assert (shown if style in {3, 5} else one).startswith(found[0]), path.name
            compared += 1
    assert compared > 900


# ---- lines -------------------------------------------------------------------------------------


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    return write(tmp_path / "trace.pcap", *(row.octets for row in ROWS))


@needs_tcpdump
def test_tcp_segments_are_described_as_tcpdump_does(captures: Path, capsys: Captured) -> None:
    """Their flags, numbers (which -S leaves as they are) and checksums (which -K leaves alone)."""
    for flags in ("-#nt", "-#ntS", "-#ntvv", "-#ntvK"):
        words = (flags, "-r", captures / "ethernet.pcap", "tcp and ip[6:2] & 0x3fff = 0")
        wanted = packets(tcpdump(*words).stdout.decode("latin-1"))
        compared = 0
        for one, two in zip(packets(printed(capsys, *words)), wanted, strict=True):
            if "Flags [" in two:
                assert OPTIONS.sub("", two).startswith(one.rstrip())
                compared += 1
        assert compared > 10


@needs_tcpdump
def test_a_conversation_is_counted_from_its_beginning(
    real_captures: Path, capsys: Captured
) -> None:
    for name in ("ssh.pcap", "dns_tcp_8053.pcap", "of10_s4810.pcap"):
        words = ("-nt", "-r", real_captures / name, "tcp")
        wanted = [OPTIONS.sub("", row) for row in theirs(*words) if "Flags [" in row]
        for one, two in zip(ours(capsys, *words), wanted, strict=True):
            assert two.startswith(one)


@needs_tcpdump
def test_no_flag_of_tcp_is_lost(tmp_path: Path, capsys: Captured) -> None:
    frames = [HTTP[:47] + bytes([flags]) + HTTP[48:] for flags in range(256)]
    path = write(tmp_path / "flags.pcap", *frames)
    assert ours(capsys, "-ntS", "-r", path) == theirs("-ntS", "-r", path)


@needs_tcpdump
def test_ip_headers_are_told_as_tcpdump_does(captures: Path, capsys: Captured) -> None:
    compared = 0
    for path in (captures / "ethernet.pcap", captures / "raw.pcap", captures / "null.pcap"):
        words = ("-#ntv", "-r", path, "ip or ip6")
        wanted = packets(tcpdump(*words).stdout.decode("latin-1"))
        for one, two in zip(packets(printed(capsys, *words)), wanted, strict=True):
            found = re.search(r"\(.*?\)( |\n)", one)
            if found and not re.search(r"\(invalid\)|\[\||bad-", two):
                assert found[0] in OPTIONS.sub("", two)
                compared += 1
    assert compared > 200


@needs_tcpdump
def test_cooked_packets_say_which_way_they_went(captures: Path, capsys: Captured) -> None:
    words = ("-nt", "-r", captures / "linux_sll2.pcap", "ip[6:2] & 0x1fff = 0 and udp")
    told = [line for line in theirs(*words) if " IP " in line]  # some packets take several lines
    wanted = [line.split()[1:3] for line in told]  # behind the name of an interface of ours
    assert [line.split()[:2] for line in ours(capsys, *words)] == wanted
    assert wanted.count(["Out", "IP"]) > 5


@pytest.mark.parametrize("flags", ["-ent", "-entq"])
def test_link_layer_headers_are_told_as_tcpdump_does(
    flags: str, tmp_path: Path, captures: Path, capsys: Captured
) -> None:
    tagged = HTTP[:12] + bytes.fromhex("88a8 6005 8100 f007") + HTTP[12:]
    odd = [HTTP[:12] + kind.to_bytes(2) + HTTP[14:] for kind in (0x0806, 0x86DD, 0x88CC, 0x1234)]
    made = write(tmp_path / "tags.pcap", HTTP, tagged, *odd)
    head = re.compile(r".*? length \d+: (vlan \d+, p \d+, (DEI, )?.*?, )*")
    compared = 0
    names = (
        "ethernet", "linux_sll", "c_hdlc", "ppp", "loop", "null", "ip_over_fc", "ppp_pppd",
        "apple_ip_over_ieee1394",
    )  # fmt: skip
    for path in (made, *(captures / f"{name}.pcap" for name in names)):
        words = (f"{flags}#", "-r", path, *(() if path is made else (WORDS,)))
        wanted = packets(tcpdump(*words).stdout.decode("latin-1"))
        for one, two in zip(packets(printed(capsys, *words)), wanted, strict=True):
            found = head.match(one)
            if found:
                assert two.startswith(found[0].rstrip(" ")), path.name
                compared += 1
    assert compared > 500


@needs_tcpdump
def test_frames_of_802_11_are_told_as_tcpdump_does(
    captures: Path, real_captures: Path, capsys: Captured
) -> None:
    """Who sends to whom, what kind of frame it is, and the network's name."""
    compared = 0
    mine = (*captures.glob("ieee802_11*.pcap"), captures / "prism_header.pcap")
    for path in (*mine, *sorted(real_captures.glob("ieee802.11*"))):
        wanted = packets(tcpdump("-e#nt", "-r", path).stdout.decode("latin-1"))
        for one, two in zip(packets(printed(capsys, "-e#nt", "-r", path)), wanted, strict=True):
            told = re.split(r", length| (?:LLC|Data)\b", one)[0]
            if not re.search(r"\[\||Invalid header", two):
                assert told in two, path.name
                compared += 1
    assert compared > 200


def test_a_network_cannot_write_to_the_terminal(tmp_path: Path, capsys: Captured) -> None:
    beacon = bytes([0x80]) + bytes(23) + bytes(12) + bytes([0, 6]) + b"a\x1b[2J\xff"
    path = tmp_path / "beacon.pcap"
    path.write_bytes(pcap((Row(0, 0, len(beacon), len(beacon), beacon),), link=105))
    assert ours(capsys, "-nt", "-r", path) == [f"Beacon (a\\x1b[2J\\xff), length {len(beacon)}"]


def test_octets_of_anybody_get_a_line(rng: random.Random) -> None:
    """Each reader, on packets that end anywhere and hold what it looks for, or anything."""
    liked = bytes.fromhex("00000000 01 02 04 06 08 09 11 40 45 60 80 aa ff")
    lines = Lines(Style(link_header=True, verbose=2))
    for name in READERS:
        link = resolve(name)
        for size in range(200):
            for octets in (bytes(size), bytes(rng.choices(liked, k=size)), rng.randbytes(size)):
                assert lines.describe(Packet(0, size, size, octets, link))


def test_headers_around_headers_end(tmp_path: Path, capsys: Captured) -> None:
    """One that says that it is in itself, and is no octet long."""
    for link, header in ((192, "0000 0000 c000 0000"), (258, "00000000 01000000 02010000")):
        path = tmp_path / f"{link}.pcap"
        octets = bytes.fromhex(header)
        path.write_bytes(pcap((Row(0, 0, len(octets), len(octets), octets),), link=link))
        assert ours(capsys, "-nt", "-r", path) == [f"length {len(octets)}"]


@needs_tcpdump
def test_what_icmp_says_is_what_tcpdump_says(tmp_path: Path, capsys: Captured) -> None:
    about = DNS[14:] + bytes(16)
    frames = []
    for kind in (0, 3, 4, 5, 8, 10, 11, 12, 15, 16, 17, 77):
        for code in range(17):
            message = bytes((kind, code, 0, 0, 0, 5, 0, 9)) + about
            header = DNS[:16] + (20 + len(message)).to_bytes(2) + DNS[18:23] + b"\x01" + DNS[24:34]
            frames.append(header + message)
    path = write(tmp_path / "icmp.pcap", *frames)
    shown, wanted = ours(capsys, "-nt", "-r", path), theirs("-nt", "-r", path)
    assert [(a, b) for a, b in zip(shown, wanted, strict=True) if a != b] == []
    words = ("-ntv", "-r", path)
    wrong = re.compile(r"\(wrong icmp cksum.*")
    shown = ours(capsys, *words)
    assert wrong.findall("\n".join(shown)) == wrong.findall("\n".join(theirs(*words)))
    assert len(shown) > len(frames)


# ---- flags that are ours alone, or have no part in the line ------------------------------------


def test_numbers_and_lengths_come_first(trace: Path, capsys: Captured) -> None:
    lines = ours(capsys, "-nt", "--number", "--lengths", "-r", trace, "tcp")
    assert [row[:25] for row in lines] == [
        f"{number:5}  caplen 54 len 54 I" for number in (1, 2, 3)
    ]


def test_print_goes_with_writing(trace: Path, tmp_path: Path, capsys: Captured) -> None:
    out = tmp_path / "out.pcap"
    assert len(ours(capsys, "-nt", "--print", "-r", trace, "-w", out, "udp")) == 2
    assert ours(capsys, "-nt", "-r", out) == ours(capsys, "-nt", "-r", trace, "udp")
    assert ours(capsys, "--count", "--print", "-r", trace, "udp") == ["2 packets"]
    assert len(ours(capsys, "--count", "--print", "-r", trace, "-w", out, "udp")) == 3


def test_beside_a_capture_on_standard_output_lines_go_to_standard_error(
    trace: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert main(["-nt", "--print", "-r", str(trace), "-w", "-", "udp"]) == 0
    printed = capfdbinary.readouterr()
    assert printed.out.startswith(pcap(())[:4])
    assert printed.err.count(b"UDP, length 0") == 2


def test_the_bundle_of_habit_prints_all(trace: Path, capsys: Captured) -> None:
    lines = ours(capsys, "-nnvvXSs0", "-r", trace)
    assert sum(row.startswith("\t0x0000") for row in lines) == len(ROWS)
    assert capsys.readouterr().err == ""


def test_flags_without_effect_have_none(trace: Path, capsys: Captured) -> None:
    assert ours(capsys, "-ntaNK", "-r", trace) == ours(capsys, "-nt", "-r", trace)


def test_every_packet_gets_a_line(captures: Path, real_captures: Path, capsys: Captured) -> None:
    """Whatever the octets are: nothing that is cut short or wrong ends the printing."""
    for path in (*captures.glob("*.pcap"), *sorted(real_captures.glob("*.pcap"))[::3]):
        plain = ours(capsys, "-nt", "-r", path)
        assert len(ours(capsys, "-ntqe", "-r", path)) == len(plain)
        ours(capsys, "-vv", "-e", "-X", "-r", path)
