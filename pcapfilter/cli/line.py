"""What a packet is, in one line. dpkt takes apart the headers of IPv4, TCP and UDP.

Source of the forms: what `tcpdump -n` prints.
"""

import struct
from collections.abc import Callable
from typing import Any, NamedTuple

import dpkt

from pcapfilter.cli import icmp
from pcapfilter.cli.extensions import Chain, read_chain, secured
from pcapfilter.cli.frame import ARP, IP, IP6, LONGEST, Frame, name_of
from pcapfilter.cli.readers import READERS, read_frame
from pcapfilter.net.address import format_v6
from pcapfilter.net.checksum import checksum, corrected, pseudo_header
from pcapfilter.packets import Packet

TCP_FLAGS = (
    (0x01, "F"), (0x02, "S"), (0x04, "R"), (0x08, "P"), (0x10, "."), (0x20, "U"), (0x40, "E"),
    (0x80, "W"),
)  # fmt: skip
PORTED = frozenset((6, 17, 33, 132))
"""Protocols whose first four octets are two ports: TCP, UDP, DCCP, SCTP."""
COUNTED = 0x01 | 0x02 | 0x04
"""FIN, SYN and RST: segments whose number is told although they carry nothing."""
SYN, ACK = 0x02, 0x10

PROTOCOLS = {
    # number -> what -v calls the protocol, and what a line calls it
    0: ("Options", "hbh"), 1: ("ICMP", "icmp"), 2: ("IGMP", "igmp"), 4: ("IPIP", "ipip"),
    6: ("TCP", "tcp"), 8: ("EGP", "egp"), 9: ("IGRP", "igrp"), 17: ("UDP", "udp"),
    33: ("DCCP", "dccp"), 41: ("IPv6", "ip6"), 43: ("Routing", "routing"),
    44: ("Fragment", "frag"), 46: ("RSVP", "rsvp"), 47: ("GRE", "gre"), 50: ("ESP", "esp"),
    51: ("AH", "ah"), 55: ("Mobile IP", "mobile"), 58: ("ICMPv6", "icmp6"),
    62: ("Mobile IP (old)", "mobile-old"), 88: ("EIGRP", "eigrp"), 89: ("OSPF", "ospf"),
    103: ("PIM", "pim"), 108: ("Compressed IP", "ipcomp"), 112: ("VRRP", "vrrp"),
    113: ("PGM", "pgm"), 132: ("SCTP", "sctp"), 135: ("Mobility", "mobility"),
    143: ("Ethernet", "ethernet"),
}  # fmt: skip
CONGESTION = ("", ",ECT(1)", ",ECT(0)", ",CE")
VERSIONS = {IP: ("IP", 4), IP6: ("IP6", 6)}
"""By Ethertype: what a line calls the protocol, and the version that its header has."""
LONGEST_IP = 60
"""Octets of an IPv4 header, at most."""
FIXED6 = struct.Struct("!IHBB")
"""Of IPv6: version, class and flow; the length of what follows; its protocol; hop limit."""
ARP_FIXED = struct.Struct("!HHBBH")
"""Hardware, protocol, the sizes of addresses of either, operation."""
REMEMBERED = 1 << 16
"""How many connections, at most, the numbers of their first segments are kept of."""

MALFORMED = (dpkt.Error, IndexError, struct.error)
"""What is raised on packets that are cut short or wrong."""


class Style(NamedTuple):
    """What a line tells: tcpdump's -e, -q, -v (how often), -S, and not -K."""

    link_header: bool = False
    quiet: bool = False
    verbose: int = 0
    absolute: bool = False
    verify: bool = True


class Segment(NamedTuple):
    """What IP carries: its protocol, addresses, its octets, and how long it was on the wire."""

    protocol: int
    source: bytes
    target: bytes
    octets: bytes
    length: int

    @property
    def whole(self) -> bool:
        """Whether all octets were captured."""
        return len(self.octets) == self.length

    def remainder(self) -> int:
        """What the checksum over the segment and its pseudo-header comes to: 0 if it is right."""
        header = pseudo_header(self.source, self.target, self.protocol, self.length)
        return checksum(header + self.octets)


