"""Traces: their verdicts are the reference machine's, and what they say is so."""

from pathlib import Path

import pytest

import pcapfilter as pf
from pcapfilter.bpf.program import Program
from pcapfilter.cli import main
from pcapfilter.engine import reference
from pcapfilter.errors import RejectsAllError
from pcapfilter.filter import Filter
from pcapfilter.tools.trace import Trace, Tracer
from pcapfilter.tools.trace.machine import run
from pcapfilter.tools.trace.reasons import Reason
from pcapfilter.tools.trace.sentences import sentence
from tests.tools.test_explain import made

Captured = pytest.CaptureFixture[str]
HTTP = bytes.fromhex(
    "0a0000000002 0a0000000001 0800 4500002800010000 4006 0000 0a000001 0a000002"
    "c0000050 00000001 00000000 5002 2000 0000 0000"
)
DNS = bytes.fromhex(
    "0a0000000002 0a0000000001 0800 4500001c00010000 4011 0000 0a000001 0a000002c0000035 0008 0000"
)
ARP = HTTP[:12] + bytes.fromhex("0806 0001080006040001 0a0000000001 0a000001 000000000000 0a000002")
LATER = HTTP[:20] + b"\x00\xb9" + HTTP[22:]
SIX = (
    HTTP[:12]
    + bytes.fromhex(
        "86dd 60000000 0014 06 40" + "fe80" + "00" * 13 + "01" + "ff02" + "00" * 13 + "02"
    )
    + HTTP[34:]
)
OTHER = HTTP[:12] + bytes.fromhex("88cc 0001 0003 0005 0007") + bytes(20)
TUNNEL = DNS[:36] + bytes.fromhex("17c1 0000 0000 0000 6558 000005 00") + SIX
TAGGED = HTTP[:12] + bytes.fromhex("81000005") + HTTP[12:]


def trace(text: str, packet: bytes, link: str = "EN10MB", **options: bool) -> Trace:
    return Tracer(made(text, link, **options)).trace(packet)


def reference_verdict(one: Filter, packet: bytes, wirelen: int | None = None) -> int:
    try:
        program = one.program()
    except RejectsAllError:
        return 0
    return reference.run(program, packet, wirelen)


