"""Expr -> text: canonical, with no more parentheses than needed, and it parses back."""

import pytest

from pcapfilter.expr.text import to_text
from pcapfilter.parser import parse


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("", ""),
        ("port 80 or 443", "port 80 or port 443"),
        ("dst or src port 0x50", "src or dst port 80"),
        ("tcp port (80 or not 443)", "tcp port 80 or not tcp port 443"),
        ("wlan host 1-2-3-4-5-6", "ether host 01:02:03:04:05:06"),
        ("fddi[0:1] == 1", "ether[0] = 1"),
        ("net 010.1", "net 10.1"),
        ("net 10.0/8", "net 10.0/8"),
        ("net 10.0 mask 255.0", "net 10.0 mask 255.0"),
        ("net 2001:DB8:0:0:0:0:0:0/32", "net 2001:db8::/32"),
        ("ip proto \\tcp", "ip proto \\tcp"),
        ("decnet host 01.0300", "decnet host 01.0300"),
        ("(tcp or udp) and arp", "tcp or udp and arp"),
        ("tcp or (udp and arp)", "tcp or (udp and arp)"),
        ("(tcp or udp) or arp", "(tcp or udp) or arp"),
        ("!(tcp and udp)", "not (tcp and udp)"),
        ("! ! (tcp)", "not not tcp"),
        ("(ip[0]&0xf)*4 + (1) > 5", "(ip[0] & 15) * 4 + 1 > 5"),
        ("1 + 2 * 3 - 4 = len", "1 + 2 * 3 - 4 = len"),
        ("1 - (2 - 3) = len", "1 - (2 - 3) = len"),
        ("7 % 4 + 1 = 2", "7 % (4 + 1) = 2"),
        ("(7 % 4) + 1 = 2", "(7 % 4) + 1 = 2"),
        ("-7 % 4 = 2", "-(7 % 4) = 2"),
        ("(-7) % 4 = 2", "(-7) % 4 = 2"),
        ("1 - - 7 = 2", "1 - -7 = 2"),
        ("tcp[tcpflags] & (tcp-syn|tcp-ack) != 0", "tcp[tcpflags] & (tcp-syn | tcp-ack) != 0"),
        ("ether broadcast or multicast", "ether broadcast or multicast"),
        ("byte 05 = 6", "byte 5 = 6"),
        ("wlan type mgt subtype beacon", "type mgt subtype beacon"),
        ("on \\tcp or on \\80 or on eth0.5", "ifname \\tcp or ifname \\80 or ifname eth0.5"),
        ("llc rulenum or llc i", "llc rnr or llc i"),
        ("vci (1 or 2) and vpi = 3 and vci > 4", "vci (1 or 2) and vpi 3 and vci > 4"),
        ("link host $a5", "ether host $a"),
    ],
)
def test_canonical(text: str, canonical: str) -> None:
    expr = parse(text)
    assert to_text(expr) == canonical
    assert parse(canonical) == expr
