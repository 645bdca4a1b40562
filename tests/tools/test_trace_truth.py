"""What traces say is so: against the reference machine, each primitive alone, another decoder."""

import random
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import dpkt
import pytest

from pcapfilter.engine import reference
from pcapfilter.errors import FilterError
from pcapfilter.filter import Filter, open_capture
from pcapfilter.packets import Packet
from pcapfilter.tools.trace import Tracer
from pcapfilter.tools.trace.machine import run
from tests.strategies import ALL, draw, support
from tests.tools.test_explain import made
from tests.tools.test_trace import ARP, reference_verdict, trace


def packets(path: Path) -> list[Packet]:
    source = open_capture(path)
    try:
        return [packet for batch in source.batches() for packet in batch][:40]
    finally:
        source.close()


def by_link(captures: Path) -> dict[str, list[Packet]]:
    found: dict[str, list[Packet]] = {}
    for path in sorted(captures.glob("*.pcap")):
        for packet in packets(path):
            found.setdefault(packet.link.name, []).append(packet)
    return found


def cut(rng: random.Random, packet: Packet) -> bytes:
    """Most packets whole, some cut short."""
    return packet.data if rng.random() < 0.7 else packet.data[: rng.randrange(len(packet.data) + 1)]


def cases(rng: random.Random, captures: Path, count: int) -> Iterator[tuple[Filter, list[Packet]]]:
    found = by_link(captures)
    links = [link for link in sorted(support()) if link in found]
    for number in range(count):
        link = links[number % len(links)]
        one = made(draw(rng, link, ALL), link, optimize=number % 3 != 0)
        yield one, rng.sample(found[link], min(6, len(found[link])))


def test_verdicts_are_those_of_the_reference_machine(
    rng: random.Random, captures: Path, sweep: float
) -> None:
    compared = matched = 0
    for one, drawn in cases(rng, captures, round(300 * sweep)):
        try:
            tracer = Tracer(one)
        except FilterError as refusal:
            with pytest.raises(type(refusal)):
                one.program()
            continue
        for packet in drawn:
            octets = cut(rng, packet)
            found = tracer.trace(octets, packet.wirelen)
            assert found.verdict == reference_verdict(one, octets, packet.wirelen), one
            assert found.sentence.startswith("yes: " if found.matched else "no: ")
            assert len(found.sentence) > 5
            compared += 1
            matched += found.matched
    assert compared > 800
    assert matched > 100


def test_the_tracing_machine_is_the_reference_machine(
    rng: random.Random, captures: Path, sweep: float
) -> None:
    for one, drawn in cases(rng, captures, round(150 * sweep)):
        try:
            program = one.program()
        except FilterError:
            continue
        for packet in drawn:
            octets = cut(rng, packet)
            found = run(program, octets, packet.wirelen)
            assert found.verdict == reference.run(program, octets, packet.wirelen)
            assert len(found.steps) > 0


VARYING = ("PFLOG", "IEEE802_11", "IEEE802_11_RADIO", "IEEE802_11_RADIO_AVS", "PRISM_HEADER", "PPI")
SHIFTING = ("vlan", "mpls", "pppoes", "geneve", "lane", "byte")


def test_each_primitive_fares_as_it_would_alone(
    rng: random.Random, captures: Path, sweep: float
) -> None:
    """Where no word before it shifts what it looks at, nor overwrites where headers begin.

    Of the latter, test_provenance has an example.
    """
    compared = 0
    for one, drawn in cases(rng, captures, round(200 * sweep)):
        varying = one.options.link.name in VARYING and re.search(r"\[|len", one.text)
        if varying or any(word in one.text for word in SHIFTING):
            continue
        try:
            tracer = Tracer(one)
        except FilterError:
            continue
        for packet in drawn:
            for fate in tracer.trace(packet.data, packet.wirelen).fates:
                if fate.held is None:
                    continue
                alone = made(fate.text, packet.link.name, optimize=False)
                verdict = reference_verdict(alone, packet.data, packet.wirelen)
                assert (verdict != 0) == fate.held, (one, fate)
                assert fate.why
                compared += 1
    assert compared > 500


def test_each_primitive_fares_as_it_would_alone_behind_what_shifts_it(
    rng: random.Random, captures: Path, sweep: float
) -> None:
    """`(vlan or len >= 0)` shifts what follows, and holds for every packet."""
    ethernet = by_link(captures)["EN10MB"]
    compared = shifted = 0
    for _ in range(round(400 * sweep)):
        one = made(draw(rng, "EN10MB", ALL))
        if not any(word in one.text for word in SHIFTING) or "byte" in one.text:
            continue
        try:
            tracer = Tracer(one)
        except FilterError:
            continue
        for packet in rng.sample(ethernet, 4):
            behind: list[str] = []
            for fate in tracer.trace(packet.data, packet.wirelen).fates:
                if fate.held is not None:
                    text = " and ".join([*behind, fate.text])
                    program = made(text, optimize=False).program()
                    alone = run(program, packet.data, packet.wirelen)
                    assert alone.end != "return" or bool(alone.verdict) == fate.held, (one, fate)
                    compared += 1
                    shifted += bool(behind)
                if fate.text.split()[0] in SHIFTING:
                    behind.append(f"({fate.text} or len >= 0)")
    assert compared > 300
    assert shifted > 100