class Lines:
    """Gives lines about packets, one after another; knows where each TCP connection began.

    `interfaces` gives the name of an interface of this machine, where packets come from those.
    """

    def __init__(self, style: Style, interfaces: Callable[[int], str] | None = None) -> None:
        self._style, self._interfaces = style, interfaces
        self._began: dict[tuple[object, object], tuple[int, int]] = {}

    def describe(self, packet: Packet) -> str:
        """Give the line about a packet: addresses, ports, protocol, length."""
        frame = read_frame(packet, quiet=self._style.quiet)
        header = self._front(frame) + (frame.header if self._style.link_header else "")
        name = packet.link.name
        if name not in READERS:
            return f"{name}, length {packet.wirelen}"
        try:
            return header + self._network(packet, frame)
        except MALFORMED:
            return f"{header}[|{name.lower()}], length {packet.wirelen}"

    def _front(self, frame: Frame) -> str:
        """Give where a packet came or went, as far as that is known."""
        if not frame.way:
            return ""
        name = f"{self._interfaces(frame.interface):<5} " if self._interfaces else ""
        return f"{name}{frame.way:<3} "

    def _network(self, packet: Packet, frame: Frame) -> str:
        body, named = packet.data[frame.start :], not self._style.link_header
        length = packet.wirelen - frame.start
        prefix = "".join(f"vlan {tag}, " for tag in frame.tags) if named else ""
        if frame.kind in VERSIONS:
            name, version = VERSIONS[frame.kind]
            if body[0] >> 4 != version:
                return f"{prefix}{name}, wrong version {body[0] >> 4}, length {length}"
            said = self._ip(body, length) if version == 4 else self._ip6(body, length)
            return prefix + (f"{name} " if named else "") + said
        if frame.kind == ARP:
            return prefix + ("ARP, " if named else "") + _arp(body, length)
        if frame.llc:
            prefix += "LLC, dsap 0x{:02x}, ssap 0x{:02x}, ctrl 0x{:02x}, ".format(*frame.llc)
        elif frame.said:
            prefix += f"{frame.said}, "
        elif named:
            prefix += f"{name_of(frame.kind)}, " if frame.kind > LONGEST else ""
        if named and packet.link.name == "EN10MB" and len(packet.data) >= 14:
            octets = packet.data
            prefix = f"{octets[6:12].hex(':')} > {octets[:6].hex(':')}, {prefix}"
        return f"{prefix}length {packet.wirelen}"

    # ---- IP ------------------------------------------------------------------------------------

    def _ip(self, body: bytes, length: int) -> str:
        ip = dpkt.ip.IP(body[:LONGEST_IP])  # without what it carries, which is not to be read yet
        start = 4 * ip.hl
        length = ip.len or length  # 0: the card that sent it was to fill it in
        if length < start:
            return f"bad-len {length}"
        told = self._about_ip(ip, body[:start]) if self._style.verbose else ""
        octets = body[start:length]
        if ip.offset:
            chain = Chain(ip.p, place=8 * ip.offset)
        else:
            chain = read_chain(ip.p, octets, v6=False)
        segment = Segment(
            chain.protocol, ip.src, ip.dst, octets[chain.start :], length - start - chain.start
        )
        return told + self._carried(chain, segment, _v4, complete=not ip.mf)

    def _about_ip(self, ip: Any, header: bytes) -> str:
        flags = [name for on, name in ((ip.mf, "+"), (ip.df, "DF"), (ip.rf, "rsvd")) if on]
        parts = [
            f"tos 0x{ip.tos:x}{CONGESTION[ip.tos & 3]}",
            f"ttl {ip.ttl}",
            f"id {ip.id}",
            f"offset {8 * ip.offset}",
            f"flags [{', '.join(flags) or 'none'}]",
            f"proto {_protocol(ip.p)}",
            f"length {ip.len}",
        ]
        if self._style.verify and (remainder := checksum(header)):
            parts.append(f"bad cksum {ip.sum:x} (->{corrected(ip.sum, remainder):x})!")
        return f"({', '.join(parts)})\n    "

    def _ip6(self, body: bytes, length: int) -> str:
        if len(body) < 40:
            raise IndexError("a header is cut short")
        first, plen, following, hops = FIXED6.unpack_from(body)
        length = plen or length - 40  # 0: a jumbogram says it elsewhere
        octets = body[40 : 40 + length]
        chain = read_chain(following, octets, v6=True)
        segment = Segment(
            chain.protocol, body[8:24], body[24:40], octets[chain.start :], length - chain.start
        )
        told = ""
        if self._style.verbose:
            kind, flow = first >> 20 & 0xFF, first & 0xFFFFF
            parts = [f"class 0x{kind:02x}"] * bool(kind)
            parts += [f"flowlabel 0x{flow:05x}"] * bool(flow)
            parts += [f"hlim {hops}", f"next-header {_protocol(following)}"]
            told = f"({', '.join(parts)} payload length: {plen}) "
        complete = chain.whole and not chain.forwarded
        return told + self._carried(chain, segment, _v6, complete=complete)

    def _carried(self, chain: Chain, segment: Segment, write: Any, *, complete: bool) -> str:
        """Give addresses, ports and what is said of the segment; its sum if it is `complete`."""
        source, target = write(segment.source), write(segment.target)
        protocol, octets = segment.protocol, segment.octets
        name = PROTOCOLS.get(protocol, ("", f"ip-proto-{protocol}"))[1]
        if chain.place:
            what = f"ip-proto-{protocol}, fragment at {chain.place}, length {segment.length}"
            return f"{source} > {target}: {what}"
        if protocol in PORTED and len(octets) >= 4:
            ports = int.from_bytes(octets[:2]), int.from_bytes(octets[2:4])
            source, target = f"{source}.{ports[0]}", f"{target}.{ports[1]}"
        verifiable = complete and segment.whole and self._style.verify and self._style.verbose > 0
        said = f"{name}, length {segment.length}"
        try:
            match protocol:
                case 6:
                    said = self._tcp(dpkt.tcp.TCP(octets), segment, verifiable=verifiable)
                case 17:
                    said = _udp(dpkt.udp.UDP(octets), segment, verifiable=verifiable)
                case 1:
                    said = _icmp(segment, verifiable=verifiable)
                case 58:
                    said = _icmp6(segment, verifiable=verifiable)
                case 50:
                    said = f"{secured(octets)}, length {segment.length}"
                case 59:
                    said = "no next header"
        except MALFORMED:
            pass  # the header is cut short: how long it is can be said all the same
        return f"{source} > {target}: {chain.told}{said}"

    # ---- TCP -----------------------------------------------------------------------------------

    def _tcp(self, tcp: Any, segment: Segment, *, verifiable: bool) -> str:
        length = segment.length - tcp.off * 4
        if length < 0:
            return f"tcp, bad header length {tcp.off * 4}, length {segment.length}"
        if self._style.quiet:
            return f"tcp {length}"
        flags = "".join(letter for bit, letter in TCP_FLAGS if tcp.flags & bit) or "none"
        parts = [f"Flags [{flags}]"]
        if verifiable:
            remainder = segment.remainder()
            right = f"incorrect -> 0x{corrected(tcp.sum, remainder):04x}" if remainder else ""
            parts.append(f"cksum 0x{tcp.sum:04x} ({right or 'correct'})")
        seq, ack = self._numbers(tcp, segment)
        if length > 0:
            parts.append(f"seq {seq}:{seq + length & 0xFFFFFFFF}")
        elif tcp.flags & COUNTED or self._style.verbose > 1:
            parts.append(f"seq {seq}")
        parts += [f"ack {ack}"] * bool(tcp.flags & ACK)
        parts.append(f"win {tcp.win}")
        parts += [f"urg {tcp.urp}"] * bool(tcp.flags & 0x20)
        return f"{', '.join(parts)}, length {length}"

    def _numbers(self, tcp: Any, segment: Segment) -> tuple[int, int]:
        """Sequence numbers: counted from the first segment seen of a connection, which has its own.

        As in tcpdump, that is one with an acknowledgement, which tells where both sides began.
        """
        if self._style.absolute or not tcp.flags & ACK:
            return tcp.seq, tcp.ack
        here, there = (segment.source, tcp.sport), (segment.target, tcp.dport)
        began = self._began.get((here, there))
        if began is None or tcp.flags & SYN:
            if len(self._began) >= 2 * REMEMBERED:
                del self._began[next(iter(self._began))]
                del self._began[next(iter(self._began))]
            self._began[there, here] = (tcp.ack - 1, tcp.seq)
            self._began[here, there] = (tcp.seq, tcp.ack - 1)
            return tcp.seq, tcp.ack
        return (tcp.seq - began[0] & 0xFFFFFFFF, tcp.ack - began[1] & 0xFFFFFFFF)


