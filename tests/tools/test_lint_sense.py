"""Filters that people asked about in public: what lint says of them answers the question."""

import pytest

import pcapfilter as pf
from pcapfilter.tools.lint import Finding, Remarks, findings, inspect

pytest.importorskip("z3")

GET = "tcp[((tcp[12:1] & 0xf0) >> 2):4] = 0x47455420"
POST = "tcp[((tcp[12:1] & 0xf0) >> 2):4] = 0x504f5354"
DNS = "not (arp or tcp or udp port 53)"

ANSWERS = (
    # text, rule, what is said, the last of the rewritings, and how that relates
    (
        "not host 10.0.0.1 or not host 10.0.0.2",
        "not",
        "excludes only what is all of `host 10.0.0.1`, `host 10.0.0.2` at once",
        "not (host 10.0.0.1 or host 10.0.0.2)",
        "different",
    ),
    (
        "tcp port 443 and not host 1.1.1.1 or host 8.8.8.8",
        "not",
        "what follows `or` (`host 8.8.8.8`) is asked for",
        "tcp port 443 and not (host 1.1.1.1 or host 8.8.8.8)",
        "different",
    ),
    (
        "tcp[tcpflags] & tcp-syn = tcp-syn and tcp[13] & 0x10 = 0",
        "ipv4-only",
        "none of the 2 tests holds",
        (
            "(tcp[tcpflags] & tcp-syn = tcp-syn or (ip6[6] = 6 and ip6[53] & tcp-syn = tcp-syn))"
            " and (tcp[13] & 0x10 = 0 or (ip6[6] = 6 and ip6[53] & 0x10 = 0))"
        ),
        "different",
    ),
    (
        "tcp and not tcp[13] = 2",
        "ipv4-only",
        "this never holds",
        "tcp and not (tcp[13] = 2 or (ip6[6] = 6 and ip6[53] = 2))",
        "different",
    ),
    (
        "tcp port 80 and (ip[2:2] - ((ip[0]&0xf)<<2)) - ((tcp[12]&0xf0)>>2) != 0",
        "ipv4-only",
        "this never holds",
        "tcp port 80 and (ip and (ip[2:2] - ((ip[0]&0xf)<<2)) - ((tcp[12]&0xf0)>>2) != 0)",
        "same",
    ),
    (
        "(mpls && mpls && port 161) or (mpls && port 161)",
        "shift",
        "are looked for behind the MPLS label",
        "mpls and (port 161 or (mpls and port 161))",
        "different",
    ),
    (
        "(vlan and udp port 68) or (vlan and arp) or udp port 68",
        "shift",
        "are looked for 4 octets on",
        "udp port 68 or (vlan and (udp port 68 or arp))",
        "different",
    ),
    (
        "(vlan 0xAAA and ip) or (vlan 0xBBB and arp)",
        "shift",
        "after `vlan 0xAAA`, `vlan 0xBBB`, `arp` are looked for",
        "vlan and ((ether[14:2] & 0xfff = 0xAAA and ip) or (ether[14:2] & 0xfff = 0xBBB and arp))",
        "different",
    ),
    (
        "port 80 or 3306 and (vlan and (port 80 or 3306))",
        "never",
        "`port 80 or 3306`, `vlan and (port 80 or 3306)` exclude each other",
        "port 80 or 3306",
        "different",
    ),
    ("ip[1] & 0xfc == 46", "never", "never 0x2e", "(ip[1] & 0xfc) >> 2 = 46", "different"),
    ("tcp[12] & 0xf0 = 5", "never", "never 0x5", "(tcp[12] & 0xf0) >> 4 = 5", "different"),
    ("ip[6:2] & 0x2000 = 1", "never", "never 0x1", "ip[6:2] & 0x2000 != 0", "different"),
    (
        "tcp[13] & 2 = 2 and tcp[13] & 4 != 1",
        "no-effect",
        "so this always holds",
        "tcp[13] & 2 = 2 and tcp[13] & 4 = 0",
        "different",
    ),
    (
        f"not ({GET})",
        "short-packet",
        "before `tcp[(tcp[12] & 0xf0) >> 2:4]`",
        (
            "not (len >= 18 + 4 * (ip[0] & 0xf) + ((tcp[12] & 0xf0) >> 2)"
            " and tcp[(tcp[12] & 0xf0) >> 2:4] = 0x47455420)"
        ),
        "same if whole",
    ),
    (f"{DNS} or (vlan and {DNS})", "no-effect", "adds no packet", DNS, "same"),
)

ONCE_SAID = (
    # text, what can be left out, the term that says it as well
    ("icmp and icmp[icmptype] = icmp-echo", "icmp", "icmp[icmptype] = icmp-echo"),
    ("ip and tcp[13] & 2 != 0", "ip", "tcp[13] & 2 != 0"),
    ("ip6 and ip6[6] = 44", "ip6", "ip6[6] = 44"),
    ("tcp and tcp port 80", "tcp", "tcp port 80"),
    ("not ether broadcast and not ether multicast", "not ether broadcast", "not ether multicast"),
    ("not arp and icmp", "not arp", "icmp"),
    ("broadcast or multicast", "broadcast", "multicast"),
)

