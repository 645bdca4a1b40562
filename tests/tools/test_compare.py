"""pf.compare: what can be compared, what comes out, and witnesses that look like traffic."""

import io
import re
import sys
import time
from pathlib import Path

import pytest

import pcapfilter as pf
from pcapfilter.bpf import isa
from pcapfilter.bpf.program import Program
from pcapfilter.bpf.text import listing
from pcapfilter.ebpf import text as ebpf_text
from tests import oracle

pytest.importorskip("z3")

from pcapfilter.tools.compare import Comparison, NoSolverError
from pcapfilter.tools.compare.bearing import bearing
from pcapfilter.tools.layers import finish
from pcapfilter.tools.prove import Different, Same, Unknown, Witness


def confirmed(found: Comparison) -> tuple[Witness, ...]:
    """The witnesses, on each of which libpcap's bpf_filter differs as well."""
    for witness in found.witnesses:
        verdicts = [
            bool(oracle.Machine(side.program).run(witness.packet, witness.wirelen))  # type: ignore[arg-type] # classic ones
            for side in found.sides
        ]
        assert verdicts == [witness.first, not witness.first]
    return found.witnesses


def test_same() -> None:
    found = pf.compare("host 1.2.3.4 and port 80", "port 80 and host 1.2.3.4")
    assert found
    assert found.same is True
    assert found.complete == found.every == Same(None, None)
    assert not found.witnesses
    assert "the same, proved" in str(found)


@oracle.needs_libpcap
def test_different() -> None:
    found = pf.compare("tcp port 80 or 443", "tcp port 80 or 444", count=4)
    assert not found
    assert found.same is False
    assert len(confirmed(found)) == 4
    assert len({witness.packet for witness in found.witnesses}) == 4
    assert "a packet" not in str(found)
    assert "packet 4 that" in str(found)


RECORDED = [
    # What tcpdump 4.99.3 with libpcap 1.10.3 prints for `link[0:1] & 0xffffffff != 0`.
    f"@{Path(__file__).parent.parent.parent / 'corpus' / 'bpf' / f'all-ones-mask-{kind}.txt'}"
    for kind in ("optimised", "unoptimised")
]


def test_the_recorded_mistake_of_libpcap() -> None:
    """Its two listings of one expression differ."""
    found = pf.compare(*RECORDED)
    [witness] = found.witnesses
    assert found.same is False
    assert witness.first
    assert witness.packet[0] == 0


@oracle.needs_libpcap
def test_bpf_filter_agrees_that_they_differ() -> None:
    assert len(confirmed(pf.compare(*RECORDED, count=5))) >= 1
    text = "link[0:1] & 0xffffffff != 0"
    for listed, optimize in zip(RECORDED, (True, False), strict=True):
        assert pf.compare(listed, oracle.compile(text, optimize=optimize), strict=True)


@pytest.mark.parametrize(
    "text", ["tcp[13] & 2 = 1", "port 80 and not tcp and not udp and not sctp"]
)
def test_never_matches(text: str) -> None:
    nothing = pf.compile("ip and not ip")
    assert pf.compare(text, nothing, strict=True, optimize=False)
    assert pf.compare(text, "", only="A", strict=True)
    assert not pf.compare(text, "", only="B")


@oracle.needs_libpcap
def test_only_one_side() -> None:
    wide, narrow = "tcp port 80 or 443", "tcp port 443"
    assert pf.compare(wide, narrow, only="B")
    found = pf.compare(wide, narrow, only="A", count=3)
    assert all(witness.first for witness in confirmed(found))
    assert len(found.witnesses) == 3
    assert "none is selected by B alone" in str(pf.compare(wide, narrow, only="B"))


@oracle.needs_libpcap
def test_grades() -> None:
    looks = pf.compile("ip[30] = 1 or ip", optimize=False)
    found = pf.compare(looks, "ip")
    assert isinstance(found.complete, Same)
    assert isinstance(found.every, Different)
    assert found.same is True
    assert "ends before what is looked for" in str(found)
    assert len(confirmed(found)) == 1
    strict = pf.compare(looks, "ip", strict=True)
    assert strict.same is False
    [witness] = strict.witnesses
    assert len(witness.packet) < witness.wirelen


