"""Listings beside libpcap's: drawn expressions, and every template of every word on every link."""

import random
import struct
import sys
from collections import Counter
from pathlib import Path

import pytest

from pcapfilter.bpf.program import Program
from pcapfilter.codegen.pipeline import generate
from pcapfilter.errors import FilterError
from pcapfilter.net.linktype import LINK_TYPES, resolve
from pcapfilter.net.names import SystemResolver
from pcapfilter.parser import parse
from tests import oracle
from tests.strategies import ALL, EVERYDAY, draw, fill
from tests.vocabulary import FAMILIES

EVERYDAY_LINKS = (
    "EN10MB", "RAW", "IPV4", "IPV6", "NULL", "LOOP", "LINUX_SLL", "LINUX_SLL2", "PPP",
)  # fmt: skip
OTHER_LINKS = (
    "IEEE802", "FDDI", "ATM_RFC1483", "IP_OVER_FC", "SUNATM", "PPP_BSDOS", "PPP_PPPD", "C_HDLC",
    "FRELAY", "ARCNET", "APPLE_IP_OVER_IEEE1394", "BACNET_MS_TP", "NETANALYZER", "JUNIPER_MLPPP",
    "JUNIPER_ATM2", "ENC", "LTALK", "PFLOG", "IPNET", "MTP2", "MTP2_WITH_PHDR", "SLIP",
    "SLIP_BSDOS", "IEEE802_11", "PRISM_HEADER", "IEEE802_11_RADIO", "IEEE802_11_RADIO_AVS", "PPI",
    "ERF", "USB_LINUX",
)  # fmt: skip
KNOWN = [row for row in LINK_TYPES if oracle.datalink(row.dlt)]
DRAWN = 200
MOST_DEVIATIONS = 1 / 300
LEAST_ACCEPTED = 0.8
LONG_SWEEP = 4

pytestmark = oracle.needs_libpcap


def ours(text: str, link: str, **options: object) -> Program | str:
    """What we make of a text: a program, or the message of the refusal."""
    settings: dict[str, object] = {
        "snaplen": oracle.SNAPLEN, "netmask": 0, "resolver": SystemResolver(), **options
    }  # fmt: skip
    try:
        return generate(parse(text), link=resolve(link), **settings)  # type: ignore[arg-type]  # generate checks its keywords
    except FilterError as error:
        return error.message


def theirs(text: str, link: str, *, optimize: bool) -> Program | str:
    """What libpcap makes of it."""
    try:
        return oracle.compile(text, link, optimize=optimize, netmask=0)
    except oracle.Refused as refusal:
        return str(refusal)


def differing(texts: list[str], link: str, *, optimize: bool) -> tuple[list[str], Counter[str]]:
    """Give the texts of which we make something else than libpcap, and counts."""
    found, counts = [], Counter[str]()
    for text in texts:
        expected = theirs(text, link, optimize=optimize)
        counts["accepted" if isinstance(expected, Program) else "refused"] += 1
        if ours(text, link, optimize=optimize) != expected:
            found.append(text)
    return found, counts


@pytest.mark.parametrize("link", EVERYDAY_LINKS)
def test_drawn_expressions_of_the_everyday_language(
    link: str, rng: random.Random, sweep: float
) -> None:
    """Unoptimised listings never differ; optimised ones at most where libpcap is wrong."""
    texts = [draw(rng, link, EVERYDAY) for _ in range(int(DRAWN * sweep))]
    unoptimised, counts = differing(texts, link, optimize=False)
    assert unoptimised == []
    assert counts["accepted"] >= LEAST_ACCEPTED * len(texts)
    optimised, _ = differing(texts, link, optimize=True)
    assert len(optimised) <= max(1, MOST_DEVIATIONS * len(texts)), optimised


@pytest.mark.parametrize("link", OTHER_LINKS)
def test_drawn_expressions_of_the_whole_language(
    link: str, rng: random.Random, sweep: float
) -> None:
    """The same on the other link types, with all their words."""
    texts = [draw(rng, link, ALL) for _ in range(int(DRAWN / 4 * sweep))]
    assert differing(texts, link, optimize=False)[0] == []
    optimised, _ = differing(texts, link, optimize=True)
    assert len(optimised) <= max(1, MOST_DEVIATIONS * len(texts)), optimised


@pytest.mark.parametrize("link", [row.name for row in KNOWN])
def test_every_template_of_every_word(link: str, rng: random.Random, sweep: float) -> None:
    """Accepted or refused as libpcap does, with its message and its code, on every link type.

    Alone, and in one of `not`, `and` and `or`, or in each of them where the sweep is long.
    """
    frames = ("not {}", "{} and len > 9", "len > 9 or {}")
    templates = [template for family in FAMILIES.values() for template in family]
    texts = []
    for template in templates:
        text = fill(rng, template)
        framed = frames if sweep >= LONG_SWEEP else (rng.choice(frames),)
        texts += [text, *(frame.format(text) for frame in framed)]
    assert differing(texts, link, optimize=False)[0] == []