# ---- sentences ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "packet", "sentence"),
    [
        ("tcp", DNS, "no: IPv4 protocol is 17 (udp), not 6 (tcp)"),
        ("tcp", HTTP, "yes: IPv4 protocol is 6 (tcp)"),
        ("tcp dst port 80", HTTP, "yes: TCP destination port is 80"),
        ("tcp port 22", HTTP, ("no: neither TCP source port (49152) nor TCP destination port (80)"
         " is 22")),
        ("port 80", ARP, "no: EtherType is 0x0806 (ARP), neither 0x86dd (IPv6) nor 0x0800 (IPv4)"),
        ("not tcp", HTTP, "no: IPv4 protocol is 6 (tcp), which `not tcp` excludes"),
        ("not udp", HTTP, "yes: IPv4 protocol is 6 (tcp), not 17 (udp)"),
        ("not not tcp", DNS, "no: IPv4 protocol is 17 (udp), not 6 (tcp)"),
        ("ip and not (tcp or udp)", DNS,
         "no: IPv4 protocol is 17 (udp), which `not (tcp or udp)` excludes"),
        ("host 10.0.0.9", ARP,
         "no: neither ARP sender address (10.0.0.1) nor ARP target address (10.0.0.2) is 10.0.0.9"),
        ("src net 10.0.0.0/8", HTTP, "yes: IPv4 source address is 10.0.0.1, within 10.0.0.0/8"),
        ("dst net 192.168.0.0/16", HTTP,
         "no: IPv4 destination address is 10.0.0.2, not within 192.168.0.0/16"),
        ("ip6 src fe80::1", SIX, "yes: IPv6 source address is fe80::1"),
        ("ip6 dst fe80::1", SIX, "no: IPv6 destination address is ff02::2, not fe80::1"),
        ("ip6 net fe80::/10", SIX, "yes: IPv6 source address is fe80::1, within fe80::/10"),
        ("ether src 0a:00:00:00:00:09", HTTP,
         "no: Ethernet source address is 0a:00:00:00:00:01, not 0a:00:00:00:00:09"),
        ("tcp[tcpflags] & tcp-syn != 0", HTTP, "yes: tcp[tcpflags] & tcp-syn is 2, not 0"),
        ("tcp[13] & 16 != 0", HTTP, "no: tcp[13] & 16 is 0, and any other value is asked for"),
        ("tcp[13] & 2 != 0", SIX, "no: EtherType is 0x86dd (IPv6), not 0x0800 (IPv4)"),
        ("ip[8] < 10", HTTP, "no: ip[8] is 64, not less than 10"),
        ("ip[2:2] = len", HTTP, "no: ip[2:2] is 40, not the packet's length (54)"),
        ("tcp dst port 80", LATER, "no: IPv4 fragment offset is 185, not 0"),
        ("portrange 1-60", DNS, "yes: UDP destination port is 53, not more than 60"),
        ("vlan 6", TAGGED, "no: VLAN number is 5, not 6"),
        ("tcp", TAGGED,
         "no: EtherType is 0x8100 (VLAN), neither 0x0800 (IPv4) nor 0x86dd (IPv6)"),
        ("not vlan and tcp", HTTP, ("no: what is taken for VLAN EtherType (octets 16-17, IPv4 total"
         " length) is 0x0028, neither 0x0800 (IPv4) nor 0x86dd (IPv6)")),
        ("vlan 6 or tcp", TAGGED, "yes: IPv4 protocol is 6 (tcp)"),
        ("not vlan 6 and udp", TAGGED, "no: IPv4 protocol is 6 (tcp), not 17 (udp)"),
        ("not vlan and ip[2:2] = 0", OTHER, ("no: what is taken for VLAN EtherType (octets 16-17;"
         " there is no VLAN tag) is 0x0003, not 0x0800 (IPv4)")),
        ("not vlan and ip", HTTP[:16], ("no: the packet ends before what is taken for VLAN"
         " EtherType (octets 16-17; captured 16 octets)")),
        ("not pppoes and ip", OTHER, ("no: what is taken for PPPoE protocol (octets 20-21; there is"
         " no PPPoE header) is 0x0007, not 0x0021 (IPv4)")),
        ("ip", HTTP[:1], "no: the packet ends before EtherType (octets 12-13; captured 1 octet)"),
        ("tcp[13] & 0xf0 = 0xf0", HTTP, "no: tcp[13] & 0xf0 is 0x0, not 0xf0"),
        ("not ip proto 0x11", DNS,
         "no: IPv4 protocol is 17 (udp), which `not ip proto 0x11` excludes"),
        ("geneve and host ::1", TUNNEL, ("no: neither inner IPv6 source address (fe80::1) nor inner"
         " IPv6 destination address (ff02::2) is ::1")),
        ("not geneve and ip", HTTP, ("no: what is taken for inner EtherType (octets 0-1, Ethernet"
         " destination address, octets 0-1) is 0x0a00, not 0x0800 (IPv4)")),
        ("not geneve and ether src 1:2:3:4:5:6", DNS,
         "no: the frame in the Geneve tunnel is missing"),
        ("not vlan and ether src 0a:00:00:00:00:09", HTTP, ("no: Ethernet source address is"
         " 0a:00:00:00:00:01, not 0a:00:00:00:00:09")),
        ("ether[6:1] = 6549", HTTP, "no: ether[6] is 10, not 6549"),
        ("ether[0:2] = 0x12345", HTTP, "no: ether[0:2] is 0xa00, not 0x12345"),
        ("ip[8] = 300", HTTP, "no: ip[8] is 64, not 300"),
        ("vlan and tcp port 80", TAGGED,
         "yes: EtherType is 0x8100 (VLAN); TCP destination port is 80"),
        ("greater 100", HTTP, "no: packet length is 54, less than 100"),
        ("less 100", HTTP, "yes: packet length is 54, not more than 100"),
        ("ether multicast", HTTP, "no: Ethernet group bit of the destination is not set"),
        ("", HTTP, "yes: every packet matches"),
        ("tcp dst port 80", HTTP[:36], ("no: the packet ends before TCP destination port"
         " (octets 36-37; captured 36 octets)")),
        ("ip[len] = 1", HTTP, ("no: the packet ends before IPv4 octet [packet length] (octet 68;"
         " captured 54 octets)")),
        ("ip and ip[0] / ip[6] = 1", HTTP, "no: a division by zero in ip[0] / ip[6] = 1"),
        ("tcp and udp", HTTP, "no: IPv4 protocol is 6 (tcp), not 17 (udp)"),
    ],
)  # fmt: skip
def test_the_shortest_truthful_sentence(text: str, packet: bytes, sentence: str) -> None:
    assert trace(text, packet).sentence == sentence


