"""The traffic of corpus/captures: what a network carries, above the link layer and with Ethernet.

Everything is spelt out or drawn from a seeded generator, so that the bytes never change.
"""

import random
from collections.abc import Iterator

from scapy.contrib.mpls import MPLS
from scapy.layers.dns import DNS, DNSQR
from scapy.layers.inet import ICMP, IP, TCP, UDP, IPOption_Router_Alert
from scapy.layers.inet6 import (
    ICMPv6EchoRequest,
    ICMPv6ND_NS,
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
    IPv6ExtHdrRouting,
)
from scapy.layers.ipsec import AH, ESP
from scapy.layers.l2 import ARP, GRE, LLC, SNAP, STP, Dot1AD, Dot1Q, Dot3, Ether
from scapy.layers.ppp import PPP, PPPoE, PPPoED
from scapy.layers.sctp import SCTP, SCTPChunkInit
from scapy.layers.vxlan import VXLAN
from scapy.packet import Packet, Raw

MACS = ["02:00:00:00:00:01", "02:00:00:00:00:02", "08:00:27:aa:bb:cc"]
V4 = ["10.0.0.1", "10.0.0.2", "192.168.1.10", "192.168.1.20", "172.16.5.4", "8.8.8.8"]
V6 = ["2001:db8::1", "2001:db8::2", "fe80::1", "2001:db8:1::80"]
PORTS = [22, 25, 53, 80, 123, 443, 8080, 5060]
FLAGS = ["S", "SA", "A", "PA", "FA", "R", "RA", "SEC"]


def tcp(rng: random.Random) -> Packet:
    """A segment with some flags and some payload."""
    ports = rng.choice(PORTS), rng.randrange(1024, 65536)
    source, target = ports if rng.random() < 0.5 else ports[::-1]
    flags = rng.choice(FLAGS)
    octets = rng.randbytes(rng.choice([0, 0, 1, 40, 200])) if "A" in flags else b""
    if 80 in ports and octets:
        octets = b"GET / HTTP/1.1\r\nHost: example.com\r\n\r\n"
    number = rng.randrange(1 << 32)
    return TCP(sport=source, dport=target, flags=flags, seq=number) / Raw(octets)


def udp(rng: random.Random) -> Packet:
    """A datagram, now and then a question to a name server."""
    port = rng.randrange(1024, 65536)
    if rng.random() < 0.4:
        return UDP(sport=port, dport=53) / DNS(id=7, qd=DNSQR(qname="example.com"))
    return UDP(sport=port, dport=rng.choice(PORTS)) / Raw(rng.randbytes(rng.randrange(120)))


def sctp(rng: random.Random) -> Packet:
    """The start of an SCTP association."""
    return SCTP(sport=rng.choice(PORTS), dport=rng.randrange(1024, 65536)) / SCTPChunkInit(
        init_tag=rng.randrange(1 << 32)
    )


def transports(rng: random.Random) -> Packet:
    """Any of the transports, as often as one meets them."""
    return rng.choice([tcp, tcp, tcp, udp, udp, sctp])(rng)


def pair(rng: random.Random, addresses: list[str]) -> dict[str, str]:
    """Two different addresses, as scapy's keywords."""
    source, target = rng.sample(addresses, 2)
    return {"src": source, "dst": target}


