"""Explanations: every text has one, and what they say is what the programs do."""

import random

import pytest

import pcapfilter as pf
from pcapfilter.bpf.text import listing
from pcapfilter.cli import main
from pcapfilter.codegen.cfg import Graph
from pcapfilter.codegen.optimize import Work
from pcapfilter.errors import FilterError
from pcapfilter.expr.words import SORTS
from pcapfilter.tools.explain import changes, explain
from pcapfilter.tools.provenance import build_tracked
from tests.strategies import ALL, draw, fill, support
from tests.vocabulary import FAMILIES, RESOLVER

Captured = pytest.CaptureFixture[str]


def made(text: str, link: str = "EN10MB", *, optimize: bool = True) -> pf.Filter:
    """A Filter that is not compiled yet."""
    options = pf.compile("", link=link, netmask=0).options
    return pf.Filter(text, options._replace(optimize=optimize, resolver=RESOLVER))


def said(text: str, link: str = "EN10MB") -> list[str]:
    return [row.text for row in explain(made(text, link)).statements]


@pytest.mark.parametrize(
    ("text", "read_as"),
    [
        ("not host 1.2.3.4 or host 5.6.7.8", "(not host 1.2.3.4) or host 5.6.7.8"),
        ("not host 1.2.3.4 or 5.6.7.8", "(not host 1.2.3.4) or host 5.6.7.8"),
        ("tcp or udp and ip6", "(tcp or udp) and ip6"),
        ("tcp and udp or ip6", "(tcp and udp) or ip6"),
        ("tcp port 80 or 443", "tcp port 80 or tcp port 443"),
        ("not (tcp or udp)", "not (tcp or udp)"),
        ("not not ip", "not not ip"),
        ("", ""),
    ],
)
def test_precedence_and_inheritance_are_made_visible(text: str, read_as: str) -> None:
    assert explain(made(text)).read_as == read_as


@pytest.mark.parametrize(
    ("text", "read_as"),
    [
        ("ip[6:2] & 0x1fff != 0", "ip[6:2] & 0x1fff != 0"),
        ("tcp[13] & 0xD = 13", "tcp[13] & 0xd = 13"),
        ("ip[6:2] & 8191 != 0", "ip[6:2] & 8191 != 0"),
        ("ether proto 0x88cc or 0x806 or 2054", ("ether proto 0x88cc or ether proto 0x806 or"
         " ether proto 2054")),
        ("host 10.0.0.16 and ip[0x10] = 0x10", "host 10.0.0.16 and ip[16] = 0x10"),
        ("vlan 0x64 and port 100", "vlan 0x64 and port 100"),
    ],
)  # fmt: skip
def test_numbers_are_as_they_were_written(text: str, read_as: str) -> None:
    found = explain(made(text))
    assert found.read_as == read_as
    assert {row.origin for row in found.rows} <= {
        "",
        *read_as.split(" and "),
        *read_as.split(" or "),
    }


@pytest.mark.parametrize(
    ("text", "about"),
    [
        ("len > 100", "packet length > 100?"),
        ("ip[2:2] > ip[0] & 0xf", "IPv4 total length > IPv4 header length?"),
        ("tcp[13] = ip[0]", "TCP flags = IP version and header length?"),
        ("tcp[13] & 0x12 = 0x12", "TCP flags & 0x12 = 0x12?"),
        ("tcp[13] & 0x12 != 0", "TCP flags & 0x12 not 0?"),
        ("len - 20 > ip[2:2] * 2", "packet length - 20 > IPv4 total length * 2?"),
        ("ip[ip[0]] & 3 = 0", "IPv4 octet [IP version and header length] & 3 not 0?"),
        ("tcp[2:2] - tcp[0:2] = 0", "TCP destination port - TCP source port = 0?"),
    ],
)
def test_comparisons_say_with_what(text: str, about: str) -> None:
    assert [row.about for row in explain(made(text)).rows if row.about.endswith("?")][-1] == about


def test_broadcast_says_by_which_netmask() -> None:
    assert said("ip broadcast") == [
        "the IPv4 destination address is 255.255.255.255 or 0.0.0.0 (the netmask is taken to be 0)"
    ]
    options = made("ip broadcast").options._replace(netmask=0xFFFFFF00)
    (row,) = explain(pf.Filter("ip broadcast", options)).statements
    assert row.text == (
        "the IPv4 destination address has a host part of zeros or ones alone"
        " (netmask 255.255.255.0)"
    )


