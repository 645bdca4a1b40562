"""The table of link types beside libpcap's, and the ways to ask for a row."""

import struct
from pathlib import Path

import pytest

from pcapfilter.errors import UnsupportedError
from pcapfilter.net.linktype import (
    ALIASES,
    LINK_TYPES,
    LinkType,
    by_dlt,
    by_linktype,
    by_name,
    resolve,
)
from tests import oracle


@oracle.needs_libpcap
def test_names_and_descriptions_are_libpcaps() -> None:
    """Each DLT that libpcap names has its row, with libpcap's words."""
    known = {dlt: row for dlt in range(1 << 10) if (row := oracle.datalink(dlt))}
    assert len(known) > 150
    assert {dlt: (by_dlt(dlt).name, by_dlt(dlt).description) for dlt in known} == known


@oracle.needs_libpcap
@oracle.needs_tcpdump
@pytest.mark.parametrize("row", [row for row in LINK_TYPES if row.dlt != row.linktype], ids=str)
def test_files_hold_the_other_number(row: LinkType, tmp_path: Path) -> None:
    """A file that says DLT is written with LINKTYPE, and one that says LINKTYPE is read as DLT."""
    for number in row[1:3]:
        before, after = tmp_path / "before", tmp_path / "after"
        before.write_bytes(struct.pack("=IHHIIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, number))
        answer = oracle.tcpdump("-r", before, "-w", after)
        assert f"link-type {row.title}," in answer.stderr.decode()
        assert int.from_bytes(after.read_bytes()[20:24], "little") == row.linktype
        assert by_linktype(number) == row


def test_numbers_and_names_are_unique() -> None:
    for column in range(3):
        assert len({row[column] for row in LINK_TYPES}) == len(LINK_TYPES)
    assert not set(ALIASES) & {row.name for row in LINK_TYPES}
    assert set(ALIASES.values()) <= {row.name for row in LINK_TYPES}
    # No number is the DLT of one type and the LINKTYPE of another.
    assert all(by_linktype(row.dlt) == row == by_dlt(row.linktype) for row in LINK_TYPES)


@pytest.mark.parametrize(
    ("link", "name"),
    [
        ("EN10MB", "EN10MB"),
        ("en10mb", "EN10MB"),
        ("DLT_EN10MB", "EN10MB"),
        ("LINKTYPE_ETHERNET", "EN10MB"),
        ("linktype_ieee802_11_radiotap", "IEEE802_11_RADIO"),
        (1, "EN10MB"),
        (12, "RAW"),
        (101, "RAW"),
        (147, "USER0"),
        (by_name("PPP"), "PPP"),
        (9999, "9999"),
    ],
)
def test_resolve(link: str | int | LinkType, name: str) -> None:
    assert resolve(link).name == name


def test_titles() -> None:
    assert by_name("RAW").title == "RAW (Raw IP)"
    assert by_linktype(9999) == LinkType("9999", 9999, 9999, "")
    assert by_linktype(9999).title == "9999"


@pytest.mark.parametrize(
    ("link", "message"),
    [
        ("EN01MB", "invalid data link type EN01MB\nhint: did you mean EN10MB?"),
        ("nonsense", "invalid data link type nonsense"),
        (-1, "invalid data link type -1"),
        (1 << 32, "invalid data link type 4294967296"),
    ],
)
def test_refusals(link: str | int, message: str) -> None:
    with pytest.raises(UnsupportedError) as caught:
        resolve(link)
    assert str(caught.value) == message
