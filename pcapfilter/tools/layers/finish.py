"""Lengths and checksums, as a sender would set them.

Sources: RFC 791, 768, 793, 792, 8200 (8.1, the pseudo-header), 9260 (appendix A).
"""

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
        return internet_checksum(octets[layer.start : layer.start + layer.size])
    end = len(octets)
    if network is not None:
        inside = "total length" if network.header.name == "IPv4" else "payload length"
        end = network.start + network.header.extra + network.value(octets, inside)
    body = octets[layer.start : end]
    if name == "SCTP":
        return int.from_bytes(crc32c(body).to_bytes(4, "little"), "big")
    if name not in _TRANSPORT or network is None:
        return internet_checksum(body)
    at, size = (12, 8) if network.header.name == "IPv4" else (8, 32)
    addresses = octets[network.start + at : network.start + at + size]
    front = addresses + len(body).to_bytes(4, "big") + _TRANSPORT[name].to_bytes(4, "big")
    found = internet_checksum(front + body)
    return found or (0xFFFF if name == "UDP" else 0)


def internet_checksum(octets: bytes | bytearray) -> int:
    """Give the Internet checksum (RFC 1071)."""
    padded = bytes(octets) + b"\0" * (len(octets) % 2)
    total = sum(int.from_bytes(padded[n : n + 2], "big") for n in range(0, len(padded), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


def crc32c(octets: bytes | bytearray) -> int:
    """Give the checksum of SCTP (RFC 9260, appendix A)."""
    rest = 0xFFFFFFFF
    for octet in octets:
        rest ^= octet
        for _ in range(8):
            rest = rest >> 1 ^ (0x82F63B78 if rest & 1 else 0)
    return rest ^ 0xFFFFFFFF