def test_cut_packets_say_how_long_they_were() -> None:
    found = Tracer(made("tcp dst port 80")).trace(HTTP[:36], 54)
    assert found.sentence.endswith("(octets 36-37; captured 36 of 54 octets)")
    assert [fate.held for fate in found.fates] == [None]
    assert found.fates[0].why.startswith("the packet ends before")


def test_what_only_the_optimised_program_accepts() -> None:
    """It drops loads whose result nobody needs."""
    text = "ether[100] & 0 = 0"
    plain = trace(text, HTTP, optimize=False).sentence
    ended = "the packet ends before Ethernet octet 100 (octet 100; captured 54 octets)"
    assert plain == f"no: {ended}"
    found = trace(text, HTTP)
    assert found.verdict == reference_verdict(made(text), HTTP)
    assert found.matched
    assert found.sentence == f"yes: nothing is asked of it; before optimisation: no, {ended}"


def test_what_only_the_kernel_knows() -> None:
    found = trace("outbound", HTTP)
    assert found.sentence == "no: packet type (kernel) is not known of packets in captures"


def test_on_a_link_type_where_nothing_else_can_be() -> None:
    found = trace("arp", HTTP[14:], "IPV4", optimize=False)
    assert found.sentence == "no: on this link type, arp never holds"


def test_fields_of_one_name_are_told_apart() -> None:
    reads = dict(trace("geneve and ip6", TUNNEL).reads)
    assert (reads["EtherType"], reads["inner EtherType"]) == ("0x0800 (IPv4)", "0x86dd (IPv6)")
    chained = SIX[:20] + b"\x33" + SIX[21:54] + bytes.fromhex("3300 0000") + bytes(60)
    chained = chained[:55] + b"\x09" + chained[56:]
    reads = dict(trace("ip6 protochain 6", chained).reads)
    assert reads["AH next header"] == "51 (ah)"  # after which libpcap goes on in its middle
    assert reads["what is taken for AH next header (octet 58, AH index, octet 0)"] == "0"


def test_the_version_is_that_of_either_ip() -> None:
    assert (
        trace("tcp[13] & 2 != 0", SIX[14:], "RAW").sentence
        == "no: IP version is 6 (IPv6), not 4 (IPv4)"
    )
    assert trace("ip6", HTTP[14:], "RAW").sentence == "no: IP version is 4 (IPv4), not 6 (IPv6)"


def test_fates_reads_and_path() -> None:
    found = trace("tcp dst port 80 or udp", HTTP)
    assert [(fate.text, fate.held) for fate in found.fates] == [
        ("tcp dst port 80", True), ("udp", None),
    ]  # fmt: skip
    reads = dict(found.reads)
    assert reads["TCP destination port"] == "80"
    assert reads["IPv4 header length"] == "20 octets"
    assert found.path[0] == 0
    assert found.path[-1] == len(made("tcp dst port 80 or udp").program()) - 2


