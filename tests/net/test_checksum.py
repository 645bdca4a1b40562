"""Checksums: the examples of their documents, and scapy's for the rest."""

import pytest

from pcapfilter.net.checksum import checksum, corrected, crc32c, pseudo_header


def test_the_internet_checksum() -> None:
    octets = bytes.fromhex("0001f203f4f5f6f7")  # RFC 1071, section 3
    assert checksum(octets) == 0xFFFF - 0xDDF2
    assert checksum(octets + checksum(octets).to_bytes(2)) == 0
    odd = bytearray(b"\x12\x34\x56")
    assert checksum(odd) == 0xFFFF - (0x1234 + 0x5600)
    assert odd == b"\x12\x34\x56"
    assert checksum(b"") == 0xFFFF
    assert checksum(b"\xff" * 70_000) == 0


@pytest.mark.parametrize("stated", [0, 1, 0x1234, 0xFFFE, 0xFFFF])
def test_a_wrong_one_is_corrected(stated: int) -> None:
    octets = bytes.fromhex("4500003c1c4640004006")
    addresses = bytes.fromhex("ac100a63ac100a0c")
    right = checksum(octets + bytes(2) + addresses)
    assert right == 0xB1E6
    assert corrected(stated, checksum(octets + stated.to_bytes(2) + addresses)) == right


def test_the_checksum_of_sctp() -> None:
    assert crc32c(b"123456789") == 0xE3069283
    assert crc32c(bytes(32)) == 0x8A9136AA  # RFC 3720, appendix B.4


@pytest.mark.parametrize("size", [4, 16])
def test_pseudo_headers(size: int) -> None:
    inet = pytest.importorskip("scapy.layers.inet")
    inet6 = pytest.importorskip("scapy.layers.inet6")
    source, target = bytes(range(1, size + 1)), bytes(range(101, size + 101))
    udp = inet.UDP(sport=5, dport=7) / b"hello"
    if size == 4:
        address = (".".join(map(str, octets)) for octets in (source, target))
        carried = bytes(inet.IP(src=next(address), dst=next(address)) / udp)[20:]
    else:
        spelt = [octets.hex(":", 2) for octets in (source, target)]
        carried = bytes(inet6.IPv6(src=spelt[0], dst=spelt[1]) / udp)[40:]
    assert checksum(pseudo_header(source, target, 17, len(carried)) + carried) == 0