def ipv4(rng: random.Random) -> Iterator[Packet]:
    """IPv4: transports, options, fragments, ICMP, multicast, tunnels, odd protocols."""
    for _ in range(24):
        yield IP(**pair(rng, V4), id=rng.randrange(65536), ttl=rng.choice([1, 64])) / transports(
            rng
        )
    ends = pair(rng, V4)
    yield IP(**ends, options=[IPOption_Router_Alert()]) / tcp(rng)
    yield IP(**ends, flags="DF") / tcp(rng)
    yield IP(**ends, flags="MF", id=9) / UDP(sport=53, dport=4000, len=3000) / Raw(bytes(64))
    yield IP(**ends, flags="MF", frag=9, id=9, proto=17) / Raw(rng.randbytes(64))
    yield IP(**ends, frag=17, id=9, proto=6) / Raw(b"\x00\x50\x01\xbb" * 8)
    yield IP(**ends) / ICMP(type=8, id=1, seq=1) / Raw(b"ping")
    yield IP(**ends) / ICMP(type=0, id=1, seq=1) / Raw(b"pong")
    yield IP(**ends) / ICMP(type=3, code=3) / IP(**ends) / UDP(sport=1, dport=2)
    yield IP(**ends) / ICMP(type=11, code=0) / IP(**ends) / tcp(rng)
    yield IP(src=V4[0], dst="224.0.0.22", ttl=1, proto=2) / Raw(bytes.fromhex("160007fbe0010203"))
    yield IP(src=V4[0], dst="255.255.255.255") / UDP(sport=68, dport=67) / Raw(bytes(48))
    yield IP(src=V4[0], dst="192.168.1.255") / udp(rng)
    yield IP(src=V4[0], dst="239.1.2.3") / udp(rng)
    yield IP(**ends) / GRE() / IP(**pair(rng, V4)) / tcp(rng)
    yield (
        IP(**ends)
        / UDP(sport=4789, dport=4789)
        / VXLAN(vni=5)
        / Ether(src=MACS[0], dst=MACS[1])
        / IP(**pair(rng, V4))
        / tcp(rng)
    )
    yield IP(**ends) / ESP(spi=7, seq=1, data=rng.randbytes(32))
    yield IP(**ends, proto=51) / AH(nh=6, spi=7, seq=1, icv=bytes(12)) / tcp(rng)
    for protocol in (4, 9, 41, 89, 103, 112, 124, 255):
        yield IP(**ends, proto=protocol) / Raw(rng.randbytes(24))
    yield IP(**ends, version=5) / tcp(rng)
    yield IP(**ends, ihl=15) / tcp(rng)


def ipv6(rng: random.Random) -> Iterator[Packet]:
    """IPv6: transports, each extension header and chains of them, fragments, ICMPv6."""
    for _ in range(16):
        yield IPv6(**pair(rng, V6), tc=rng.randrange(256), fl=rng.randrange(1 << 20)) / transports(
            rng
        )
    ends = pair(rng, V6)
    for headers in (
        IPv6ExtHdrHopByHop(),
        IPv6ExtHdrDestOpt(),
        IPv6ExtHdrRouting(addresses=[V6[1]]),
        IPv6ExtHdrHopByHop() / IPv6ExtHdrRouting(addresses=[V6[1]]) / IPv6ExtHdrDestOpt(),
        IPv6ExtHdrFragment(offset=0, m=1, id=3),
        IPv6ExtHdrHopByHop() / IPv6ExtHdrFragment(offset=0, m=1, id=4),
    ):
        yield IPv6(**ends) / headers / transports(rng)
    yield IPv6(**ends) / IPv6ExtHdrFragment(offset=9, m=0, id=3, nh=6) / Raw(rng.randbytes(40))
    yield IPv6(**ends) / AH(nh=17, spi=7, seq=1, icv=bytes(12)) / udp(rng)
    yield IPv6(**ends) / ESP(spi=7, seq=1, data=rng.randbytes(32))
    yield IPv6(**ends) / ICMPv6EchoRequest(id=1, seq=1, data=b"ping")
    yield IPv6(src=V6[2], dst="ff02::1:ff00:1") / ICMPv6ND_NS(tgt=V6[0])
    yield IPv6(src=V6[2], dst="ff02::fb") / udp(rng)
    yield IPv6(**ends, nh=59)
    for protocol in (4, 89, 103, 112):
        yield IPv6(**ends, nh=protocol) / Raw(rng.randbytes(24))


