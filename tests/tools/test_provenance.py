"""Where instructions come from: nothing of the program changes, and everything has an origin."""

import random

import pytest

import pcapfilter as pf
from pcapfilter.bpf import isa
from pcapfilter.errors import FilterError, RejectsAllError
from pcapfilter.tools.fields import named
from pcapfilter.tools.provenance import Provenance, provenance_of
from tests.strategies import ALL, draw, support
from tests.vocabulary import RESOLVER


def fields(text: str, link: str = "EN10MB") -> list[str]:
    """The fields that a program reads, in order, each once."""
    found = provenance_of(pf.compile(text, link=link, netmask=0))
    return [*dict.fromkeys(o.field.name for o in found.origins if o.field)]


def asked(text: str, link: str = "EN10MB") -> list[str]:
    """What a program asks for, in order, each once."""
    found = provenance_of(pf.compile(text, link=link, netmask=0))
    return [*dict.fromkeys(o.asked.value.text for o in found.origins if o.asked)]


@pytest.mark.parametrize(
    ("text", "link", "names"),
    [
        ("ip", "EN10MB", ["EtherType"]),
        (
            "tcp dst port 80",
            "EN10MB",
            [
                "EtherType", "IPv6 next header", "TCP destination port", "IPv4 protocol",
                "IPv4 flags and fragment offset", "IP version and header length",
            ],
        ),
        (
            "ip host 1.2.3.4", "RAW",
            ["IP version and header length", "IPv4 source address", "IPv4 destination address"],
        ),
        (
            "udp dst port 53", "IPV4",
            [
                "IPv4 protocol", "IPv4 flags and fragment offset", "IP version and header length",
                "UDP destination port",
            ],
        ),
        ("tcp src port 80", "IPV6", ["IPv6 next header", "TCP source port"]),
        ("arp src host 1.2.3.4", "LINUX_SLL", ["Linux cooked protocol", "ARP sender address"]),
        ("vlan 5 and ip", "EN10MB", ["EtherType", "VLAN tag", "VLAN EtherType"]),
        (
            "mpls 5 and ip", "EN10MB",
            ["EtherType", "MPLS label entry", "MPLS label and bottom of stack"],
        ),
        ("pppoes and ip6", "EN10MB", ["EtherType", "PPPoE protocol"]),
        ("isis", "EN10MB", ["EtherType", "LLC DSAP and SSAP", "ISO NLPID"]),
        ("ip[8] < 5", "PPP", ["PPP protocol", "IPv4 time to live"]),
        ("icmp6[0] = 1", "EN10MB", ["EtherType", "IPv6 next header", "ICMPv6 type"]),
        ("ip[ip[0] & 15] = 5", "IPV4", ["IP version and header length",
                                        "IPv4 octet [IPv4 header length]"]),
        ("wlan addr1 1:2:3:4:5:6", "IEEE802_11_RADIO", ["radiotap length, octet 1",
         "radiotap length, octet 0", "802.11 address 1, octets 2-5",
         "802.11 address 1, octets 0-1"]),
    ],
)  # fmt: skip
def test_fields_are_named(text: str, link: str, names: list[str]) -> None:
    found = fields(text, link)
    assert [name for name in names if name not in found] == []
    assert set(found) - set(names) <= {"IP version and header length"}


def test_the_loop_of_protochain() -> None:
    found = provenance_of(pf.compile("protochain 17"))
    asked = {
        origin.asked.value.field.known(instruction.k)
        for instruction, origin in zip(found.program, found.origins, strict=True)
        if origin.asked and origin.asked.value.text == "next protocol in the chain"
        if origin.asked.value.field
    }
    assert asked >= {"udp", "nothing", "ah", "hop-by-hop options", "fragment header"}
    reads = {origin.field.name for origin in found.origins if origin.field}
    assert reads >= {
        "IPv4 protocol", "IPv6 next header", "AH next header", "AH length",
        "extension header next header", "extension header length",
    }  # fmt: skip
    assert not any("before" in name for name in reads)


def test_fields_within_a_tunnel_are_inner_ones() -> None:
    names = asked("geneve and tcp port 80")
    assert names[0] == "EtherType"
    assert "inner EtherType" in names
    assert "inner TCP destination port" in names
    assert "TCP destination port" not in names
    assert not any(name.startswith("inner") for name in asked("vlan and pppoes and tcp"))


