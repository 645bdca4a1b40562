"""Packets that show a difference, on libpcap's bpf_filter: random pairs of filters."""

import random

import pytest

import pcapfilter as pf
from tests import oracle
from tests.codegen.drawn import Drawer

pytest.importorskip("z3")

LINKS = ("EN10MB", "RAW", "LINUX_SLL2", "IEEE802_11_RADIO", "PPP", "NULL", "EN10MB")


def pair(drawer: Drawer, rng: random.Random) -> tuple[str, str]:
    """Two expressions, of which the second often has the first in it."""
    one, other = drawer.expression(rng.randrange(1, 4)), drawer.expression(1)
    lead = rng.choice(["", "", "", "geneve or "])
    second = rng.choice([other, f"{one} or {other}", f"not ({one})", f"{one} and {other}"])
    return f"{lead}{one}", f"{lead}{second}"


@oracle.needs_libpcap
def test_bpf_filter_confirms_them(sweep: float) -> None:
    """But for those on whose way a scratch cell is read unset: that is told of them."""
    drawer, rng = Drawer(6), random.Random(6)
    confirmed = told = 0
    for _ in range(int(70 * sweep)):
        link, strict = rng.choice(LINKS), rng.random() < 0.5
        try:
            a, b = (
                pf.compile(text, link=link, netmask=0, optimize=rng.random() < 0.5)
                for text in pair(drawer, rng)
            )
            found = pf.compare(a, b, count=2, strict=strict)
        except pf.FilterError:
            continue
        for witness in found.witnesses:
            packet, wirelen, first, answers, _ = witness
            if any(side.unset(packet, wirelen, answers) for side in found.sides):
                told += 1
                assert "scratch cells that are read unset" in str(found)
            elif not answers:
                confirmed += 1
                for side, selects in zip(found.sides, (first, not first), strict=True):
                    machine = oracle.Machine(side.program)  # type: ignore[arg-type] # classic ones
                    assert bool(machine.run(packet, wirelen)) is selects, (a, b, witness)
    assert confirmed > 40 * sweep
    assert told > 0