def test_a_text_is_optimised_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """And not anew for its program, its origins and lint: that takes seconds for 1,000 hosts."""
    begun = []
    begin = Work.__init__

    def counted(work: Work, graph: Graph, *, strict: bool = True, blurred: bool = False) -> None:
        begun.append(graph)
        begin(work, graph, strict=strict, blurred=blurred)

    monkeypatch.setattr(Work, "__init__", counted)
    assert main(["explain", "host 1.2.3.4"]) == 0
    assert len([graph for graph in begun if graph is begun[0]]) == 1
    assert len(begun) == 2  # and lint's rewriting


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "host 1.2.3.4",
            ("the IPv4 source or destination address, or the ARP or RARP sender or target address,"
            " is 1.2.3.4"),
        ),
        ("src host 1.2.3.4", ("the IPv4 source address, or the ARP or RARP sender address,"
         " is 1.2.3.4")),
        ("ip dst host 1.2.3.4", "the IPv4 destination address is 1.2.3.4"),
        ("ip6 host ::1", "the IPv6 source or destination address is ::1"),
        ("net 10", ("the IPv4 source or destination address, or the ARP or RARP sender or target"
         " address, is within 10.0.0.0/8")),
        ("ip src net 10.1.0.0/16", "the IPv4 source address is within 10.1.0.0/16"),
        ("tcp", "IPv4 or IPv6 carrying TCP"),
        ("icmp", "IPv4 carrying ICMP"),
        ("ip proto 6", "IPv4 carrying protocol 6 (tcp)"),
        ("ether proto 0x806", "the link layer carries protocol 0x0806 (ARP)"),
        ("tcp[13] & 2 != 0", "tcp[13] & 2 is not 0 (in IPv4 carrying TCP, no later fragment)"),
        ("len > 100", "the packet's length is greater than 100"),
        ("vlan 5", ("a VLAN tag (EtherType 0x8100, 0x88a8 or 0x9100) with VLAN number 5;"
         " what follows in the text is looked for behind it")),
        ("less 60", "the packet is 60 octets long or shorter"),
        ("ether src 1:2:3:4:5:6", "the Ethernet source address is 01:02:03:04:05:06"),
        ("", "every packet"),
    ],
)  # fmt: skip
def test_implicit_parts_are_spelled_out(text: str, words: str) -> None:
    assert said(text) == [words]


def test_words_do_not_say_what_programs_do_not_do() -> None:
    """libpcap tests a field of ATM for equality where `!=` is written, and so do we."""
    assert said("vpi != 5", "SUNATM") == [
        "the ATM virtual path is (as in libpcap, != is taken for = here) 5"
    ]
    assert said("len - tcp[0] = 5") == ["len - tcp[0] is 5"]
    assert said("tcp[0] - ip[0] = len")[0].endswith("(in IPv4 carrying TCP, no later fragment)")
    assert said("tcp port icmp-unreach")[0].startswith("the TCP source or destination port is 3 ")


def test_behind_mpls_there_is_no_arp() -> None:
    assert said("mpls and host 1.2.3.4")[-1] == (
        "behind the MPLS label: the IPv4 source or destination address is 1.2.3.4"
    )


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("port \\80", "port is 80 "),
        ("portrange 90-80x", "port is within 80 to 90 "),
        ("portrange \\80-http", "port is within 80 to http "),
        ("decnet net 10.0.4.0/24", "address is 1.0 (of 10.0.4.0/24, the lower 16 bits)"),
        ("decnet host 1.2.3", "address is 1.2"),
        ("decnet host 1026", "address is 1.2"),
    ],
)
def test_numbers_are_told_as_they_are_read(text: str, asked: str) -> None:
    assert asked in f"{said(text)[-1]}"


def test_what_is_looked_for_behind_which_headers() -> None:
    tag = "a VLAN tag (EtherType 0x8100, 0x88a8 or 0x9100)"
    follows = "; what follows in the text is looked for behind it"
    assert said("vlan 5 and ip or vlan 6")[2:] == [
        f"{tag} with VLAN number 5{follows}",
        "behind the VLAN tag: IPv4",
        f"behind the VLAN tag: {tag} with VLAN number 6{follows}",
    ]
    assert said("not vlan and ether src 1:2:3:4:5:6 and len > 3")[2:] == [
        "the Ethernet source address is 01:02:03:04:05:06",
        "the packet's length is greater than 3",
    ]
    assert said("geneve and vlan and ether src 1:2:3:4:5:6 and ip")[3:] == [
        "behind the Geneve tunnel: the Ethernet source address is 01:02:03:04:05:06",
        "behind the Geneve tunnel and the VLAN tag: IPv4",
    ]