def test_listings(tmp_path: Path) -> None:
    made = pf.compile("udp port 53", netmask=0)
    program = made.program()
    for style in ("d", "dd", "ddd"):
        (tmp_path / style).write_text(listing(program, style) + "\n", encoding="utf-8")
        assert pf.compare(f"@{tmp_path / style}", made, strict=True)
    for host in ("user", "socket", "tc", "xdp"):
        (tmp_path / host).write_text(ebpf_text.listing(made.ebpf(host)), encoding="utf-8")
        assert pf.compare(f"@{tmp_path / host}", made, strict=True).sides[0].host == host
        assert pf.compare(made.ebpf(host), "udp port 54", host=host).same is False


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_listings_with_comments(ending: str, tmp_path: Path) -> None:
    made = pf.compile("tcp port 80", link="RAW", netmask=0)
    head = {
        "d": "# made on\n; the router",
        "dd": "/* made on\n   the router */",
        "ddd": "// router",
    }
    for style, remark in head.items():
        text = f"{remark}\n{made.listing(style)}\n\n# end\n"
        if style == "dd":
            text = text.replace("},\n", "},  /* one */  // two\n")
        (tmp_path / style).write_bytes(text.replace("\n", ending).encode())
        assert pf.compare(f"@{tmp_path / style}", made, strict=True)


@pytest.mark.parametrize("form", ["{}", "{},", '"{}"\n', "  {}\n"])
def test_a_listing_for_the_firewall(form: str, tmp_path: Path) -> None:
    made = pf.compile("udp dst port 53", link="RAW", netmask=0)
    joined = made.listing("ddd").replace("\n", ",")
    (tmp_path / "bytecode").write_text(form.format(joined))
    assert pf.compare(f"@{tmp_path / 'bytecode'}", made, strict=True)


def test_what_is_nearly_for_the_firewall_is_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "bytecode").write_text(f"20,{'123456 ' * 400}x")
    with pytest.raises(pf.ProgramError, match="neither a listing of tcpdump"):
        pf.compare(f"@{tmp_path / 'bytecode'}", "ip")


def test_listings_with_source(tmp_path: Path) -> None:
    """bpftool shows names of functions and lines of the source where it has them."""
    made = pf.compile("udp", netmask=0)
    rows = ebpf_text.listing(made.ebpf("xdp")).splitlines()
    rows = ["int filter(struct xdp_md * ctx):", "; int filter(struct xdp_md *ctx)", *rows]
    rows[3:3], rows[6:6] = ["; int i; /* counts"], ["; i = 0; /* so far */"]
    (tmp_path / "dump").write_text("\n".join(rows), encoding="utf-8")
    assert pf.compare(f"@{tmp_path / 'dump'}", made, strict=True)


def test_listing_by_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    made = pf.compile("udp", netmask=0)
    monkeypatch.setattr("sys.stdin", io.StringIO(made.listing()))
    assert pf.compare("@-", made, strict=True)


@pytest.mark.parametrize(
    "text", ["", "   \n", "tcp port 80", "(000) nonsense", "3\n6 0 0 0", "0: (95) nonsense"]
)
def test_what_is_no_listing(text: str, tmp_path: Path) -> None:
    path = tmp_path / "odd"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(pf.ProgramError, match=r"odd: "):
        pf.compare(f"@{path}", "tcp")


def test_listings_without_meaning(tmp_path: Path) -> None:
    (tmp_path / "stray").write_text("1\n5 0 0 9\n", encoding="utf-8")
    with pytest.raises(pf.ProgramError, match="stray: instruction 0: jump out of the program"):
        pf.compare(f"@{tmp_path / 'stray'}", "tcp")
    (tmp_path / "ebpf").write_text("0: (79) r0 = *(u64 *)(r3 +0)\n1: (95) exit\n", encoding="utf-8")
    with pytest.raises(pf.ProgramError, match=r"ebpf: on host user, socket, tc, xdp: \S+ 0: "):
        pf.compare(f"@{tmp_path / 'ebpf'}", "tcp")


