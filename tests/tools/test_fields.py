"""The fields that programs are said to read hold what another decoder finds in them."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import dpkt
import pytest

from pcapfilter.codegen.layout import ROWS
from pcapfilter.errors import UnsupportedError
from pcapfilter.filter import open_capture
from pcapfilter.net.address import format_v6
from pcapfilter.net.linktype import by_dlt
from pcapfilter.packets import PacketBatch
from pcapfilter.tools.fields import LINKS, fields_of, named
from pcapfilter.tools.fields_values import NAMES
from pcapfilter.tools.provenance import provenance_of
from pcapfilter.tools.trace import Tracer
from tests.tools.test_explain import made

TEXTS = (
    "tcp port 80 or udp port 53 or sctp port 9",
    "host 10.0.0.1 or ip6 net 2001:db8::/32",
    "tcp[13] = 2 or tcp[14:2] = 1 or tcp[4:4] = 7",
    "ip[8] = 1 or ip[1] = 9 or ip[4:2] = 3 or ip[2:2] = 5",
    "icmp[0] = 99 or icmp[1] = 98 or icmp6[0] = 3",
    "ip6[6] = 200 or ip6[7] = 255 or ip6[4:2] = 7",
    "arp[6:2] = 9",
)
Decode = Callable[[Any], Any]


def v4(octets: bytes) -> str:
    return ".".join(map(str, octets))


def v6(octets: bytes) -> str:
    return format_v6(int.from_bytes(octets))


FOUND: dict[str, tuple[type, Decode]] = {
    # field -> the layer that has it, and its value there
    "IPv4 protocol": (dpkt.ip.IP, lambda ip: ip.p),
    "IPv4 source address": (dpkt.ip.IP, lambda ip: v4(ip.src)),
    "IPv4 destination address": (dpkt.ip.IP, lambda ip: v4(ip.dst)),
    "IPv4 header length": (dpkt.ip.IP, lambda ip: 4 * ip.hl),
    "IPv4 time to live": (dpkt.ip.IP, lambda ip: ip.ttl),
    "IPv4 type of service": (dpkt.ip.IP, lambda ip: ip.tos),
    "IPv4 identification": (dpkt.ip.IP, lambda ip: ip.id),
    "IPv4 total length": (dpkt.ip.IP, lambda ip: ip.len),
    "IPv6 next header": (dpkt.ip6.IP6, lambda ip: ip.nxt),
    "IPv6 hop limit": (dpkt.ip6.IP6, lambda ip: ip.hlim),
    "IPv6 payload length": (dpkt.ip6.IP6, lambda ip: ip.plen),
    "TCP source port": (dpkt.tcp.TCP, lambda tcp: tcp.sport),
    "TCP destination port": (dpkt.tcp.TCP, lambda tcp: tcp.dport),
    "TCP flags": (dpkt.tcp.TCP, lambda tcp: tcp.flags & 0xFF),
    "TCP window": (dpkt.tcp.TCP, lambda tcp: tcp.win),
    "TCP sequence": (dpkt.tcp.TCP, lambda tcp: tcp.seq),
    "UDP source port": (dpkt.udp.UDP, lambda udp: udp.sport),
    "UDP destination port": (dpkt.udp.UDP, lambda udp: udp.dport),
    "ICMP type": (dpkt.icmp.ICMP, lambda icmp: icmp.type),
    "ICMP code": (dpkt.icmp.ICMP, lambda icmp: icmp.code),
    "ICMPv6 type": (dpkt.icmp6.ICMP6, lambda icmp: icmp.type),
    "ARP operation": (dpkt.arp.ARP, lambda arp: arp.op),
    "ARP sender address": (dpkt.arp.ARP, lambda arp: v4(arp.spa)),
    "ARP target address": (dpkt.arp.ARP, lambda arp: v4(arp.tpa)),
}


def layers(frame: bytes) -> dict[type, Any]:
    """The layers of an Ethernet frame that another decoder finds, by their class."""
    found: dict[type, Any] = {}
    try:
        layer = dpkt.ethernet.Ethernet(frame)
    except dpkt.Error:
        return found
    if getattr(layer, "vlan_tags", None) or layer.type < 1536:
        return found
    while isinstance(layer, dpkt.Packet) and type(layer) not in found:
        found[type(layer)] = layer
        layer = layer.data
    return found


def number(text: str) -> Any:
    """The number in what is written of a value, without what it stands for."""
    text = text.removesuffix(" octets").partition(" ")[0]
    return int(text, 0) if text[:1].isdigit() and "." not in text else text


def ethernet(path: Path) -> Iterator[PacketBatch]:
    """The batches of a capture of Ethernet frames."""
    source = open_capture(path)
    with closing(source):
        if source.origin.link.name == "EN10MB":
            yield from source.batches()


def test_fields_hold_what_dpkt_finds(real_captures: Path, captures: Path) -> None:
    tracers = [Tracer(made(text)) for text in TEXTS]
    compared: Counter[str] = Counter()
    for path in (*captures.glob("ethernet.pcap"), *sorted(real_captures.glob("*.pcap"))[::4]):
        for batch in ethernet(path):
            for packet in [*batch][:15]:
                found = layers(packet.data)
                for tracer in tracers:
                    for name, value in tracer.trace(packet.data, packet.wirelen).reads:
                        layer, decode = FOUND.get(name, (bytes, len))
                        if layer in found:
                            assert number(value) == decode(found[layer]), (path.name, name)
                            compared[name] += 1
    assert {*FOUND} - {*compared} == set()
    assert compared.total() > 1500


# ---- the tables --------------------------------------------------------------------------------


def test_every_header_named_by_a_table_has_fields() -> None:
    assert [name for name in LINKS.values() if not fields_of(name)] == []
    assert [key for key in NAMES if key[1] not in {f.name for f in fields_of(key[0])}] == []


@pytest.mark.parametrize("link", sorted(ROWS), ids=lambda dlt: by_dlt(dlt).name)
def test_what_a_link_type_says_of_the_next_protocol_has_a_name(link: int) -> None:
    """Every load of `ip` and `ip6` reads a field that a table knows."""
    for text in ("ip", "ip6"):
        try:
            found = provenance_of(made(text, by_dlt(link).name, optimize=False))
        except UnsupportedError:
            continue
        for origin in found.origins:
            if origin.field is not None and origin.primitives:
                field = origin.field
                assert "octet" not in field.name, (text, field.name)


def test_values_are_written_as_people_write_them() -> None:
    assert named("IPv4", 96, 32).written(0x0A000001) == "10.0.0.1"
    assert named("Ethernet", 0, 48).written(1) == "00:00:00:00:00:01"
    assert named("Ethernet", 96, 16).written(0x0806) == "0x0806 (ARP)"
    assert named("Ethernet", 96, 16).written(60) == "0x003c (a length)"
    assert named("ICMP", 0, 8).written(8) == "8 (icmp-echo)"
    assert named("PF", 32, 128).written(int.from_bytes(b"em0".ljust(16, b"\0"))) == "'em0'"
    assert named("TCP", 104, 8).written(0x12) == "0x12"


@pytest.mark.parametrize(("header", "at", "bits"), [("Ethernet", 0, 48), ("IPv4", 96, 32)])
def test_what_is_more_than_a_field_can_hold_is_a_number(header: str, at: int, bits: int) -> None:
    """A text may compare a field with it all the same."""
    field = named(header, at, bits)
    most = 2**bits - 1
    assert field.written(most) in {"ff:ff:ff:ff:ff:ff", "255.255.255.255"}
    assert field.written(most + 1) == str(most + 1)