def test_nested_statements() -> None:
    rows = explain(made("ip and not (tcp or not udp)")).statements
    assert [(row.depth, row.text.split(" ")[0]) for row in rows] == [
        (0, "all"), (1, "IPv4"), (1, "none"), (2, "IPv4"), (2, "not:"),
    ]  # fmt: skip
    assert [row.text for row in explain(made("not not ip")).statements] == ["not:", "not: IPv4"]


def test_rows_are_the_listing() -> None:
    for text in ("tcp port 80", "ip protochain 6", ""):
        one = made(text)
        rows = explain(one).rows
        assert [row.listing for row in rows] == listing(one.program()).expandtabs().splitlines()
        assert [row.about for row in rows if "ret" in row.listing] in (
            ["accept", "reject"], ["accept"],
        )  # fmt: skip


def test_equal_code_for_two_protocols_is_named_for_both() -> None:
    rows = explain(made("host 1.2.3.4")).rows
    assert "ARP or RARP sender address" in {row.about for row in rows}


def test_what_can_never_match_is_said_so() -> None:
    found = explain(made("tcp and udp and ip and arp"))
    assert found.never
    assert not explain(made("tcp", optimize=False)).never


@pytest.mark.parametrize("family", FAMILIES)
def test_every_word_has_words(family: str, rng: random.Random) -> None:
    """On a link type that has it; nothing is left as the bare text of the program's author."""
    for template in FAMILIES[family]:
        links = [link for link, taken in support().items() if template in taken]
        if not links:
            continue
        try:
            found = explain(made(fill(rng, template), links[0]))
        except FilterError:  # what was drawn does not go together
            continue
        for row in found.statements:
            assert row.node is None or " " in row.text or row.text[0].isupper(), row
            assert "None" not in row.text


def test_words_are_made_for_all_of_the_vocabulary() -> None:
    """Each sort of word stands in some template that the test before explains."""
    templates = " ".join(" ".join(rows) for rows in FAMILIES.values())
    for sort, words in SORTS.items():
        if sort not in {"AND", "OR", "NOT", "MASK"}:
            assert any(word in templates for word in words), sort


def test_any_text_is_explained(rng: random.Random, sweep: float) -> None:
    links = sorted(support())
    for number in range(round(250 * sweep)):
        link = links[number % len(links)]
        one = made(draw(rng, link, ALL), link, optimize=number % 4 != 0)
        try:
            build_tracked(one)
        except FilterError:
            continue
        try:
            found = explain(one)
        except FilterError:  # the optimiser refuses, a division by zero say
            continue
        assert len(found.rows) == len(found.provenance.program)
        assert all(row.text for row in found.statements)


def test_changes_lead_from_the_first_program_to_the_last(rng: random.Random) -> None:
    """Line by line: what came and went, applied to what was there."""
    for _ in range(40):
        one = made(draw(rng, "EN10MB"))
        try:
            steps = [*changes(one)]
        except FilterError:
            continue
        lines: dict[int, list[str]] = {}
        for step in steps:
            for number, edits in step.blocks:
                old = [edit.text for edit in edits if edit.sign != "+"]
                if number in lines:
                    assert lines[number] == old
                lines[number] = [edit.text for edit in edits if edit.sign != "-"]


def test_thousands_of_terms() -> None:
    text = "not " * 2000 + "ip" + " or tcp and udp" * 300
    found = explain(made(text, optimize=False))
    assert len(found.statements) > 600


def test_the_command(capsys: Captured) -> None:
    assert main(["explain", "--passes", "not host 1.2.3.4 or host 5.6.7.8"]) == 0
    out = capsys.readouterr().out
    assert "read as  (not host 1.2.3.4) or host 5.6.7.8" in out
    assert "IPv4 source address = 1.2.3.4?" in out
    assert "retarget: no edge goes to a test whose outcome is known on it" in out
    assert "\x1b" not in out
    assert main(["explain", "-O", "-y", "RAW", "tcp", "port", "80"]) == 0
    assert "on       RAW (Raw IP)" in capsys.readouterr().out
    assert main(["explain", "--passes", ""]) == 0