DECODED: dict[str, tuple[type, str]] = {
    # field -> dpkt's class of its header, and the field's name there
    "EtherType": (dpkt.ethernet.Ethernet, "type"),
    "IPv4 protocol": (dpkt.ip.IP, "p"),
    "IPv4 total length": (dpkt.ip.IP, "len"),
    "IPv4 time to live": (dpkt.ip.IP, "ttl"),
    "IPv4 source address": (dpkt.ip.IP, "src"),
    "IPv4 destination address": (dpkt.ip.IP, "dst"),
    "IPv6 next header": (dpkt.ip6.IP6, "nxt"),
    "TCP source port": (dpkt.tcp.TCP, "sport"),
    "TCP destination port": (dpkt.tcp.TCP, "dport"),
    "TCP flags": (dpkt.tcp.TCP, "flags"),
    "UDP source port": (dpkt.udp.UDP, "sport"),
    "UDP destination port": (dpkt.udp.UDP, "dport"),
    "ICMP type": (dpkt.icmp.ICMP, "type"),
    "ARP operation": (dpkt.arp.ARP, "op"),
}
TRANSPORTS = {dpkt.tcp.TCP, dpkt.udp.UDP, dpkt.icmp.ICMP}
TEXTS = (
    "tcp port 80 or udp port 53", "host 10.0.0.1", "icmp[0] = 8 or arp[6:2] = 1", "not ip6 proto 6",
    "tcp[13] & 2 != 0 or ip[8] > 60", "ether[12:2] = ip[2:2]", "not tcp and not udp",
)  # fmt: skip


def decoded(packet: bytes) -> dict[type, object]:
    """The headers that dpkt finds in a frame, by class: the outermost of each."""
    found: dict[type, object] = {}
    layer = dpkt.ethernet.Ethernet(packet)
    while isinstance(layer, dpkt.Packet):
        found.setdefault(type(layer), layer)
        layer = layer.data
    return found


def test_fields_are_what_another_decoder_finds(captures: Path) -> None:
    """In frames without tags: dpkt takes those for a part of Ethernet's header."""
    compared: Counter[str] = Counter()
    for text in TEXTS:
        tracer = Tracer(made(text))
        for packet in by_link(captures)["EN10MB"]:
            try:
                layers = decoded(packet.data)
            except dpkt.UnpackError:
                continue
            if getattr(layers[dpkt.ethernet.Ethernet], "vlan_tags", []):
                continue
            for name, value in tracer.trace(packet.data, packet.wirelen).reads:
                if name in DECODED:
                    kind, field = DECODED[name]
                    if kind not in layers:  # it is cut short
                        assert not TRANSPORTS & {*layers}, (text, name)
                        continue
                    number = getattr(layers[kind], field)
                    if isinstance(number, bytes):
                        assert value == ".".join(map(str, number)), (text, name)
                    else:
                        assert int(value.split()[0], 0) == number, (text, name)
                    compared[name] += 1
    assert {*compared} == {*DECODED}


PLAIN = re.compile(r"(?<!what is taken for )\b(VLAN|MPLS|PPPoE) (?!number is|label is|session is)")
TYPES = {"VLAN": "8100 88a8 9100", "MPLS": "8847", "PPPoE": "8864"}


def test_no_header_is_named_that_is_not_there(rng: random.Random, captures: Path) -> None:
    """What follows `not vlan` is read in untagged packets, too."""
    ethernet = by_link(captures)["EN10MB"]
    named = taken = 0
    for _ in range(60):
        word = rng.choice(("vlan", "mpls", "pppoes"))
        shape = rng.choice(("not {} and {}", "{} or {}", "tcp or {} or {}", "{} and {}"))
        text = shape.format(word, rng.choice(("ip", "tcp", "host 10.0.0.1", "ip[2:2] > 100")))
        tracer = Tracer(made(text, optimize=rng.random() < 0.5))
        for packet in rng.sample(ethernet, 8):
            found = tracer.trace(packet.data, packet.wirelen)
            said = " ".join(
                (found.sentence, *(fate.why for fate in found.fates), *dict(found.reads))
            )
            taken += said.count("what is taken for")
            for header in PLAIN.findall(re.sub(r"\(.*?\)", "", said)):
                assert packet.data[12:14].hex() in TYPES[header], (text, packet.data, said)
                named += 1
    assert named > 5
    assert taken > 50


def test_what_is_right_of_an_operator_is_read_of_any_packet() -> None:
    reads = dict(trace("ether[0] + ip[8] = 10", ARP).reads)
    octet = "Ethernet destination address, octet 0"
    assert reads == {octet: "10", "network header octet 8": "10"}
