"""What a text that does not parse is answered: libpcap's message, the place, a hint."""

import pickle

import pytest

from pcapfilter.errors import FilterError, FilterSyntaxError, Span
from pcapfilter.parser import parse
from pcapfilter.parser.display import FIELDS, FLAGS, PROTOCOLS, translate

SYNTAX_ERROR = "can't parse filter expression: syntax error"
CAPTURE_FILTER = "this is a Wireshark display filter; the capture filter is"
NOTHING_TO_INHERIT = "syntax error in filter expression"


def fault(text: str) -> FilterError:
    with pytest.raises(FilterError) as caught:
        parse(text)
    return caught.value


@pytest.mark.parametrize(
    ("text", "message", "spelt"),
    [
        ("tcp prot 80", SYNTAX_ERROR, "prot"),
        ("tcp port", SYNTAX_ERROR, ""),
        ("tcp port  \n", SYNTAX_ERROR, ""),
        (")", SYNTAX_ERROR, ")"),
        ("port 80 ~", SYNTAX_ERROR, "~"),
        ("host \u00e9", SYNTAX_ERROR, "\u00e9"),
        ("host 1\x0b", SYNTAX_ERROR, "\x0b"),
        ("less (5)", SYNTAX_ERROR, "("),
        ("action 5", SYNTAX_ERROR, "5"),
        ("vpi (5 or > 6)", SYNTAX_ERROR, ">"),
        ("tcp and 80", NOTHING_TO_INHERIT, "80"),
        ("vlan 5 and foo", NOTHING_TO_INHERIT, "foo"),
        ("(port 80) and not (1.2.3.4)", NOTHING_TO_INHERIT, "1.2.3.4"),
    ],
)
def test_syntax_error(text: str, message: str, spelt: str) -> None:
    error = fault(text)
    assert type(error) is FilterSyntaxError
    assert error.message == message
    assert error.span is not None
    assert text[error.span.start : error.span.end] == spelt
    assert error.text == text


@pytest.mark.parametrize(
    ("text", "message", "spelt"),
    [
        ("port 08", "number 08 contains non-octal digit", "08"),
        ("port 4294967296", "number 4294967296 overflows 32 bits", "4294967296"),
        ("port 0x100000000", "number 0x100000000 overflows 32 bits", "0x100000000"),
        ("port 05000000000000", "number 05000000000000 overflows 32 bits", "05000000000000"),
        ("port 050000000000008", "number 050000000000008 overflows 32 bits", "050000000000008"),
        ("host 1:2:3:4:5", "bogus ethernet address 1:2:3:4:", "1:2:3:4:"),
        ("host 1::2::3", "bogus ethernet address 1::2::", "1::2::"),
        ("host ::1.2.3.256", "bogus IPv6 address ::1.2.3.256", "::1.2.3.256"),
        ("host ::1.2.03.4", "bogus IPv6 address ::1.2.03.4", "::1.2.03.4"),
        ("host 256.1", "invalid IPv4 address '256.1'", "256.1"),
        ("host 0x1.2", "invalid IPv4 address '0x1.2'", "0x1.2"),
        ("net 10.0.0.0/33", "mask length must be <= 32", "33"),
        ("net ::/129", "mask length must be <= 128", "129"),
        ("net 10.1/8", 'non-network bits set in "10.1/8"', "10.1/8"),
        ("net 10.1 mask 255.0", 'non-network bits set in "10.1 mask 255.0"', "10.1 mask 255.0"),
        ("net ::1/64", 'non-network bits set in "::1/64"', "::1/64"),
        ("ip[0:3] = 1", "data size must be 1, 2, or 4", "3"),
        ("port 300.1", "'port' modifier applied to ip host", "300.1"),
        ("tcp and 10.0/8", "Mask syntax for networks only", "10.0/8"),
        ("tcp and ::1", "invalid qualifier against IPv6 address", "::1"),
        ("tcp and 1:2:3:4:5:6", "ethernet address used in non-ether expression", "1:2:3:4:5:6"),
        ("tcp and $a5", "aid supported only on ARCnet", "$a5"),
    ],
)
def test_bad_value(text: str, message: str, spelt: str) -> None:
    error = fault(text)
    assert (error.message, error.hint) == (message, "")
    assert error.span is not None
    assert text[error.span.start : error.span.end] == spelt


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("prot 80", "did you mean `port`?"),
        ("tcp[tcpflags] & tcp-sny != 0", "did you mean `tcp-syn`?"),
        ("icmp[icmptype] = icmp-ecoh", "did you mean `icmp-echo`?"),
        ("host a adn port 80", "did you mean `and`?"),
        ("tcp port http and prrot 90", "did you mean `proto`?"),
        ("icmpv6 adn 5", "did you mean `icmp6`?"),
        ("TCP port 80", "words are written in small letters: `tcp`"),
        ("(tcp and (udp or arp)", "the `(` of column 1 is never closed"),
        ("ip[0", "the `[` of column 3 is never closed"),
        ("tcp)", "the `)` closes nothing"),
        ("ip[0] => 4", "write `>=`"),
        ("ip[0] =< 4", "write `<=`"),
        ("ip[0] <> 4", "write `!=`"),
        ("len-1 > 5", "a dash joins words: put blanks around the minus, as in `len - 1`"),
        ("1.2.3.4", "say what `1.2.3.4` is, as in `host 1.2.3.4`"),
        ("80", "say what `80` is, as in `port 80`"),
        ("tcp 80", "say what `80` is, as in `tcp port 80`"),
        ("not 1:2:3:4:5:6", "say what `1:2:3:4:5:6` is, as in `ether host 1:2:3:4:5:6`"),
        ("tcp and 80", "say what `80` is, as in `port 80`"),
        ("ip proto tcp", "`tcp` is a keyword: where a name is meant, write `\\tcp`"),
        ("net 10/8",
         "a network of one part has no dot to tell it from a number: write all its parts"),
        ("port 80 udp", "join the two with `and` or `or`"),
        ("src tcp port 80", "the order is protocol, direction, kind, as in `tcp src port 80`"),
        ("tcp or", "the text ends where something more is wanted"),
        ("host 1.2.3.4 %", ""),
        ("http.host == 1",
         "`http.host` is a field of Wireshark's display filters, not of capture filters"),
        ("tcp.port == 80 && ip.src == 10.0.0.1",
         f"{CAPTURE_FILTER} `tcp port 80 and ip src host 10.0.0.1`"),
        ("http", f"{CAPTURE_FILTER} `tcp port 80`"),
        ('udp contains "x"',
         ("`contains` is an operator of Wireshark's display filters; a capture filter "
          "compares octets at a known place, as in `udp[8:4] = 0x12345678`")),
    ],
)  # fmt: skip
def test_hint(text: str, hint: str) -> None:
    assert fault(text).hint == hint


