"""The names that libpcap has built in."""

import pytest

from pcapfilter.net import proto
from tests import oracle

pytestmark = oracle.needs_libpcap


@pytest.mark.parametrize("name", sorted(proto.ETHER_PROTOS))
def test_ether_protos(name: str) -> None:
    number = proto.ETHER_PROTOS[name]
    assert oracle.compile(f"ether proto \\{name}") == oracle.compile(f"ether proto {number}")


@pytest.mark.parametrize("name", sorted(proto.ISO_PROTOS))
def test_iso_protos(name: str) -> None:
    number = proto.ISO_PROTOS[name]
    assert oracle.compile(f"iso proto \\{name}") == oracle.compile(f"iso proto {number}")


@pytest.mark.parametrize("name", sorted(proto.LLC_CONTROLS))
def test_llc_controls(name: str) -> None:
    program = oracle.compile(f"llc {name}", optimize=False)
    assert proto.LLC_CONTROLS[name] in {row.k for row in program if row.code == 0x15}
