"""What a packet is, in one line. dpkt takes it apart, from the network layer up.

Source of the forms: what `tcpdump -n` prints.
"""

from collections.abc import Callable
from typing import Any

import dpkt

from pcapfilter.net.address import format_v6
from pcapfilter.packets import Packet

IP, ARP, VLAN, QINQ, IP6 = 0x0800, 0x0806, 0x8100, 0x88A8, 0x86DD

ETHERTYPES: dict[str, tuple[int, int]] = {
    # link type -> where the ethertype stands, and where what it names begins
    "C_HDLC": (2, 4),
    "EN10MB": (12, 14),
    "LINUX_SLL": (14, 16),
    "LINUX_SLL2": (0, 20),
}
VERSIONS: dict[str, int] = {
    # link type -> where an IP packet begins, which says itself of what version it is
    "ENC": 12,
    "IPV4": 0,
    "IPV6": 0,
    "LOOP": 4,
    "NULL": 4,
    "PPP": 4,
    "PPP_SERIAL": 4,
    "RAW": 0,
}
TCP_FLAGS = ((0x01, "F"), (0x02, "S"), (0x04, "R"), (0x08, "P"), (0x20, "U"), (0x10, "."))
ICMP_KINDS = {
    0: "echo reply",
    3: "unreachable",
    5: "redirect",
    8: "echo request",
    11: "time exceeded",
}
ICMP6_KINDS = {
    1: "unreachable", 2: "packet too big", 3: "time exceeded", 128: "echo request",
    129: "echo reply", 133: "router solicitation", 134: "router advertisement",
    135: "neighbor solicitation", 136: "neighbor advertisement",
}  # fmt: skip
PROTOCOLS = {
    2: "igmp", 47: "gre", 50: "esp", 51: "ah", 58: "icmp6", 88: "eigrp", 89: "ospf", 103: "pim",
    112: "vrrp", 132: "sctp",
}  # fmt: skip

MALFORMED = (dpkt.Error, ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What dpkt raises on packets that are cut short or wrong."""


def describe(packet: Packet) -> str:
    """Give a line about a packet: addresses, ports, protocol, length."""
    name, octets = packet.link.name, packet.data
    try:
        if name in ETHERTYPES:
            return _by_ethertype(packet, *ETHERTYPES[name])
        if name in VERSIONS and len(octets) > VERSIONS[name]:
            body = octets[VERSIONS[name] :]
            return _ip(IP if body[0] >> 4 == 4 else IP6, body)
    except MALFORMED:
        return f"[|{name.lower()}], length {packet.wirelen}"
    return f"{name}, length {packet.wirelen}"


def _by_ethertype(packet: Packet, at: int, start: int) -> str:
    octets, prefix = packet.data, ""
    kind = int.from_bytes(octets[at : at + 2])
    while kind in {VLAN, QINQ} and len(octets) >= start + 4:
        tag = int.from_bytes(octets[start : start + 2])
        prefix += f"vlan {tag & 0xFFF}, "
        kind, start = int.from_bytes(octets[start + 2 : start + 4]), start + 4
    body = octets[start:]
    if kind in {IP, IP6}:
        return prefix + _ip(kind, body)
    if kind == ARP:
        return prefix + _arp(body)
    if packet.link.name == "EN10MB":
        prefix = f"{octets[6:12].hex(':')} > {octets[:6].hex(':')}, {prefix}"
    what = f"ethertype 0x{kind:04x}" if kind > 1500 else "802.3"
    return f"{prefix}{what}, length {packet.wirelen}"


def _arp(body: bytes) -> str:
    arp = dpkt.arp.ARP(body)
    sender, target = _v4(arp.spa), _v4(arp.tpa)
    if arp.op == 1:
        return f"ARP, Request who-has {target} tell {sender}, length {len(body)}"
    if arp.op == 2:
        return f"ARP, Reply {sender} is-at {arp.sha.hex(':')}, length {len(body)}"
    return f"ARP, operation {arp.op}, length {len(body)}"


def _ip(kind: int, body: bytes) -> str:
    if kind == IP:
        ip, name, write = dpkt.ip.IP(body), "IP", _v4
        length, number = ip.len - 4 * ip.hl, ip.p
        if ip.offset:
            pair = f"{write(ip.src)} > {write(ip.dst)}"
            return f"{name} {pair}: ip-proto-{number}, fragment at {ip.offset}, length {length}"
    else:
        ip, name, write = dpkt.ip6.IP6(body), "IP6", _v6
        length, number = ip.plen - sum(map(len, ip.extension_hdrs.values())), ip.p
    inner = ip.data
    source, target = write(ip.src), write(ip.dst)
    if hasattr(inner, "sport"):
        source, target = f"{source}.{inner.sport}", f"{target}.{inner.dport}"
    describe_inner = TRANSPORTS.get(type(inner).__name__, _other)
    return f"{name} {source} > {target}: {describe_inner(inner, number, length)}"


def _tcp(tcp: Any, _number: int, length: int) -> str:
    length -= tcp.off * 4
    flags = "".join(letter for bit, letter in TCP_FLAGS if tcp.flags & bit) or "none"
    end = f":{tcp.seq + length & 0xFFFFFFFF}" if length > 0 else ""
    ack = f", ack {tcp.ack}" if tcp.flags & 0x10 else ""
    return f"Flags [{flags}], seq {tcp.seq}{end}{ack}, win {tcp.win}, length {length}"


def _udp(udp: Any, _number: int, _length: int) -> str:
    return f"UDP, length {udp.ulen - 8}"


def _icmp(icmp: Any, _number: int, length: int) -> str:
    return f"ICMP {ICMP_KINDS.get(icmp.type, f'type {icmp.type}')}{_echo(icmp)}, length {length}"


def _icmp6(icmp: Any, _number: int, length: int) -> str:
    return f"ICMP6, {ICMP6_KINDS.get(icmp.type, f'type {icmp.type}')}{_echo(icmp)}, length {length}"


def _echo(icmp: Any) -> str:
    echo = icmp.data
    return f", id {echo.id}, seq {echo.seq}" if type(echo).__name__ == "Echo" else ""


def _other(_inner: Any, number: int, length: int) -> str:
    return f"{PROTOCOLS.get(number, f'ip-proto-{number}')}, length {length}"


TRANSPORTS: dict[str, Callable[[Any, int, int], str]] = {
    # dpkt's class -> what is said of it
    "TCP": _tcp,
    "UDP": _udp,
    "ICMP": _icmp,
    "ICMP6": _icmp6,
}


def _v4(address: bytes) -> str:
    return ".".join(map(str, address))


def _v6(address: bytes) -> str:
    return format_v6(int.from_bytes(address))
