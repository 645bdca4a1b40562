"""Lengths and checksums, as a sender would set them.

Sources: RFC 791, 768, 793, 792, 8200, 9260.
"""

from pcapfilter.net.checksum import checksum, crc32c, pseudo_header
from pcapfilter.tools.layers.read import Layer, layers
from pcapfilter.tools.layers.table import Field

_TRANSPORT = {"TCP": 6, "UDP": 17, "ICMPv6": 58}
"""Those whose checksum covers the addresses, and their numbers."""


def lengths(octets: bytearray, link: str, wirelen: int) -> None:
    """Set every length field to what follows on the wire."""
    for layer in [*layers(octets, link)]:
        for field in layer.header.fields:
            if field.rule == "length":
                rest = wirelen - layer.start - layer.header.extra
                if 0 <= rest < 1 << field.bits:
                    put(octets, layer.start, field, rest)


def checksums(octets: bytearray, link: str) -> None:
    """Set every checksum of a whole packet, the innermost first."""
    found = [*layers(octets, link)]
    network: Layer | None = None
    todo: list[tuple[Layer, Layer | None]] = []
    for layer in found:
        todo.append((layer, network))
        if layer.header.name in {"IPv4", "IPv6"}:
            network = layer
    for layer, below in reversed(todo):
        for field in layer.header.fields:
            if field.rule == "sum" and layer.start + layer.header.octets <= len(octets):
                put(octets, layer.start, field, 0)
                put(octets, layer.start, field, _sum(octets, layer, below))


def put(octets: bytearray, start: int, field: Field, value: int) -> None:
    """Write a number into a field of a header that begins at `start`, within what is there."""
    first, last = field.at // 8, (field.at + field.bits + 7) // 8
    shift = 8 * last - field.at - field.bits
    mask = ((1 << field.bits) - 1) << shift
    if field.form in {"little", "swapped"}:
        value = int.from_bytes(value.to_bytes(field.bits // 8, "little"), "big")
    part = bytes(octets[start + first : start + last])
    word = int.from_bytes(part.ljust(last - first, b"\0"), "big") & ~mask | value << shift
    octets[start + first : start + last] = word.to_bytes(last - first, "big")[: len(part)]


def _sum(octets: bytearray, layer: Layer, network: Layer | None) -> int:
    name = layer.header.name
    if name == "IPv4":
        return checksum(octets[layer.start : layer.start + layer.size])
    end = len(octets)
    if network is not None:
        inside = "total length" if network.header.name == "IPv4" else "payload length"
        end = network.start + network.header.extra + network.value(octets, inside)
    body = octets[layer.start : end]
    if name == "SCTP":
        return int.from_bytes(crc32c(body).to_bytes(4, "little"), "big")
    if name not in _TRANSPORT or network is None:
        return checksum(body)
    at, size = (12, 4) if network.header.name == "IPv4" else (8, 16)
    start = network.start + at
    source, target = octets[start : start + size], octets[start + size : start + 2 * size]
    found = checksum(pseudo_header(source, target, _TRANSPORT[name], len(body)) + body)
    return found or (0xFFFF if name == "UDP" else 0)