def describe(packet: Packet) -> str:
    """Give a line about one packet."""
    return Lines(Style(absolute=True)).describe(packet)


def _arp(body: bytes, length: int) -> str:
    """Tell of addresses of IPv4, and of a hardware whose own may have any length."""
    _, protocol, hardware_size, size, operation = ARP_FIXED.unpack_from(body)
    own = 8 + hardware_size
    if protocol != IP or size != 4 or len(body) < 2 * own:
        return f"protocol 0x{protocol:04x}, operation {operation}, length {length}"
    sender, target = _v4(body[own : own + 4]), _v4(body[2 * own - 4 : 2 * own])
    if operation == 1:
        return f"Request who-has {target} tell {sender}, length {length}"
    if operation == 2:
        return f"Reply {sender} is-at {body[8:own].hex(':')}, length {length}"
    return f"operation {operation}, length {length}"


def _udp(udp: Any, segment: Segment, *, verifiable: bool) -> str:
    told = ""
    if verifiable and not udp.sum:
        told = "[no cksum] "
    elif verifiable:
        remainder = segment.remainder()
        right = corrected(udp.sum, remainder)
        told = (
            f"[bad udp cksum 0x{udp.sum:04x} -> 0x{right:04x}!] " if remainder else "[udp sum ok] "
        )
    if 0 < udp.ulen < 8:
        return f"{told}UDP, bad length {udp.ulen}"
    return f"{told}UDP, length {(udp.ulen or segment.length) - 8}"  # 0: a jumbogram's


def _icmp(segment: Segment, *, verifiable: bool) -> str:
    wrong = ""
    if verifiable and (remainder := checksum(segment.octets)):
        stated = int.from_bytes(segment.octets[2:4])
        wrong = f" (wrong icmp cksum {stated:x} (->{corrected(stated, remainder):x})!)"
    return f"ICMP {icmp.said(segment.octets)}, length {segment.length}{wrong}"


def _icmp6(segment: Segment, *, verifiable: bool) -> str:
    told = ""
    if verifiable:
        stated, remainder = int.from_bytes(segment.octets[2:4]), segment.remainder()
        right = corrected(stated, remainder)
        wrong = f"[bad icmp6 cksum 0x{stated:04x} -> 0x{right:04x}!] "
        told = wrong if remainder else "[icmp6 sum ok] "
    return f"{told}ICMP6, {icmp.said6(segment.octets)}, length {segment.length}"


def _protocol(number: int) -> str:
    return f"{PROTOCOLS.get(number, ('unknown', ''))[0]} ({number})"


def _v4(address: bytes) -> str:
    return ".".join(map(str, address))


def _v6(address: bytes) -> str:
    return format_v6(int.from_bytes(address))