@pytest.mark.parametrize("cut", [7, 20])
def test_a_truncated_listing_of_ebpf(cut: int, tmp_path: Path) -> None:
    """The fault is told once, and not for each host."""
    path = tmp_path / "cut"
    rows = ebpf_text.listing(pf.compile("port 80").ebpf("xdp")).splitlines()
    path.write_text("\n".join(rows[:cut]), encoding="utf-8")
    with pytest.raises(pf.ProgramError) as caught:
        pf.compare(f"@{path}", "tcp")
    assert re.fullmatch(
        r".*/cut: instruction \d+: (runs past the end|jump out of the program)", str(caught.value)
    )


def test_lines_are_counted_with_those_of_the_source(tmp_path: Path) -> None:
    (tmp_path / "odd").write_text("; int f()\n0: (b7) r0 = 1\n\n1: (95) leave\n")
    with pytest.raises(pf.ProgramError, match="odd: line 4: "):
        pf.compare(f"@{tmp_path / 'odd'}", "tcp")


def test_missing_file() -> None:
    with pytest.raises(FileNotFoundError):
        pf.compare("@/does/not/exist", "tcp")


@pytest.mark.parametrize(
    ("one", "other", "link"),
    [
        ("tcp port 80", "tcp port 81", "EN10MB"),
        ("udp port 53", "udp dst port 53", "EN10MB"),
        ("icmp", "ip", "RAW"),
        ("icmp6", "ip6", "LINUX_SLL2"),
        ("vlan 5 and tcp", "vlan and tcp", "EN10MB"),
        ("arp host 1.2.3.4", "arp src 1.2.3.4", "EN10MB"),
        ("greater 200", "greater 300", "EN10MB"),
        ("ip[2:2] > 100", "ip[2:2] > 99", "EN10MB"),
        ("ip6 protochain 6", "ip6 proto 6", "EN10MB"),
        ("sctp port 5", "sctp src port 5", "EN10MB"),
        ("pppoes 3 and ip", "pppoes and ip", "EN10MB"),
        ("mpls 16 and ip", "mpls and ip", "EN10MB"),
        ("tcp port 80", "udp port 80", "IEEE802_11_RADIO"),
        ("ip6 host 2001:db8::9", "ip6", "IEEE802_11"),
        ("tcp[13] & 2 != 0", "tcp[13] & 2 != 0 or ip6[53] & 2 != 0", "EN10MB"),
    ],
)
def test_witnesses_look_like_traffic(one: str, other: str, link: str) -> None:
    """Lengths and checksums are right, addresses those for documentation unless asked for."""
    [witness] = pf.compare(one, other, link=link, netmask=0).witnesses
    octets = bytearray(witness.packet)
    assert len(octets) == witness.wirelen
    finish.checksums(octets, link)
    assert octets == witness.packet
    if link == "EN10MB":
        assert octets[:12].hex(":") == "02:00:00:00:00:02:02:00:00:00:00:01"
        assert 60 <= len(octets) <= 300


def test_octets_that_only_other_ways_read_are_usual() -> None:
    """The solver gives them some value; on the way of this packet nobody looks at them."""
    told = str(pf.compare("udp", "icmp", link="IEEE802_11"))
    assert "IPv4 flags                       2 (do not fragment)" in told
    assert "IPv4 fragment offset             0" in told
    assert "802.11 type                      2 (LLC)" in told
    assert "UDP destination port             50000" in told


def test_explained_field_by_field() -> None:
    told = str(pf.compare("not host 1.2.3.4 or host 5.6.7.8", "not (host 1.2.3.4 or host 5.6.7.8)"))
    assert "that A selects and B does not: 60 octets" in told
    assert "IPv4 destination                 5.6.7.8" in told
    assert "AB  12-13    Ethernet type                    0x0800 (IPv4)" in told


def test_scratch_cells_that_are_read_unset() -> None:
    """`geneve or ...` reads what only the way through geneve has stored."""
    found = pf.compare("geneve or tcp port 80", "geneve or tcp port 81")
    assert found.same is False
    assert "(scratch cells that are read unset: A M[0], M[2]; B M[0], M[2]; 0 here," in str(found)
    same = pf.compare("geneve or ip", "not not (geneve or ip)")
    assert same.complete == Same(None, None, unset=True)
    assert "proved (with 0 in scratch cells in which nothing was stored)" in str(same)


