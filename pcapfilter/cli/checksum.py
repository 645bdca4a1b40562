"""Internet checksums, and what tcpdump says of right and wrong ones.

Source: RFC 1071; RFC 8200 section 8.1 for the pseudo-header of IPv6.
"""


def checksum(octets: bytes) -> int:
    """Give the ones' complement sum over octets that hold a checksum: 0 where it is right."""
    if len(octets) % 2:
        octets += b"\0"
    total = sum(int.from_bytes(octets[at : at + 2]) for at in range(0, len(octets), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def corrected(stated: int, remainder: int) -> int:
    """Give what a checksum should be, from the one that is stated and what `checksum` made of it.

    Both are ones' complement numbers: taking one from the other gives the right one.
    """
    total = stated + remainder
    total = (total & 0xFFFF) + (total >> 16)
    return (total & 0xFFFF) + (total >> 16)


def pseudo_header(source: bytes, target: bytes, protocol: int, length: int) -> bytes:
    """Give what TCP, UDP and ICMPv6 sum up beside themselves (the order makes no difference)."""
    return source + target + length.to_bytes(4) + protocol.to_bytes(4)