# ---- what never ends, and what is deep ----------------------------------------------------------


def test_of_many_reasons_some_are_told() -> None:
    reasons = [Reason(f"field {n}", str(n), "jset", "1", outcome=True) for n in range(1, 8)]
    told = "; ".join(f"field {n} is {n}, not 0" for n in range(1, 5))
    assert sentence(reasons[:4], "text") == told
    assert sentence(reasons, "text") == f"{told}; and 3 more"
    assert sentence(reasons[:1] * 9, "text") == "field 1 is 1, not 0"


def test_a_loop_that_never_ends() -> None:
    program = Program.of([(0x05, 0, 0, 2**32 - 1), (0x06, 0, 0, 1)])
    assert run(program, b"abc").end == "loop"


def test_deep_texts() -> None:
    assert trace("not " * 4001 + "tcp", DNS, optimize=False).matched
    found = trace(" or ".join(f"tcp port {n}" for n in range(1000, 1100)), HTTP)
    assert len(found.sentence) < 300
    nested = "ip[" * 60 + "0" + "]" * 60 + " = 1"
    assert not trace(nested, HTTP, optimize=False).matched


# ---- the command -------------------------------------------------------------------------------


def test_the_command(captures: Path, capsys: Captured) -> None:
    capture = str(captures / "ethernet.pcap")
    assert main(["trace", "-r", capture, "-c", "3", "tcp", "port", "80"]) == 0
    out = capsys.readouterr().out
    assert out.count("packet ") == 3
    assert out.count("    path  ") == 3
    assert "no: IPv4 protocol is 17 (udp), not 6 (tcp)" in out
    assert "\x1b" not in out
    assert main(["trace", "-q", "-r", capture, "tcp"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert sum(": " in line for line in lines) == pf.compile("").count(capture).seen
    assert sum("  yes: " in line for line in lines) == pf.compile("tcp").count(capture).matched


def test_every_interface_has_a_program_of_its_own(captures: Path, capsys: Captured) -> None:
    capture = str(captures / "mixed.pcapng")
    assert main(["trace", "-q", "-r", capture, "tcp port 80 or arp"]) == 0
    lines = capsys.readouterr().out.splitlines()
    count = pf.compile("tcp port 80 or arp").count(capture)
    assert (len(lines), sum("  yes: " in line for line in lines)) == count[:2]


def test_a_link_type_that_has_no_such_word_is_named(captures: Path, capsys: Captured) -> None:
    assert main(["trace", "-q", "-r", str(captures / "mixed.pcapng"), "vlan"]) == 1
    assert "hint: the capture has packets of link type LINUX_SLL" in capsys.readouterr().err


def test_faults(captures: Path, tmp_path: Path, capsys: Captured) -> None:
    assert main(["trace", "tcp"]) == 1
    assert "no input: name a capture" in capsys.readouterr().err
    assert main(["trace", "-r", str(tmp_path / "none"), "tcp"]) == 1
    assert main(["trace", "-r", str(captures / "ethernet.pcap"), "tcp prot"]) == 1
    assert "syntax error" in capsys.readouterr().err
    assert main(["trace", "-r", str(captures / "ethernet.pcap"), "-c", "0", "tcp"]) == 1
    assert main(["trace", "-q", "-r", str(captures / "ethernet-cut.pcap"), "tcp"]) == 1
    cut_short = capsys.readouterr()
    assert "truncated dump file" in cut_short.err
    assert len(cut_short.out.splitlines()) == 19
    empty = tmp_path / "empty"
    empty.write_bytes(b"")
    assert main(["trace", "-r", str(empty), "tcp"]) == 1