QUIET = (
    # nothing is warned of
    f"{GET} or {POST} and ip",
    "not (src net 10 and dst net 10)",
    "not (port 22) or tcp",
    "ip and tcp[13] & 2 != 0 and tcp[2:2] = 80",
    "mpls and (port 161 or (mpls and port 161))",
    "udp or (vlan and udp)",
    "tcp and not port 80 or udp port 53",
)


def of_rule(text: str, name: str) -> list[Finding]:
    return [found for found in findings(text, netmask=0) if found.rule == name]


@pytest.mark.parametrize(("text", "name", "said", "new", "relation"), ANSWERS)
def test_the_question_is_answered(text: str, name: str, said: str, new: str, relation: str) -> None:
    [found] = of_rule(text, name)
    assert said in found.reason
    assert found.level == "warning"
    assert found.rewritings[-1].text == new
    assert found.rewritings[-1].relation == relation


@pytest.mark.parametrize(("text", "spare", "beside"), ONCE_SAID)
def test_what_is_said_twice_is_a_note(text: str, spare: str, beside: str) -> None:
    [found] = of_rule(text, "no-effect")
    assert found.level == "note"
    assert found.reason.startswith(f"`{spare}` can be left out")
    held = "holds where it does" if " or " in text else "asks for it"
    held = "excludes it anyway" if spare.startswith("not") else held
    assert found.reason.endswith(f": `{beside}` {held}")


def test_an_alternative_within_a_not_is_warned_of() -> None:
    assert [f.level for f in of_rule("not icmp or udp port 53", "no-effect")] == ["warning"]


@pytest.mark.parametrize("text", QUIET)
def test_no_warning_without_a_reason(text: str) -> None:
    quiet = [f for f in findings(text, netmask=0) if f.level == "warning"]
    assert [f for f in quiet if f.rule not in {"ipv4-only", "precedence"}] == []


@pytest.mark.parametrize(
    ("text", "behind"),
    [
        ("udp", "udp or (vlan and udp)"),
        ("tcp and not port 22", "(tcp and not port 22) or (vlan and (tcp and not port 22))"),
        ("not tcp", "not tcp and not (vlan and tcp)"),
        ("! (tcp or udp)", "! (tcp or udp) and not (vlan and (tcp or udp))"),
        ("arp or not ip", "(arp or not ip) and not (vlan and not (arp or not ip))"),
    ],
)
def test_packets_with_a_tag_are_missed_or_let_through(text: str, behind: str) -> None:
    [found] = of_rule(text, "tag")
    assert found.level == "note"
    [rewriting] = found.rewritings
    assert rewriting.text == behind
    assert rewriting.relation == "different"


@pytest.mark.parametrize(
    "text", ["vlan and udp", "ether host 1:2:3:4:5:6", "less 100", "tcp and udp", ""]
)
def test_nothing_is_said_of_tags_where_they_are_no_matter(text: str) -> None:
    assert of_rule(text, "tag") == []
    made = pf.compile("udp", source="live")
    assert [f for f in inspect(made).findings if f.rule == "tag"] == []
    assert [f for f in findings("udp", link="RAW") if f.rule == "tag"] == []


def test_a_remark_on_a_packet_with_a_tag() -> None:
    packet = bytes(12) + bytes.fromhex("81000005 0800 45") + bytes(8) + b"" + bytes(40)
    assert [f.rule for f in Remarks(pf.compile("udp")).on(packet)] == ["tag"]


@pytest.mark.parametrize(
    ("text", "either"),
    [
        ("port 80 and 443", "port 80 or port 443"),
        ("tcp port 80 and tcp port 443 and ip", "(tcp port 80 or tcp port 443) and ip"),
        ("arp or (port 8080 and port 8081)", "arp or (port 8080 or port 8081)"),
    ],
)
def test_a_port_at_each_end(text: str, either: str) -> None:
    [found] = of_rule(text, "ends")
    assert found.level == "note"
    [rewriting] = found.rewritings
    assert rewriting.text == either
    assert rewriting.relation == "different"


@pytest.mark.parametrize(
    "text",
    [
        "port 80 or 443",
        "port 67 and port 68",
        "host 10.0.0.1 and port 53 and port 40000",
        "src port 80 and dst port 443",
        "port 80 and 443 and 22",
        "port 80 and port 80",
    ],
)
def test_two_ports_may_be_meant(text: str) -> None:
    assert of_rule(text, "ends") == []


def test_what_the_kernel_is_taken_to_say_is_told() -> None:
    [found] = of_rule("tcp[13] = 2 or outbound", "ipv4-only")
    assert "the kernel says: type is " in found.rewritings[0].sample


def test_what_still_never_matches_is_not_proposed() -> None:
    [never] = of_rule("sctp and esp and tcp port 23", "never")
    assert never.rewritings == ()


def test_a_place_has_its_parentheses() -> None:
    [never] = of_rule("(arp or udp port 234) and vlan 12", "never")
    assert never.span.start == 0
    assert "`arp or udp port 234`, `vlan 12`" in never.reason


def test_parts_of_what_is_spare_are_not_told_again() -> None:
    text = f"{DNS} and (vlan and {DNS})"
    assert [text[slice(*found.span)] for found in of_rule(text, "no-effect")] == [DNS]
