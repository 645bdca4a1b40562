"""Golden trees: what the texts of the language mean, by small examples."""

from typing import cast

import pytest

from pcapfilter.errors import Span
from pcapfilter.expr.nodes import (
    V4,
    V6,
    And,
    Arith,
    Binary,
    Direction,
    Everything,
    Expr,
    Field,
    Length,
    LinkAddress,
    Load,
    Match,
    Name,
    Negate,
    Not,
    Number,
    Or,
    Proto,
    Protocol,
    Qualifier,
    Relation,
    Value,
    Word,
)
from pcapfilter.expr.words import CONSTANTS, KEYWORDS, SORTS
from pcapfilter.parser import parse


def port(number: int, proto: Proto | None = None, direction: Direction | None = None) -> Match:
    return Match(Qualifier(proto, direction, "port"), Number(number))


def host(value: Value) -> Match:
    return Match(Qualifier(kind="host"), value)


TCP, UDP, ARP = Protocol("tcp"), Protocol("udp"), Protocol("arp")
A, B, C = V4(0x01020304, 32), V4(0x01020305, 32), V4(0x01020306, 32)


@pytest.mark.parametrize(
    ("text", "expr"),
    [
        ("", Everything()),
        (" \t\r\n", Everything()),
        ("tcp", TCP),
        ("tcp port 80", port(80, "tcp")),
        ("tcp src port 80", port(80, "tcp", "src")),
        ("dst or src port 80", port(80, None, "src or dst")),
        ("dst and src port 80", port(80, None, "src and dst")),
        ("src 1.2.3.4", Match(Qualifier(direction="src"), A)),
        ("ip proto \\tcp", Match(Qualifier("ip", None, "proto"), Name("tcp", escaped=True))),
        ("gateway gw", Match(Qualifier(kind="gateway"), Name("gw"))),
        ("decnet host 1.300", Match(Qualifier("decnet", None, "host"), Name("1.300"))),
        ("wlan addr1 1:2:3:4:5:6",
         Match(Qualifier("link", "addr1"), LinkAddress(bytes([1, 2, 3, 4, 5, 6])))),
        ("portrange 80-90 or http-https",
         Or((Match(Qualifier(kind="portrange"), Name("80-90")),
             Match(Qualifier(kind="portrange"), Name("http-https"))))),
        ("ip broadcast", Word("broadcast", ("ip",))),
        ("multicast", Word("multicast", (None,))),
        ("vlan", Word("vlan")),
        ("vlan (5)", Word("vlan", (5,))),
        ("vlan tcp-syn", Word("vlan", (2,))),
        ("less 0x40", Word("less", (64,))),
        ("byte 5 & 6", Word("byte", (5, "&", 6))),
        ("on \\tcp", Word("ifname", ("tcp",))),
        ("rulenum 5", Word("rnr", (5,))),
        ("reason 5 or reason match", Or((Word("reason", (5,)), Word("reason", ("match",))))),
        ("llc", Word("llc")),
        ("llc rnr", Word("llc", ("rnr",))),
        ("wlan type mgt subtype 8", Word("type", ("mgt", 8))),
        ("subtype beacon", Word("subtype", ("beacon",))),
        ("direction 1", Word("dir", (1,))),
        ("lsu", Word("lssu")),
        ("vpi 5", Field("vpi", (("=", 5),))),
        ("vci >= 5", Field("vci", ((">=", 5),))),
        ("hopc (1 or 2 or 3)", Field("hopc", (("=", 1), ("=", 2), ("=", 3)))),
    ],
)  # fmt: skip
def test_primitive(text: str, expr: Expr) -> None:
    assert parse(text) == expr


@pytest.mark.parametrize(
    ("text", "expr"),
    [
        ("tcp or udp and arp", And((Or((TCP, UDP)), ARP))),
        ("tcp and udp or arp", Or((And((TCP, UDP)), ARP))),
        ("tcp or (udp and arp)", Or((TCP, And((UDP, ARP))))),
        ("tcp or udp or arp", Or((TCP, UDP, ARP))),
        ("(tcp or udp) or arp", Or((Or((TCP, UDP)), ARP))),
        ("((tcp))", TCP),
        ("not tcp and udp", And((Not(TCP), UDP))),
        ("! (tcp && udp) || arp", Or((Not(And((TCP, UDP))), ARP))),
        ("!!tcp", Not(Not(TCP))),
    ],
)
def test_and_or_not(text: str, expr: Expr) -> None:
    assert parse(text) == expr


@pytest.mark.parametrize(
    ("text", "expr"),
    [
        ("port 80 or 443", Or((port(80), port(443)))),
        ("tcp port 80 or not 443", Or((port(80, "tcp"), Not(port(443, "tcp"))))),
        ("port (80 or 443)", Or((port(80), port(443)))),
        ("port (not 80 and 90) or 5", Or((And((Not(port(80)), port(90))), port(5)))),
        # Parentheses inherit from outside, and hand nothing out.
        ("port 80 and (host 1.2.3.4) and 443", And((port(80), host(A), port(443)))),
        ("port 80 and (90 or (host 1.2.3.4 or 1.2.3.5) or port 100)", None),
        ("host 1.2.3.4 and (tcp or host 1.2.3.5) and 1.2.3.6",
         And((host(A), Or((TCP, host(B))), host(C)))),
        ("tcp or host 1.2.3.4 or 1.2.3.5", Or((TCP, host(A), host(B)))),
    ],
)  # fmt: skip
def test_inheritance(text: str, expr: Expr | None) -> None:
    if expr is None:
        with pytest.raises(ValueError, match="syntax error"):
            parse(text)
    else:
        assert parse(text) == expr


