"""The code generator by itself: names, refusals with their place, registers, sizes."""

import pytest

from pcapfilter.bpf.text import listing
from pcapfilter.codegen.build import Target
from pcapfilter.codegen.pipeline import build_graph, generate
from pcapfilter.errors import FilterError, Span, UnknownNameError, UnsupportedError
from pcapfilter.net.linktype import resolve
from pcapfilter.net.names import NoResolver, Resolver, TableResolver
from pcapfilter.parser import parse

NAMES = TableResolver(
    hosts={"both": ("192.0.2.1", "2001:db8::1"), "old": ("192.0.2.2",)},
    numbers={
        "tcp": {"web": 80, "twice": 7},
        "udp": {"twice": 7, "dns": 53},
        "network": {"lab": 10},
    },
    ethers={"printer": bytes(range(1, 7))},
)


def code(
    text: str, link: str = "EN10MB", *, netmask: int | None = None, names: Resolver | None = None
) -> str:
    """The unoptimised listing."""
    return listing(
        generate(
            parse(text), link=resolve(link), snaplen=65535, netmask=netmask,
            resolver=names or NAMES, optimize=False,
        )
    )  # fmt: skip


def test_a_listing() -> None:
    """One whole listing, as `tcpdump -O -d -s 65535 'vlan 5 and ip'` prints it."""
    assert code("vlan 5 and ip").splitlines() == [
        "(000) ldh      [12]",
        "(001) jeq      #0x8100          jt 6\tjf 2",
        "(002) ldh      [12]",
        "(003) jeq      #0x88a8          jt 6\tjf 4",
        "(004) ldh      [12]",
        "(005) jeq      #0x9100          jt 6\tjf 12",
        "(006) ldh      [14]",
        "(007) and      #0xfff",
        "(008) jeq      #0x5             jt 9\tjf 12",
        "(009) ldh      [16]",
        "(010) jeq      #0x800           jt 11\tjf 12",
        "(011) ret      #65535",
        "(012) ret      #0",
    ]


def test_the_empty_text_takes_all() -> None:
    """One instruction, with the snapshot length."""
    assert code("") == "(000) ret      #65535"


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("tcp port web", "tcp port 80"),
        ("port web", "tcp port 80"),
        ("port twice", "port 7"),
        ("port dns", "udp port 53"),
        ("portrange dns-dns", "udp portrange 53-53"),
        ("host old", "host 192.0.2.2"),
        ("host both", "host 192.0.2.1 or host 2001:db8::1"),
        ("ip6 host both", "ip6 host 2001:db8::1"),
        ("net lab", "net 10.0.0.0/8"),
        ("decnet net lab", "decnet net 10.0.0.0/8"),
        ("ether host printer", "ether host 1:2:3:4:5:6"),
        ("ether proto \\arp", "arp"),
    ],
)
def test_names_mean_what_the_resolver_says(text: str, same: str) -> None:
    """A name compiles to what it stands for."""
    assert code(text) == code(same)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("host nobody", "unknown host 'nobody'"),
        ("ip6 host old", "unknown host 'old' for specified address family"),
        ("port nothing", "unknown port 'nothing'"),
        ("udp port web", "port 'web' is tcp"),
        ("net nowhere", "unknown network 'nowhere'"),
        ("ether host nobody", "unknown ether host 'nobody'"),
        ("proto nothing", "unknown ip proto 'nothing'"),
    ],
)
def test_unknown_names(text: str, message: str) -> None:
    """libpcap's words, and the place of the name."""
    with pytest.raises(FilterError, match=message) as caught:
        code(f"ip and {text}")
    start = 7 + text.rindex(" ") + 1
    assert caught.value.span == Span(start, 7 + len(text))


def test_an_unknown_name_is_an_unknown_name_error() -> None:
    """So that callers can tell a missing name from a fault of the text."""
    with pytest.raises(UnknownNameError):
        code("host anyone", names=NoResolver())


def test_a_refusal_of_the_link_type_is_told_apart() -> None:
    """`vlan` is fine in itself, but there is none on a loopback interface."""
    with pytest.raises(UnsupportedError, match="no VLAN support for BSD loopback"):
        code("vlan", "NULL")


def test_a_link_type_that_libpcap_does_not_know() -> None:
    """Every filter is refused there."""
    with pytest.raises(UnsupportedError, match="unknown data link type 290"):
        code("ip", "ETW")


def test_the_netmask_counts_for_broadcast() -> None:
    """Unknown, it is a refusal; known, its host part must be all ones or all zeros."""
    with pytest.raises(FilterError, match="netmask not known"):
        code("ip broadcast")
    with pytest.raises(FilterError, match="netmask not known"):
        code("ip broadcast", netmask=0xFFFFFFFF)
    assert "and      #0xff" in code("ip broadcast", netmask=0xFFFFFF00)


@pytest.mark.parametrize("word", ["ifname", "rset"])
def test_names_in_the_log_of_pf_are_octets(word: str) -> None:
    """Fifteen of them fit; those of a name that is no UTF-8 are taken as they are."""
    assert code(f"{word} \\{'ä' * 7}", "PFLOG") != code(f"{word} \\{'ä' * 6}", "PFLOG")
    with pytest.raises(FilterError, match="names can only be 15 characters"):
        code(f"{word} \\{'ä' * 8}", "PFLOG")
    assert "#0xff " in code(f"{word} \\\udcff", "PFLOG")


def test_registers_run_out_as_in_libpcap() -> None:
    """Sixteen operands fit, the seventeenth does not."""
    assert code("len+(" * 14 + "len" + ")" * 14 + " = 1")
    nested = "len+(" * 16 + "len" + ")" * 16
    with pytest.raises(FilterError, match="too many registers needed to evaluate expression"):
        code(f"{nested} = 1")


@pytest.mark.parametrize(
    "text",
    [
        " or ".join(f"port {n}" for n in range(1, 3001)),
        "not " * 9000 + "ip",
        "(" * 1000 + "ip" + ")" * 1000,
        "ip" + " and (ip or (tcp" * 500 + "))" * 500,
        " + ".join(["len"] * 3000) + " = 5",
    ],
    ids=["3000 ports", "9000 nots", "1000 parentheses", "1000 levels", "3000 sums"],
)
def test_large_expressions(text: str) -> None:
    """libpcap takes them; nothing here recurses along them."""
    target = Target(resolve("EN10MB"), 65535, None, NoResolver())
    assert sum(1 for _ in build_graph(parse(text), target).blocks()) > 2