@oracle.needs_libpcap
def test_witnesses_that_read_nothing_unset_come_first() -> None:
    rows = [
        (isa.LD | isa.B | isa.ABS, 0, 0, 0),
        (isa.JMP | isa.JEQ | isa.K, 2, 0, 1),
        (isa.LD | isa.MEM, 0, 0, 3),
        (isa.JMP | isa.JEQ | isa.K, 0, 1, 0),
        (isa.RET | isa.K, 0, 0, 1),
        (isa.RET | isa.K, 0, 0, 0),
    ]
    found = pf.compare(Program.of(rows), Program.of(rows[-1:]), count=2)
    first, second = found.witnesses
    assert first.packet[0] == 1
    assert [side.unset(*first[:2], {}) for side in found.sides] == [(), ()]
    assert [side.unset(*second[:2], {}) for side in found.sides] == [(3,), ()]
    confirmed(found._replace(witnesses=(first,)))


def test_lint_takes_what_is_left_of_the_time() -> None:
    one, other = "not host 1.2.3.4 or host 5.6.7.8", "not (host 1.2.3.4 or host 5.6.7.8)"
    found = pf.compare(one, other, timeout=20)
    assert 0 < found.left < 20
    assert list(bearing(found, "A", "A"))[1] == "lint says of A:"
    for left in (0.0, found.a.seconds):
        assert list(bearing(found._replace(left=left), "A", "this")) == [
            "",
            "lint was not asked about this: no time was left (--timeout)",
        ]


def test_time_limit() -> None:
    found = pf.compare("tcp port 80", "tcp port 81", timeout=1e-9)
    assert found.same is None
    assert isinstance(found.complete, Unknown)
    assert "unknown: undecided in " in str(found)


def test_turns_without_end_are_no_time_without_end() -> None:
    """Also what comes before the solver keeps to the time."""
    started = time.monotonic()
    found = pf.compare("ip6 protochain 6", "ip6 protochain 17", turns=10**6, timeout=0.5)
    assert found.same is None
    assert time.monotonic() - started < 5


def test_live_programs_are_told_the_same() -> None:
    found = pf.compare("inbound", "outbound", source="live", netmask=0)
    assert found.same is False
    assert "the kernel says: type is" in str(found)


def test_without_z3(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("pcapfilter.tools.prove")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "z3", None)
    with pytest.raises(NoSolverError, match=r"pip install 'pcapfilter-engine\[prove\]'"):
        pf.compare("tcp", "udp")


def test_other_things_are_refused() -> None:
    with pytest.raises(TypeError, match="not a filter"):
        pf.compare(5, "tcp")  # type: ignore[arg-type] # that is the test


@pytest.mark.parametrize(
    ("option", "value"),
    [("only", ""), ("only", "C"), ("host", "moon"), ("count", -1), ("turns", -1)],
)
def test_options_that_are_none(option: str, value: str | int) -> None:
    with pytest.raises(ValueError, match=f"{option} must be "):
        pf.compare("tcp", "udp", **{option: value})  # type: ignore[arg-type] # that is the test


def test_link_type_of_a_filter() -> None:
    """Texts are compiled for the link type of a Filter beside them."""
    raw = pf.compile("tcp port 80", link="RAW")
    assert pf.compare(raw, "tcp and port 80").link.name == "RAW"
    assert pf.compare("tcp and port 80", raw)
    assert pf.compare(raw, "tcp and port 80", link="EN10MB").same is False


def test_a_length_that_decides_is_shown() -> None:
    shown = str(pf.compare("greater 1500", "len > 1500")).splitlines()
    assert "  AB           length on the wire               1500" in shown
    shown = str(pf.compare("tcp and less 100", "tcp")).splitlines()
    assert any(line.startswith("  A            length on the wire  ") for line in shown)
    assert "length on the wire" not in str(pf.compare("tcp", "udp"))