def test_what_stands_in_front_asks_of_bits() -> None:
    """Where the link layer's headers vary, tests within one block say what they are about."""
    asks = asked("tcp port 80", "IEEE802_11_RADIO")
    assert asks[:7] == [
        "802.11 data bit of the type", "802.11 control bit of the type",
        "802.11 QoS bit of the subtype", "radiotap presence of Flags",
        "radiotap presence of a further word", "radiotap presence of TSFT", "radiotap padding flag",
    ]  # fmt: skip
    assert asked("ip", "PRISM_HEADER")[0].startswith("AVS cookie")
    assert "Geneve protocol" in asked("geneve and ip")


def test_questions_are_about_bits_where_only_bits_are_asked_for() -> None:
    assert "IPv4 fragment offset" in asked("udp port 53")
    assert asked("tcp[tcpflags] & tcp-syn != 0")[-1] == "TCP SYN flag"
    assert asked("vlan 5")[-1] == "VLAN number"
    assert asked("tcp[13] & 0x12 = 0x12")[-1] == "TCP flags & 0x12"
    assert asked("ip[2:2] > len")[-1] == "IPv4 total length"


def test_each_instruction_knows_its_primitive() -> None:
    found = provenance_of(pf.compile("tcp dst port 80 or 443 and len > 5"))
    said = [found.said(pc) for pc in range(len(found.program))]
    assert {*said} - {""} == {"tcp dst port 80", "tcp dst port 443", "len > 5"}
    assert said[-2:] == ["", ""]
    spans = {span for pc in range(len(found.program)) for span in found.spans(pc)}
    assert {found.text[start:end] for start, end in spans} == {"tcp dst port 80", "443", "len > 5"}


def test_blocks_that_were_made_one_come_from_both() -> None:
    text = "(ether[0] = 1 and ether[9] = 5) or (ether[0] = 2 and ether[9] = 5)"
    found = provenance_of(pf.compile(text))
    assert (1, 3) in [origin.primitives for origin in found.origins]


def test_what_is_read_by_an_overwritten_register_has_no_name() -> None:
    """As in libpcap, the comparison stores 139 where PF's header says how long it is."""
    assert "IPv4 source address" in fields("ip src net 128.0.0.0/1 and len >= 139", "PFLOG")
    assert "IPv4 source address" not in fields("len >= 139 and ip src net 128.0.0.0/1", "PFLOG")


def check(found: Provenance, made: pf.Filter) -> None:
    try:
        assert found.program == made.program()
    except RejectsAllError:
        assert [*found.program] == [(isa.RET, 0, 0, 0)]
    assert len(found.origins) == len(found.program)
    for instruction, origin in zip(found.program, found.origins, strict=True):
        row = isa.ROWS[instruction.code]
        if row.mode in {"abs", "ind", "msh"}:
            assert origin.field is not None
            assert origin.field.name
        if isa.is_branch(instruction.code) and origin.primitives:
            assert origin.asked is None or origin.asked.value.text


@pytest.mark.parametrize("optimize", [True, False])
def test_nothing_of_any_program_changes(optimize: bool, rng: random.Random, sweep: float) -> None:
    links = sorted(support())
    for number in range(round(500 * sweep)):
        link = links[number % len(links)]
        text = draw(rng, link, ALL)
        made = pf.Filter(
            text,
            pf.compile("", link=link, netmask=0).options._replace(
                optimize=optimize, resolver=RESOLVER
            ),
        )
        try:
            found = provenance_of(made)
        except FilterError as refusal:
            with pytest.raises(type(refusal)):
                made.program()
            continue
        check(found, made)


def test_deep_texts() -> None:
    made = pf.compile(" or ".join(f"(host 10.0.0.{n} and port {n})" for n in range(60)))
    check(provenance_of(made), made)
    made = pf.compile("not " * 3000 + "ip[" * 60 + "0" + "]" * 60 + " = 1", optimize=False)
    check(provenance_of(made), made)


def test_bits_are_named() -> None:
    assert named("IPv4", 51, 13).name == "IPv4 fragment offset"
    assert named("IPv4", 72, 8).written(17) == "17 (udp)"
    assert named("Ethernet", 16, 32).name == "Ethernet destination address, octets 2-5"
    assert named("IPv6", 64, 128).written(1) == "::1"
    assert named("LLC", 0, 16).written(0xFEFE) == "0xfefe (ISO)"
    assert named("nothing", 8, 8).name == "nothing octet 1"


@pytest.mark.parametrize(
    ("text", "link", "question"),
    [
        ("wlan multicast", "IEEE802_11", "802.11 group bit of address 1"),
        ("ether multicast", "FDDI", "FDDI group bit of the destination"),
        ("ether multicast", "IEEE802", "Token ring group bit of the destination"),
        ("ether multicast", "IP_OVER_FC", "Fibre Channel group bit of the destination"),
    ],
)
def test_the_group_bit_has_a_name(text: str, link: str, question: str) -> None:
    assert question in asked(text, link)
