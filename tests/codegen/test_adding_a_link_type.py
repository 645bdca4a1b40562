"""docs/adding-a-link-type.md holds: a link type like another is one row."""

import pytest

from pcapfilter.bpf.program import Program
from pcapfilter.codegen import layout
from pcapfilter.codegen.pipeline import generate
from pcapfilter.errors import UnsupportedError
from pcapfilter.net.linktype import resolve
from pcapfilter.net.names import NoResolver
from pcapfilter.parser import parse

TEXTS = ("ip", "tcp port 80", "mpls 5 and ip", "iso", "tcp[13] & 2 != 0", "ip6 host ::1")


def program(text: str, link: str) -> Program:
    """The optimised program."""
    return generate(
        parse(text), link=resolve(link), snaplen=65535, netmask=None, resolver=NoResolver()
    )


def test_one_row_makes_a_link_type_like_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """All words treat it as they treat the other one; messages name it."""
    with pytest.raises(UnsupportedError, match="DLT 147 link-layer type filtering not implemented"):
        program("ip", "USER0")
    monkeypatch.setitem(layout.ALIKE, resolve("USER0").dlt, layout.PPP)
    for text in TEXTS:
        assert program(text, "USER0") == program(text, "PPP"), text
    with pytest.raises(UnsupportedError, match="no VLAN support for DLT 147"):
        program("vlan", "USER0")
