"""Random expressions, drawn with a seed: what the optimiser is compared with libpcap on."""

import random

LINKS = (1, 12, 0, 113, 276, 9, 228, 229, 108)
_BINARY = ("+", "-", "*", "/", "%", "&", "|", "^", "<<", ">>")
_RELATIONS = ("=", "==", "!=", "<", ">", "<=", ">=")
_NUMBERS = (0, 1, 2, 3, 4, 6, 7, 8, 13, 15, 31, 32, 33, 0xFF, 0x800, 0x86DD, 0xFFFF, 0x7FFFFFFF,
            0x80000000, 0xFFFFFFFF)  # fmt: skip
_WORDS = (
    "ip", "ip6", "arp", "rarp", "tcp", "udp", "icmp", "icmp6", "igmp", "sctp", "ah", "esp", "pim",
    "vrrp", "broadcast", "multicast", "ip multicast", "ip6 multicast", "ip broadcast",
    "ether multicast", "carp", "igrp",
)  # fmt: skip
_DIRECTIONS = ("", "src ", "dst ", "src or dst ", "src and dst ")
_LISTS = (
    ("host 10.0.0.{}",), ("src host 10.0.0.{}", "dst host 10.0.0.{}"), ("net 10.{}.0.0/16",),
    ("port {}",), ("tcp port {}", "udp port {}"), ("host 10.0.0.{}", "port {}"),
    ("host 10.0.0.{}", "ether host 00:00:00:00:00:{}"), ("host fe80::{}", "host 10.0.0.{}"),
    ("(host 10.0.0.{} and tcp)", "port {}", "ip proto {}"), ("portrange {0}-1{0}", "less 1{}"),
)  # fmt: skip
"""Lists of hosts and the like, by the words that their terms are made of."""
_BASES = ("ip", "tcp", "udp", "icmp", "ip6", "link", "ether", "arp", "icmp6", "sctp", "igmp")
_CONSTANTS = ("tcp[tcpflags] & (tcp-syn|tcp-ack) != 0", "tcp[tcpflags] = tcp-syn",
              "icmp[icmptype] = icmp-echo", "icmp[icmpcode] != 0",
              "(ip[2:2] - ((ip[0]&0xf)<<2)) - ((tcp[12]&0xf0)>>2) != 0",
              "tcp[((tcp[12:1] & 0xf0) >> 2):4] = 0x47455420")  # fmt: skip


class Drawer:
    """Draws expressions; the same seed draws the same ones."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def expression(self, depth: int = 3) -> str:
        draw = self._random
        if depth == 0 or draw.random() < 0.25:
            text = self.primitive()
            return f"not {text}" if draw.random() < 0.2 else text
        if draw.random() < 0.06:
            word = draw.choice(("port", "host", "proto"))
            terms = [self.term(word) for _ in range(draw.randrange(3, 14))]
            return "(" + draw.choice((" or ", " and not ")).join(terms) + ")"
        parts = [self.expression(depth - 1) for _ in range(draw.randrange(2, 4))]
        text = parts[0]
        for part in parts[1:]:
            text += draw.choice((" and ", " or ")) + part
        if draw.random() < 0.8:
            text = f"({text})"
            if draw.random() < 0.15:
                text = f"not {text}"
        return text

    def chain(self) -> str:
        """A list as people generate it: tens of hosts, nets or ports, all wanted or none."""
        draw = self._random
        words = draw.choice(_LISTS)
        terms = [
            draw.choice(words).format(draw.randrange(1, 200)) for _ in range(draw.randrange(5, 80))
        ]
        return draw.choice((" or ", " and ", " or not ", " and not ")).join(terms)

    def term(self, word: str) -> str:
        draw = self._random
        if word == "port":
            return f"port {draw.randrange(1, 12)}"
        if word == "host":
            return f"host 10.0.0.{draw.randrange(1, 9)}"
        return f"ip proto {draw.randrange(1, 20)}"

    def primitive(self) -> str:
        draw = self._random
        kind = draw.randrange(18)
        way = draw.choice(_DIRECTIONS)
        if kind <= 2:
            return draw.choice(_WORDS)
        if kind <= 4:
            proto = draw.choice(("", "", "tcp ", "udp ", "sctp ", "ip ", "ip6 "))
            return f"{proto}{way}port {draw.choice((22, 53, 80, 443))}"
        if kind == 5:
            low = draw.choice((1, 80, 1000))
            return f"{draw.choice(('', 'tcp ', 'udp '))}{way}portrange {low}-{low + 100}"
        if kind <= 7:
            proto = draw.choice(("", "", "ip ", "arp ", "rarp "))
            return f"{proto}{way}host 10.0.0.{draw.randrange(1, 4)}"
        if kind == 8:
            return f"{way}host fe80::{draw.randrange(1, 3)}"
        if kind == 9:
            size = draw.choice((0, 8, 12, 16, 24, 30, 32))
            mask = (0xFFFFFFFF << (32 - size)) & 0xFFFFFFFF
            address = 0x0A010203 & mask
            dotted = ".".join(str(address >> n & 255) for n in (24, 16, 8, 0))
            return f"{draw.choice(('', 'ip '))}{way}net {dotted}/{size}"
        if kind == 10:
            return f"ip6 {way}net {draw.choice(('fe80::/10', '2001:db8::/32', '::/0', 'a::/70'))}"
        if kind == 11:
            return draw.choice(
                (f"ether {way}host 1:2:3:4:5:{draw.randrange(3)}", f"ether proto {self.number()}")
            )
        if kind == 12:
            return draw.choice(
                ("vlan", "vlan 3", "mpls", "mpls 100", "pppoes", "pppoes 7", "pppoed")
            )
        if kind == 13:
            word = draw.choice(("ip proto", "ip6 proto", "proto"))
            return f"{word} {draw.choice((1, 2, 6, 17, 50, 58, 132))}"
        if kind == 14:
            return draw.choice(
                (
                    f"len {draw.choice(_RELATIONS)} {self.number()}",
                    f"greater {draw.randrange(99)}",
                    f"less {draw.randrange(99)}",
                )
            )
        if kind == 15:
            return draw.choice(_CONSTANTS)
        return f"{self.arith(2)} {draw.choice(_RELATIONS)} {self.arith(2)}"

    def number(self) -> int:
        draw = self._random
        return draw.choice(_NUMBERS) if draw.random() < 0.7 else draw.randrange(2000)

    def arith(self, depth: int) -> str:
        draw = self._random
        kind = draw.randrange(10)
        if depth == 0 or kind <= 3:
            if draw.random() < 0.45:
                return str(self.number())
            return "len" if draw.random() < 0.1 else self.access(str(draw.randrange(24)))
        if kind == 4:
            return self.access(self.arith(depth - 1))
        if kind == 5:
            return f"-({self.arith(depth - 1)})"
        left, right = self.arith(depth - 1), self.arith(depth - 1)
        return f"({left} {draw.choice(_BINARY)} {right})"

    def access(self, index: str) -> str:
        draw = self._random
        return f"{draw.choice(_BASES)}[{index}{draw.choice(('', ':1', ':2', ':4'))}]"
