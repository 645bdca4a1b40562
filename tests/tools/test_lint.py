"""What lint finds, where, and what it says to write instead; and that its claims are true."""

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

import pcapfilter as pf
from pcapfilter.bpf.program import NOTHING, Program
from pcapfilter.engine import reference
from pcapfilter.errors import Span
from pcapfilter.expr.nodes import And, Or
from pcapfilter.expr.text import to_text
from pcapfilter.parser import parse
from pcapfilter.tools.lint import Finding, Remarks, findings, inspect
from pcapfilter.tools.lint.rules import RULES
from pcapfilter.tools.lint.tree import changed, in_parentheses, on_the_way, outer, walk, without
from tests.strategies import draw

pytest.importorskip("z3")

Captured = pytest.CaptureFixture[str]

KNOWN = (
    # text, rule, the place, what to write (the last of the rewritings), and how that relates
    ("tcp[13] & 2 = 1", "never", "tcp[13] & 2 = 1", "tcp[13] & 2 != 0", "different"),
    (
        "port 80 and not tcp and not udp and not sctp",
        "never",
        "port 80 and not tcp and not udp and not sctp",
        "port 80 and not tcp and not udp",
        "different",
    ),
    ("tcp and (ip and ip6)", "never", "ip and ip6", None, None),
    ("ip[0] <= 255 or not ip", "always", "ip[0] <= 255 or not ip", None, None),
    (
        "not host 1.2.3.4 or host 5.6.7.8",
        "not",
        "not host 1.2.3.4",
        "not (host 1.2.3.4 or host 5.6.7.8)",
        "different",
    ),
    (
        "not host 1.2.3.4 or 5.6.7.8",
        "not",
        "not host 1.2.3.4",
        "not (host 1.2.3.4 or host 5.6.7.8)",
        "different",
    ),
    (
        "tcp or not port 80 and 443",
        "precedence",
        "tcp or not port 80 and 443",
        "tcp or (not port 80 and port 443)",
        "different",
    ),
    (
        "not port 80 and 443 and tcp",
        "not",
        "not port 80",
        "not (port 80 or port 443) and tcp",
        "different",
    ),
    (
        "tcp and not port 80 or 443",
        "not",
        "not port 80",
        "tcp and not (port 80 or port 443)",
        "different",
    ),
    (
        "tcp and not port 80 and 443 and ip",
        "not",
        "not port 80",
        "tcp and not (port 80 or port 443) and ip",
        "different",
    ),
    (
        "arp or not host 1.2.3.4 or 5.6.7.8",
        "not",
        "not host 1.2.3.4",
        "arp or not (host 1.2.3.4 or host 5.6.7.8)",
        "different",
    ),
    (
        "net 10 and not host 10.0.0.1 or 10.0.0.2 and tcp",
        "not",
        "not host 10.0.0.1",
        "(net 10 and not (host 10.0.0.1 or host 10.0.0.2)) and tcp",
        "different",
    ),
    (
        "port 80 or 443 and host 1.2.3.4",
        "precedence",
        "port 80 or 443 and host 1.2.3.4",
        "port 80 or (port 443 and host 1.2.3.4)",
        "different",
    ),
    (
        "vlan 5 or vlan 6",
        "shift",
        "vlan 6",
        "vlan and (ether[14:2] & 0xfff = 5 or ether[14:2] & 0xfff = 6)",
        "different",
    ),
    (
        "vlan 5 and ip or vlan 6",
        "shift",
        "vlan 6",
        "vlan and (ether[14:2] & 0xfff = 5 and ip or ether[14:2] & 0xfff = 6)",
        "different",
    ),
    (
        "host 1.2.3.4 and (vlan 5 or vlan 6)",
        "shift",
        "vlan 6",
        "(vlan and (ether[14:2] & 0xfff = 5 or ether[14:2] & 0xfff = 6)) and host 1.2.3.4",
        "different",
    ),
    ("ip and vlan or arp", "no-effect", "ip and vlan", "arp or (vlan and ip)", "different"),
    ("not vlan and ip", "shift", "ip", "ip and not vlan", "different"),
    ("vlan and ip or arp", "shift", "arp", "arp or (vlan and ip)", "different"),
    ("mpls or ip", "shift", "ip", "ip or mpls", "different"),
    ("pppoes or ip", "shift", "ip", "ip or pppoes", "different"),
    ("geneve or arp", "shift", "arp", "arp or geneve", "different"),
    (
        "(vlan 5 or host 1.2.3.4) and port 80",
        "shift",
        "host 1.2.3.4",
        "port 80 and (host 1.2.3.4 or vlan 5)",
        "different",
    ),
    ("tcp and tcp port 80", "no-effect", "tcp", "tcp port 80", "same"),
    ("tcp port 80 or tcp", "no-effect", "tcp port 80", "tcp", "same"),
    ("ip[0] > 300 or tcp", "no-effect", "ip[0] > 300", "tcp", "same"),
    (
        "udp[0:2] = 70000 or ip[8] > 3",
        "no-effect",
        "udp[0:2] = 70000",
        "ip[8] > 3",
        "same if whole",
    ),
    (
        "tcp[13] & 2 != 0",
        "ipv4-only",
        "tcp[13] & 2 != 0",
        "tcp[13] & 2 != 0 or (ip6[6] = 6 and ip6[53] & 2 != 0)",
        "different",
    ),
    ("udp[ip[0] & 0xf] = 1", "ipv4-only", "udp[ip[0] & 0xf] = 1", None, None),
    (
        "tcp[(tcp[12] & 0xf0) >> 2 : 4] = 0x47455420",
        "ipv4-only",
        "tcp[(tcp[12] & 0xf0) >> 2 : 4]",
        (
            "tcp[(tcp[12] & 0xf0) >> 2 : 4] = 0x47455420"
            " or (ip6[6] = 6 and ip6[40 + ((ip6[52] & 0xf0) >> 2):4] = 0x47455420)"
        ),
        "different",
    ),
    (
        "not udp[20] = 1",
        "short-packet",
        "udp[20] = 1",
        "not (len >= 35 + 4 * (ip[0] & 0xf) and udp[20] = 1)",
        "same if whole",
    ),
    (
        "ether[100] = 1 or udp",
        "short-packet",
        "ether[100] = 1",
        "(len >= 101 and ether[100] = 1) or udp",
        "same if whole",
    ),
    ("ip protochain 6", "kernel", "ip protochain 6", None, None),
    (
        "portrange 1-9 or " + " or ".join(f"port {n}" for n in range(20, 40)),
        "xt_bpf",
        "portrange 1-9 or port 20",
        "portrange 1-9 or portrange 20-39",
        "same",
    ),
    ("tcp port 80", "port", "tcp port 80", None, "different"),
    ("host 1.2.3.4", "arp", "host 1.2.3.4", "ip host 1.2.3.4", "different"),
    ("not host 1.2.3.4", "arp", "host 1.2.3.4", "not ip host 1.2.3.4", "different"),
)
QUIET = (
    # nothing is warned of
    "",
    "ip",
    "tcp port 80",
    "not (host 1.2.3.4 or 5.6.7.8)",
    "host 1.2.3.4 or 5.6.7.8",
    "(port 80 or 443) and host 1.2.3.4",
    "port 80 and host 1.2.3.4 or arp",
    "vlan and ip",
    "vlan 5 and vlan 6",
    "ip or vlan",
    "udp and not port 53",
    "(tcp and not port 80) or port 443",
    "tcp and not (port 80 or 443)",
    "tcp and not port 80 or udp",
    "ip and (tcp[13] & 2 != 0 or udp)",
    "ether[12:2] = 0x88cc",
    "icmp[0] = 8",
    "less 100 and ip",
)  # fmt: skip


