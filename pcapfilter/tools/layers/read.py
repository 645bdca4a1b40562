"""Octets -> the layers of a packet and their fields."""

import sys
from collections.abc import Iterator
from typing import NamedTuple

from pcapfilter.net import address
from pcapfilter.tools.layers.table import FIRST, HEADERS, PROTOCOL_NAMES, Field, Header

Octets = bytes | bytearray

_MOST = 16
"""No packet has more layers than that."""
_SNAP, _BOTH_WAYS, _PROTECTED = 0xAA, 0x03, 0x40
_TCP_FLAGS = ("fin", "syn", "rst", "push", "ack", "urg", "ece", "cwr")
_IP_FLAGS = {0: "none", 1: "more fragments", 2: "do not fragment", 3: "both"}


class Layer(NamedTuple):
    """One header in a packet, from octet `start` on; `size` is how long it says that it is."""

    header: Header
    start: int
    size: int

    def value(self, octets: Octets, name: str) -> int:
        """Give the number in a field; missing octets are zeros."""
        field = next(field for field in self.header.fields if field.name == name)
        return number(octets, self.start, field)


def number(octets: Octets, start: int, field: Field) -> int:
    """Give the number in a field of a header that begins at `start`; missing octets are zeros."""
    first, last = field.at // 8, (field.at + field.bits + 7) // 8
    part = octets[start + first : start + last].ljust(last - first, b"\0")
    word = int.from_bytes(part, "big") >> 8 * last - field.at - field.bits
    word &= (1 << field.bits) - 1
    if field.form == "little" or (field.form == "swapped" and sys.byteorder == "little"):
        word = int.from_bytes(word.to_bytes(field.bits // 8, "big"), "little")
    return word


def first(link: str) -> Header | None:
    """Give the header that packets of a link type begin with, if it is one we know."""
    return HEADERS[FIRST[link]] if link in FIRST else None


def layers(octets: Octets, link: str) -> Iterator[Layer]:
    """Give the layers of a packet, from the link layer inward, as far as it has octets."""
    header, start = first(link), 0
    for _ in range(_MOST):
        if header is None or start >= len(octets):
            return
        layer = measured(header, octets, start)
        if header.name != "IP":
            yield layer
        header, start = following(layer, octets)


def measured(header: Header, octets: Octets, start: int) -> Layer:
    """Give the layer that a header makes of the octets from `start` on."""
    layer = Layer(header, start, header.octets)
    if not header.size_field:
        return layer
    size = layer.value(octets, header.size_field) * header.unit + header.extra
    return layer._replace(size=size)


def following(layer: Layer, octets: Octets) -> tuple[Header | None, int]:
    """Give the header after a layer, and where it begins; None where that is not known."""
    header = layer.header
    start = layer.start + (0 if header.name == "IP" else layer.size)
    if header.name in {"IPv4", "fragment header"} and layer.value(octets, "fragment offset"):
        return None, start
    if header.name == "PPPoE" and layer.value(octets, "code"):
        return None, start
    if header.name == "802.11" and not _is_plain(layer, octets):
        return None, start
    if header.name == "LLC" and layer.value(octets, "destination access point") != _SNAP:
        return None, start
    for field in header.fields:
        if field.rule == "next":
            name = header.follows.get(number(octets, layer.start, field))
            return (HEADERS[name] if name else None), start
    return None, start


def _is_plain(layer: Layer, octets: Octets) -> bool:
    """Tell whether a frame is of subtype 0, has three addresses, and is not enciphered."""
    flags = layer.value(octets, "flags")
    four = flags & _BOTH_WAYS == _BOTH_WAYS
    return not (layer.value(octets, "subtype") or four or flags & _PROTECTED)


def written(field: Field, value: int, follows: dict[int, str]) -> str:
    """Give the number in a field as people write it."""
    match field.form:
        case "mac":
            return value.to_bytes(6, "big").hex(":")
        case "ip4":
            return ".".join(map(str, value.to_bytes(4, "big")))
        case "ip6":
            return address.format_v6(value)
        case "words":
            return f"{value * 4} octets"
        case "flags":
            return f"{value} ({_IP_FLAGS[value & 3]})"
        case "tcpflags":
            names = [name for n, name in enumerate(_TCP_FLAGS) if value >> n & 1]
            return f"{value:#04x} ({', '.join(names) or 'none'})"
    text = f"{value:#0{field.bits // 4 + 2}x}" if field.form == "hex" else str(value)
    name = ""
    if field.rule == "next":
        name = follows.get(value, PROTOCOL_NAMES.get(value, "") if field.bits == 8 else "")
    return f"{text} ({name})" if name else text