def n(number: int) -> Number:
    return Number(number)


IP0 = Load("ip", n(0), 1)


@pytest.mark.parametrize(
    ("text", "arith"),
    [
        ("1 + 2 * 3", Binary("+", n(1), Binary("*", n(2), n(3)))),
        ("8 - 4 - 2", Binary("-", Binary("-", n(8), n(4)), n(2))),
        ("1 | 2 & 3 << 4 + 5",
         Binary("|", n(1), Binary("&", n(2), Binary("<<", n(3), Binary("+", n(4), n(5)))))),
        ("1 << 2 >> 3", Binary(">>", Binary("<<", n(1), n(2)), n(3))),
        # % and ^ take all that follows, and only what stands next to them on the left.
        ("7 % 4 + 1", Binary("%", n(7), Binary("+", n(4), n(1)))),
        ("1 * 7 ^ 4 | 2", Binary("*", n(1), Binary("^", n(7), Binary("|", n(4), n(2))))),
        ("7 % 4 % 3", Binary("%", n(7), Binary("%", n(4), n(3)))),
        ("-7 % 4", Negate(Binary("%", n(7), n(4)))),
        ("-7 * 4", Binary("*", Negate(n(7)), n(4))),
        ("- -7", Negate(Negate(n(7)))),
        ("((1 + 2)) * (3)", Binary("*", Binary("+", n(1), n(2)), n(3))),
        ("ip[0] & 0xf", Binary("&", IP0, n(15))),
        ("ip[ip[0]:2]", Load("ip", IP0, 2)),
        ("wlan[010 : 4]", Load("link", n(8), 4)),
        ("length", Length()),
        ("tcp[tcpflags]", Load("tcp", Number(13, "tcpflags"), 1)),
    ],
)  # fmt: skip
def test_arithmetic(text: str, arith: Arith) -> None:
    assert parse(f"{text} = 1") == Relation("=", arith, n(1))
    assert parse(f"1 <= {text} and tcp") == And((Relation("<=", n(1), arith), TCP))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("10.1", V4(0x0A01, 16)),
        ("10.1.2", V4(0x0A0102, 24)),
        ("01.02.003.04", A),
        ("10.0.0.0/8", V4(0x0A000000, 32, prefix=8)),
        ("10.0/0x8", V4(0x0A00, 16, prefix=8)),
        ("10.0.0.0 mask 255.0", V4(0x0A000000, 32, mask=V4(0xFF00, 16))),
        ("10", Number(10)),
        ("::", V6(0)),
        ("1:2:3:4:5:6:7:8", V6(0x00010002000300040005000600070008)),
        ("1::8", V6(0x00010000000000000000000000000008)),
        ("::1.2.3.4", V6(0x01020304)),
        ("2001:db8::/32", V6(0x20010DB8 << 96, prefix=32)),
        ("host.example-1.org", Name("host.example-1.org")),
        ("1.2.3.4.5", Name("1.2.3.4.5")),
        ("TCP", Name("TCP")),
        ("\\80", Name("80", escaped=True)),
        ("\\a=b,c", Name("a=b,c", escaped=True)),
    ],
)
def test_value(text: str, value: Value) -> None:
    assert parse(f"net {text}") == Match(Qualifier(kind="net"), value)


@pytest.mark.parametrize(
    "text", ["1:2:3:a:b:c", "1-2-3-a-b-c", "1.2.3.a.b.c", "0102.030a.0b0C", "0102030a0b0c"]
)
def test_mac(text: str) -> None:
    octets = bytes([1, 2, 3, 10, 11, 12])
    assert parse(f"ether host {text}") == Match(
        Qualifier("link", None, "host"), LinkAddress(octets)
    )


def test_twelve_octal_digits_are_a_mac() -> None:
    assert parse("ether host 037777777777") == Match(
        Qualifier("link", None, "host"), LinkAddress(bytes.fromhex("037777777777"))
    )


@pytest.mark.parametrize("name", sorted(CONSTANTS))
def test_constant(name: str) -> None:
    assert parse(f"{name} = len") == Relation("=", Number(CONSTANTS[name], name), Length())


def test_all_spellings_of_a_protocol() -> None:
    for spelling, (sort, word) in KEYWORDS.items():
        if sort == "PROTO":
            assert parse(spelling) == parse(word) == Protocol(cast("Proto", word))
    assert sum(len(words) for words in SORTS.values()) == 109


def test_spans() -> None:
    text = "tcp port 80 or\n (not ip[0] + 1 = 2 and 1.2.3.4/32)".replace("1.2", "net 1.2")
    expr = parse(text)
    assert isinstance(expr, Or)

    def spelt(span: Span) -> str:
        return text[span.start : span.end]

    match, both = expr.terms
    assert isinstance(match, Match)
    assert isinstance(both, And)
    negated, net = both.terms
    assert isinstance(negated, Not)
    assert isinstance(negated.term, Relation)
    assert isinstance(net, Match)
    assert [spelt(s) for s in (expr.span, match.span, match.value.span)] == [
        text[:-1],
        "tcp port 80",
        "80",
    ]
    assert spelt(negated.span) == "not ip[0] + 1 = 2"
    assert spelt(negated.term.left.span) == "ip[0] + 1"
    assert (spelt(net.span), spelt(net.value.span)) == ("net 1.2.3.4/32", "1.2.3.4/32")


def test_span_of_parenthesised_arithmetic() -> None:
    expr = parse("(1 + (2)) * 3 = 4")
    assert isinstance(expr, Relation)
    assert isinstance(expr.left, Binary)
    assert expr.left.left.span == Span(0, 9)
    assert expr.span == Span(0, 17)
