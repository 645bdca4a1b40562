"""The checksums of IP, of what it carries, and of SCTP.

Source: RFC 1071; RFC 8200 section 8.1 for the pseudo-header of IPv6; RFC 9260 appendix A.
"""

Octets = bytes | bytearray


def checksum(octets: Octets) -> int:
    """Give the Internet checksum: over octets that hold theirs, 0 where it is right."""
    padded = bytes(octets) + b"\0" * (len(octets) % 2)
    total = sum(int.from_bytes(padded[at : at + 2]) for at in range(0, len(padded), 2))
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


def pseudo_header(source: Octets, target: Octets, protocol: int, length: int) -> bytes:
    """Give what TCP, UDP and ICMPv6 sum up beside themselves (the order makes no difference)."""
    return bytes(source) + target + length.to_bytes(4) + protocol.to_bytes(4)


def crc32c(octets: Octets) -> int:
    """Give the checksum of SCTP."""
    rest = 0xFFFFFFFF
    for octet in octets:
        rest ^= octet
        for _ in range(8):
            rest = rest >> 1 ^ (0x82F63B78 if rest & 1 else 0)
    return rest ^ 0xFFFFFFFF
