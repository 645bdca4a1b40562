"""Link layers that put a tag into an Ethernet header, or a header of their own before IP.

Source of the headers: the registry's pages of link types; RFC 1051 and RFC 1201 for ARCNET.
"""

from functools import partial

from pcapfilter.cli.frame import ARP, COMMON, FAMILIES, IP, IP6, RARP, Frame, Reader, half

FAMILY_KINDS = {2: IP, 10: IP6}
PAYLOAD = 9
"""The type of the field of NFLOG that is the packet."""
SOLARIS_KINDS = {2: IP, 26: IP6}
ARCNET_KINDS = {240: IP, 241: ARP, 212: IP, 213: ARP, 214: RARP, 196: IP6}
OLD = frozenset((240, 241))
"""Protocols of RFC 1051, which has no sequence numbers as RFC 1201 has."""
EXCEPTION = 0xFF
"""In the place of RFC 1201's flag: three octets of padding come before the real one."""


def _ethernet(place: int, size: int, name: str) -> Reader:
    """A reader of Ethernet headers that have a tag of some octets at a place."""

    def read(octets: bytes, wirelen: int, quiet: bool) -> Frame:
        frame = COMMON["EN10MB"].read(octets[:place] + octets[place + size :], wirelen, quiet)
        header = f"{name} tag {octets[place : place + size].hex()}, {frame.header}"
        return frame._replace(start=frame.start + size, header=header)

    return Reader(14 + size, read)


def _nflog(octets: bytes, wirelen: int, _quiet: bool) -> Frame:
    """Read fields of type, length and value, which are padded to whole words."""
    family, resource = octets[0], half(octets, 2)
    named = FAMILIES.get(family, "Unknown")
    header = f"version {octets[1]}, resource ID {resource}, family {named} ({family}), "
    at = 4
    while at + 4 <= len(octets):
        # In the byte order of whoever captured, which is hardly ever the network's.
        size, kind = (int.from_bytes(octets[at + n : at + n + 2], "little") for n in (0, 2))
        if kind == PAYLOAD:
            return Frame(FAMILY_KINDS.get(family, 0), at + 4, f"{header}length {wirelen}: ")
        if size < 4:
            break
        at += size + -size % 4
    return Frame(0, 0, f"{header}length {wirelen}: ")


def _ipnet(octets: bytes, wirelen: int, _quiet: bool) -> Frame:
    here, there = int.from_bytes(octets[16:20]), int.from_bytes(octets[20:24])
    kind = SOLARIS_KINDS.get(octets[1], 0)
    name = {IP: "IPv4", IP6: "IPv6"}.get(kind, "Unknown")
    return Frame(kind, 24, f"{here} > {there}, family {name} ({octets[1]}), length {wirelen}: ")


def _arcnet(octets: bytes, wirelen: int, _quiet: bool, *, place: int = 2) -> Frame:
    """Read two addresses and, at a place, the protocol, behind which RFC 1201 has numbers."""
    protocol = octets[place]
    start = place + 1
    if protocol not in OLD:
        start += 7 if octets[start] == EXCEPTION else 3
    header = f"{octets[0]:02x} > {octets[1]:02x}, protocol {protocol}, length {wirelen}: "
    return Frame(ARCNET_KINDS.get(protocol, 0), start, header)


TAGGED: dict[str, Reader] = {
    "ARCNET": Reader(6, _arcnet),
    "ARCNET_LINUX": Reader(8, partial(_arcnet, place=4)),
    "DSA_TAG_BRCM": _ethernet(12, 4, "BRCM"),
    "DSA_TAG_BRCM_PREPEND": _ethernet(0, 4, "BRCM"),
    "DSA_TAG_DSA": _ethernet(12, 4, "DSA"),
    "DSA_TAG_EDSA": _ethernet(12, 8, "EDSA"),
    "IPNET": Reader(24, _ipnet),
    "NFLOG": Reader(8, _nflog),
}