@pytest.mark.parametrize(
    "text", ["ip", "tcp port 80", "vlan", "inbound", "broadcast", "link[0] = 1"]
)
def test_link_types_that_libpcap_has_no_name_for(text: str) -> None:
    """It says the number of some, has a description of others, and refuses those it cannot know."""
    unnamed = [row.name for row in LINK_TYPES if row not in KNOWN]
    assert len(unnamed) > 50
    for link in unnamed:
        assert ours(text, link, optimize=False) == theirs(text, link, optimize=False), link


SHIFTS = (
    "vlan", "vlan 5 and vlan", "mpls", "mpls and mpls", "pppoes", "pppoes 5", "geneve",
    "vlan and pppoes", "pppoes and mpls", "geneve and vlan", "lane", "lane and vlan",
)  # fmt: skip


@pytest.mark.parametrize("link", ["EN10MB", "SUNATM", "IEEE802_11_RADIO", "PFLOG", "C_HDLC", "PPP"])
def test_every_word_behind_words_that_shift(link: str, rng: random.Random, sweep: float) -> None:
    """What follows `vlan`, `mpls`, `pppoes`, `geneve` and `lane` is looked for further on."""
    templates = [rng.choice(family) for family in FAMILIES.values()]
    if sweep >= LONG_SWEEP:
        templates = [template for family in FAMILIES.values() for template in family]
    texts = [f"{shift} and {fill(rng, template)}" for shift in SHIFTS for template in templates]
    assert differing(texts, link, optimize=False)[0] == []


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("link", ["NULL", "LOOP", "ENC", "EN10MB", "LINUX_SLL", "LINUX_SLL2"])
def test_programs_for_savefiles(link: str, order: str, rng: random.Random, tmp_path: Path) -> None:
    """A file's byte order counts, IPv6 has other numbers, and nobody knows the interface."""
    row = resolve(link)
    path = tmp_path / "empty.pcap"
    path.write_bytes(
        struct.pack(order + "IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, oracle.SNAPLEN, row.linktype)
    )
    swapped = (order == "<") != (sys.byteorder == "little")
    texts = ["ip", "ip6", "ip6 host ::1", "port 80", "inbound", "not outbound", "ifindex 3"]
    texts += [draw(rng, link, EVERYDAY) for _ in range(20)]
    for text in texts:
        try:
            expected: Program | str = oracle.compile_for_file(text, path, optimize=False)
        except oracle.Refused as refusal:
            expected = str(refusal)
        made = ours(text, link, optimize=False, source="file", swapped=swapped)
        assert made == expected, text


LIVE = (
    "vlan", "vlan 5", "not vlan 5", "vlan 5 and ip", "vlan and vlan 6 and tcp", "vlan or ip",
    "vlan and mpls 5 and ip", "vlan and pppoes and ip6", "vlan 5 and geneve and tcp",
    "geneve and vlan and ip", "vlan and ip protochain 6", "mpls and vlan", "inbound", "outbound",
    "ifindex 3", "ip and vlan 5 or udp", "vlan and inbound", "len > 5 and vlan and tcp[0] = 1",
)  # fmt: skip


TAGGED = (
    "(vlan and {0}) or {0}", "(vlan 5 and {0}) or (vlan 6 and {0})", "{0} and not vlan",
    "(vlan 5 or vlan 6) and {0}", "{0} or vlan 5", "vlan and vlan and {0}",
)  # fmt: skip
BEHIND_TAGS = (
    "ip", "tcp port 80", "host 10.0.0.1", "net 10.0.0.0/8", "not port 22", "tcp[13] & 2 != 0",
    "portrange 1-1023", "not (host 1.2.3.4 or host 5.6.7.8)", "host 1.2.3.4 and port 80",
)  # fmt: skip


@oracle.needs_interface
@pytest.mark.parametrize("form", TAGGED)
def test_tagged_or_not_in_live_captures(form: str) -> None:
    """What is read behind a tag that may stand beside the packet: nothing differs from libpcap."""
    for behind in BEHIND_TAGS:
        text = form.format(behind)
        expected = oracle.compile_live(text)
        assert ours(text, "EN10MB", optimize=True, source="live") == expected, text


@oracle.needs_interface
def test_programs_for_live_captures(rng: random.Random, sweep: float) -> None:
    """The kernel keeps the outermost VLAN tag and the direction beside the packet."""
    texts = [*LIVE]
    texts += [f"vlan and ({draw(rng, 'EN10MB', EVERYDAY)})" for _ in range(int(100 * sweep))]
    different = []
    for text in texts:
        for optimize in (False, True):
            try:
                expected: Program | str = oracle.compile_live(text, optimize=optimize)
            except oracle.Refused as refusal:
                expected = str(refusal)
            if ours(text, "EN10MB", optimize=optimize, source="live") != expected:
                different.append((text, optimize))
    assert [text for text, optimize in different if not optimize] == []
    assert len(different) <= max(1, MOST_DEVIATIONS * len(texts)), different