def rule(found: list[Finding], name: str) -> Finding:
    return next(finding for finding in found if finding.rule == name)


@pytest.mark.parametrize(("text", "name", "place", "new", "relation"), KNOWN)
def test_known_cases(
    text: str, name: str, place: str, new: str | None, relation: str | None
) -> None:
    others = [other for row in RULES for other in row.names if other != name]
    finding = rule(findings(text, netmask=0, ignore=others), name)
    assert text[slice(*finding.span)].startswith(place)
    if new is not None:
        assert finding.rewritings[-1].text == new
    if relation is not None:
        assert finding.rewritings[-1].relation == relation
    shown = finding.lines(text)
    assert shown[0].endswith(f"[{name}]")
    assert set(shown[2].strip()) == {"^"}


@pytest.mark.parametrize("text", QUIET)
def test_what_is_fine_is_not_warned_of(text: str) -> None:
    assert [f for f in findings(text, netmask=0) if f.level == "warning"] == []


def test_what_is_read_is_spelled_out() -> None:
    found = rule(findings("not host 1.2.3.4 or host 5.6.7.8"), "not")
    assert "holds for `host 1.2.3.4` alone" in found.reason
    assert found.rewritings[0].text == "(not host 1.2.3.4) or host 5.6.7.8"
    assert found.rewritings[0].relation == "same"


def test_reasons_tell_of_the_numbers() -> None:
    assert "& 0x2 is never 0x1" in findings("tcp[13] & 2 = 1")[0].reason
    assert "is 255 at most" in rule(findings("ip[0] > 300 or tcp"), "no-effect").reason
    core = findings("udp and port 80 and not tcp and not udp and not sctp")[0]
    assert "`udp`, `not udp` exclude each other" in core.reason