def test_faults_are_one_message(capsys: Captured) -> None:
    assert main(["explain", "tcp prot 80"]) == 1
    assert capsys.readouterr().err.startswith("pcapfilter: can't parse filter expression")
    assert main(["explain", "-y", "MTP3", "tcp"]) == 1
    assert "link-layer type filtering not implemented" in capsys.readouterr().err
    assert main(["explain", "-x", "tcp"]) == 1


def abouts(text: str, *, optimize: bool = True) -> list[str]:
    return [row.about for row in explain(made(text, optimize=optimize)).rows]


@pytest.mark.parametrize(
    ("text", "about"),
    [
        ("ip src net 172.16.0.0/12", "IPv4 source address within 172.16.0.0/12?"),
        ("net 10.1.2.0 mask 255.255.254.0", "IPv4 destination address within 10.1.2.0/23?"),
        ("net 10.0.0.0/8", "ARP or RARP sender address within 10.0.0.0/8?"),
        ("pppoes and ip dst net 10.0.0.0/9", "IPv4 destination address within 10.0.0.0/9?"),
        ("geneve and src net 10.0.0.0/9", "inner IPv4 source address within 10.0.0.0/9?"),
        ("ip[12] = 10", "IPv4 source address, octet 0 = 10?"),
        ("tcp[13] & 3 != 0", "TCP flags, bits 6-7 not 0?"),
    ],
)
def test_a_masked_address_is_a_network(text: str, about: str) -> None:
    assert about in abouts(text)


@pytest.mark.parametrize("text", ["tcp[13] & 2 != 0", "udp[8] = 1", "sctp[12] = 0", "pim[0] = 32"])
def test_what_ipv6_has_there_is_not_called_ipv4(text: str) -> None:
    """Before optimisation the test for the protocol looks at both; only the octets are IPv4's."""
    found = abouts(text, optimize=False)
    assert any(about.startswith("IPv6 next header = 44 (fragment header)") for about in found)
    assert any(about.startswith("fragment header next header = ") for about in found)
    assert not any(about.startswith("IPv4 flags and fragment offset =") for about in found)
    assert "IPv4 fragment offset not 0?" in found


def test_ip_multicast_is_said_to_have_broadcast_in_it() -> None:
    assert "to 255.255.255.255, broadcast included" in said("ip multicast")[0]


@pytest.mark.parametrize(
    ("text", "link", "read_as"),
    [
        ("wlan[0] = 0x80", "IEEE802_11", "wlan[0] = 0x80"),
        ("wlan addr1 2:0:0:0:0:1", "IEEE802_11", "wlan addr1 02:00:00:00:00:01"),
        ("link[0:1] & 0xff != 0", "EN10MB", "link[0] & 0xff != 0"),
        ("ether[0] = 1 or ppp[0] = 1", "PPP", "ether[0] = 1 or ppp[0] = 1"),
        ("ether src 2:0:0:0:0:1", "EN10MB", "ether src 02:00:00:00:00:01"),
    ],
)
def test_the_link_layer_is_called_as_it_was_written(text: str, link: str, read_as: str) -> None:
    found = explain(made(text, link))
    assert found.read_as == read_as
    assert {row.origin for row in found.rows} <= {"", *read_as.split(" or ")}


@pytest.mark.parametrize(
    ("text", "words", "about"),
    [
        (
            "type mgt subtype beacon", "an 802.11 frame of type mgt and subtype beacon",
            "802.11 type and subtype = 32 (beacon)?",
        ),
        (
            "wlan[0] & 0xfc = 0xb4", "wlan[0] & 0xfc is 0xb4",
            "802.11 type and subtype = 45 (rts)?",
        ),
        (
            "dir tods", "an 802.11 frame to an access point (To DS is set, From DS is not)",
            "802.11 From DS and To DS flags = 1 (tods)?",
        ),
        ("dir 7", "an 802.11 frame whose direction is 7", "reject"),
    ],
)  # fmt: skip
def test_frames_of_802_11_are_called_by_their_names(text: str, words: str, about: str) -> None:
    assert said(text, "IEEE802_11") == [words]
    found = explain(made(text, "IEEE802_11"))
    assert about in [row.about for row in found.rows]