def arp(_: random.Random) -> Iterator[Packet]:
    """ARP questions and answers, and RARP."""
    who = {"hwsrc": MACS[0], "hwdst": MACS[1], "psrc": V4[0], "pdst": V4[1]}
    yield ARP(op=1, **who)
    yield ARP(op=2, **who)
    yield ARP(op=1, **{**who, "pdst": V4[2]})


def ethernet(rng: random.Random) -> Iterator[Packet]:
    """Ethernet with all of that, tagged, labelled, in PPP sessions, in LLC, and as itself."""
    frame = Ether(src=MACS[0], dst=MACS[1])
    everyone = "ff:ff:ff:ff:ff:ff"
    inner = [*ipv4(rng), *ipv6(rng)]
    yield from (Ether(**_macs(rng)) / packet for packet in inner)
    for packet in arp(rng):
        yield Ether(src=MACS[0], dst=everyone) / packet
    yield Ether(src=MACS[2], dst=everyone, type=0x8035) / next(arp(rng)).copy()
    for packet in rng.sample(inner, 12):
        tag = Dot1Q(vlan=rng.choice([5, 100, 4095]), prio=rng.randrange(8))
        yield frame / tag / packet
    for packet in rng.sample(inner, 6):
        yield frame / Dot1AD(vlan=200) / Dot1Q(vlan=rng.choice([5, 100])) / packet
    yield frame / Dot1Q(vlan=5) / Dot1Q(vlan=6) / inner[0]
    yield frame / Dot1Q(vlan=5) / next(arp(rng))
    yield Ether(src=MACS[0], dst=MACS[1], type=0x9100) / Dot1Q(vlan=7) / inner[1]
    for packet in rng.sample(inner, 6):
        yield frame / MPLS(label=rng.choice([16, 100000, 1048575]), s=1, ttl=64) / packet
    yield frame / MPLS(label=1, s=0) / MPLS(label=2, s=1) / inner[2]
    yield Ether(src=MACS[0], dst=MACS[1], type=0x8848) / MPLS(label=3, s=1) / inner[3]
    yield Ether(src=MACS[0], dst=everyone) / PPPoED(code=9) / Raw(b"\x01\x01\x00\x00")
    for packet in rng.sample(inner, 8):
        session = PPPoE(sessionid=rng.choice([1, 17, 65535]))
        yield frame / session / PPP(proto=0x57 if IPv6 in packet else 0x21) / packet
    yield frame / Dot1Q(vlan=5) / PPPoE(sessionid=17) / PPP(proto=0x21) / inner[4]
    yield Dot3(src=MACS[0], dst="01:80:c2:00:00:00") / LLC(dsap=0x42, ssap=0x42, ctrl=3) / STP()
    yield Dot3(src=MACS[0], dst=MACS[1]) / LLC(dsap=0xFE, ssap=0xFE, ctrl=3) / Raw(b"\x83" * 24)
    yield Dot3(src=MACS[0], dst=MACS[1]) / LLC(dsap=0xF0, ssap=0xF0, ctrl=1) / Raw(bytes(24))
    yield Dot3(src=MACS[0], dst=MACS[1]) / Raw(b"\xff\xff" + bytes(40))
    for code, organisation in ((0x809B, 0x080007), (0x80F3, 0), (0x8137, 0), (0x0800, 0)):
        yield (
            Dot3(src=MACS[0], dst=MACS[1])
            / LLC(dsap=0xAA, ssap=0xAA, ctrl=3)
            / SNAP(OUI=organisation, code=code)
            / Raw(rng.randbytes(30))
        )
    for kind in (0x6001, 0x6002, 0x6003, 0x6004, 0x6007, 0x809B, 0x8137, 0x9000, 0x88CC, 0x88F7):
        yield Ether(src=MACS[0], dst="01:00:5e:00:00:01", type=kind) / Raw(rng.randbytes(46))


def _macs(rng: random.Random) -> dict[str, str]:
    return pair(rng, [*MACS, "ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:16", "33:33:00:00:00:01"])