@pytest.mark.parametrize(
    ("display", "capture"),
    [
        ("ip.addr == 10.0.0.0/8", "ip net 10.0.0.0/8"),
        ("ip.addr != 10.0.0.1", "not ip host 10.0.0.1"),
        ("!(eth.addr eq 1:2:3:4:5:6)", "not (ether host 1:2:3:4:5:6)"),
        ("tcp.flags.syn == 1 and tcp.flags.ack == 0",
         "tcp[tcpflags] & tcp-syn != 0 and tcp[tcpflags] & tcp-ack = 0"),
        ("frame.len gt 100", "len > 100"),
        ("tcp.port in {80, 443}", "tcp port (80 or 443)"),
        ("dns or icmpv6", "port 53 or icmp6"),
        ("dhcp and ip.ttl < 5", "(udp port 67 or udp port 68) and ip[8] < 5"),
        # Wireshark's `and` binds tighter than its `or`.
        ("tcp.port==1 or udp.port==2 and arp", "tcp port 1 or (udp port 2 and arp)"),
        ("tcp port 80", None),
        ("host www.http.example", None),
        ("tcp.len > 5", None),
        ("", None),
    ],
)  # fmt: skip
def test_translate_display_filter(display: str, capture: str | None) -> None:
    assert translate(display) == capture


@pytest.mark.parametrize("field", [*FIELDS, *FLAGS])
def test_each_display_field_has_a_capture_filter_that_parses(field: str) -> None:
    value = "1"
    for part, example in (("addr", "1.2.3.4"), ("src", "1.2.3.4"), ("dst", "1.2.3.4")):
        value = example if part in field and "port" not in field else value
    if field.startswith(("eth.", "wlan.")) and field != "eth.type":
        value = "1:2:3:4:5:6"
    capture = translate(f"{field} == {value}")
    assert capture is not None
    parse(capture)


@pytest.mark.parametrize("name", PROTOCOLS)
def test_each_display_protocol_has_a_capture_filter_that_parses(name: str) -> None:
    capture = translate(name)
    assert capture is not None
    parse(capture)


def test_error_draws_the_caret() -> None:
    assert str(fault("tcp\nport 80 adn udp")) == (
        f"{SYNTAX_ERROR}\n  port 80 adn udp\n          ^^^\nhint: did you mean `and`?"
    )


def test_error_survives_pickling() -> None:
    error = pickle.loads(pickle.dumps(fault("port 80 and")))
    assert (error.message, error.span, error.text) == (SYNTAX_ERROR, Span(11, 11), "port 80 and")