@pytest.mark.parametrize("link", ["EN10MB", "RAW", "LINUX_SLL2"])
def test_claims_are_true(link: str, rng: Random, sweep: float, captures: Path) -> None:
    """A witness goes different ways; what is the same selects the same of real packets."""
    name = {"EN10MB": "ethernet.pcap", "RAW": "raw.pcap", "LINUX_SLL2": "linux_sll2.pcap"}[link]
    packets = [p.data.ljust(2000, b"\0") for p in pf.compile("").read(str(captures / name))]
    claims = 0
    for _ in range(int(8 * sweep)):
        text = draw(rng, link)
        if "protochain" in text:
            continue
        try:
            made = pf.compile(text, link=link, netmask=0)
            made.program()
        except pf.FilterError:
            continue
        for finding in inspect(made, timeout=2).findings:
            assert 0 <= finding.span.start < finding.span.end <= len(text)
            if finding.rule in {"never", "always"}:
                claims += 1
                for packet in packets:
                    assert made.matches(packet) == (finding.rule == "always"), text
            for rewriting in finding.rewritings:
                if rewriting.relation == "unproved":
                    continue
                claims += 1
                one, other = (_program(t, link) for t in (text, rewriting.text))
                if rewriting.witness is not None:
                    pair = [
                        bool(reference.run(program, rewriting.witness, rewriting.wirelen))
                        for program in (one, other)
                    ]
                    assert pair == [not rewriting.theirs, rewriting.theirs], (text, rewriting)
                if rewriting.relation == "same":
                    for packet in packets:
                        verdicts = {bool(reference.run(p, packet)) for p in (one, other)}
                        assert len(verdicts) == 1, (text, rewriting)
    assert claims > 4 * sweep


def _program(text: str, link: str) -> Program:
    try:
        return pf.compile(text, link=link, netmask=0).program()
    except pf.RejectsAllError:
        return NOTHING


def test_findings_that_bear_on_a_packet() -> None:
    text = "tcp[13] & 2 != 0 and not host 1.2.3.4"
    made = pf.compile(text)
    syn6 = bytes.fromhex(
        "000000000001000000000002 86dd 60000000 0014 06 40" + "20010db8" + "00" * 11 + "01"
        "20010db8" + "00" * 11 + "02" + "30390050 00000001 00000000 5002ffff 00000000"
    )
    remarks = Remarks(made)
    assert [finding.rule for finding in remarks.on(syn6)] == ["ipv4-only"]
    assert remarks.on(bytes(60)) == []


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("ip and vlan", "vlan and ip"),
        ("tcp port 0x50 and vlan 5 and ip", "vlan 5 and tcp port 0x50 and ip"),
        ("ip and mpls", "mpls and ip"),
        ("ip6 and pppoes", "pppoes and ip6"),
        ("arp and (vlan 5 and vlan 6)", "vlan 5 and vlan 6 and arp"),
    ],
)
def test_what_wraps_others_has_to_come_first(text: str, meant: str) -> None:
    """The likely intention is offered beside leaving it out; proved to select other packets."""
    found = rule(findings(text), "never").rewritings
    assert found[0].text in {meant, meant.replace("vlan 5 and vlan 6", "(vlan 5 and vlan 6)")}
    assert found[0].relation == "different"
    assert found[0].theirs
    assert found[-1].purpose.startswith("without")


# ---- trees and texts ---------------------------------------------------------------------------


def test_parentheses_belong_to_what_they_enclose() -> None:
    text = "((a) or ( b and (c) )) and d"
    assert text[slice(*outer(text, Span(2, 3)))] == "(a)"
    assert text[slice(*outer(text, Span(10, 18)))] == "( b and (c) )"
    assert in_parentheses("( ip )", Span(2, 4))
    assert not in_parentheses("(ip) and (arp)", Span(1, 13))
    assert outer("ip", Span(0, 2)) == Span(0, 2)


def test_terms_are_left_out_of_the_text(rng: Random, sweep: float) -> None:
    """The text without a term says what the tree without it says."""
    kept = 0
    for _ in range(int(60 * sweep)):
        text = draw(rng, "EN10MB")
        try:
            root = parse(text)
        except pf.FilterError:
            continue
        for path, _node in walk(root):
            if path and isinstance(on_the_way(root, path)[-2], And | Or):
                shorter = without(text, root, path)
                assert to_text(parse(shorter)) in _readings(to_text(changed(root, path, None)))
                kept += shorter in text or shorter.split()[0] == text.split()[0]
    assert kept > 20


def _readings(text: str) -> Iterator[str]:
    yield text
    yield to_text(parse(text))


def test_any_text_can_be_looked_at(rng: Random, sweep: float) -> None:
    for _ in range(int(10 * sweep)):
        link = rng.choice(["EN10MB", "IEEE802_11_RADIO", "PPP", "SUNATM"])
        text = draw(rng, link)
        try:
            made = pf.compile(text, link=link, netmask=0)
            made.program()
        except pf.FilterError:
            continue
        for finding in inspect(made, timeout=1).findings:
            lines = finding.lines(text)
            marks = [n for n, line in enumerate(lines) if line.strip(" \t^") == "" and "^" in line]
            assert marks == [2]
            assert len(lines) == 3 + 3 * len(finding.rewritings)


# ---- the command -------------------------------------------------------------------------------


def test_deep_arithmetic_is_looked_at() -> None:
    for depth in (400, 3000):
        text = f"tcp[13] = {'-' * depth} 1"
        assert rule(findings(text, ignore=["no-effect"]), "ipv4-only").span == Span(0, len(text))
