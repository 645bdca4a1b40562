"""The parser beside libpcap's: both take a text, or both call it a syntax error.

Where libpcap finds a fault of meaning (it generates code while it parses), it says nothing about
the syntax of what follows, so neither does the test. PCAPFILTER_DRAWS sets how many texts are
drawn on each link type.
"""

import os
import random

import pytest

from pcapfilter.errors import FilterError
from pcapfilter.expr.text import to_text
from pcapfilter.parser import parse
from tests import oracle
from tests.strategies import ALL, draw, spoil

DRAWS = int(os.environ.get("PCAPFILTER_DRAWS", "600"))
LINKS = ("EN10MB", "IEEE802_11", "SUNATM", "MTP2", "PFLOG")

SYNTAX_ERROR = "can't parse filter expression: syntax error"
NOTHING_TO_INHERIT = "syntax error in filter expression"

pytestmark = oracle.needs_libpcap


def ours(text: str) -> str:
    """Give our message against a text, or nothing."""
    try:
        parse(text)
    except FilterError as error:
        return error.message
    return ""


def theirs(text: str, link: str) -> str:
    """Give libpcap's message against a text, or nothing."""
    try:
        oracle.compile(text, link, optimize=False, netmask=0)
    except oracle.Refused as refusal:
        return str(refusal)
    return ""


def compare(text: str, link: str) -> None:
    expected = theirs(text, link)
    if not expected or expected == SYNTAX_ERROR:
        assert ours(text) == expected, (text, link)
    elif expected == NOTHING_TO_INHERIT:  # found by generating code: another fault may follow
        assert ours(text), (text, link)


@pytest.mark.parametrize("link", LINKS)
def test_drawn(link: str) -> None:
    rng = random.Random(f"drawn {link}")
    for _ in range(DRAWS):
        compare(draw(rng, link, ALL), link)


@pytest.mark.parametrize("link", LINKS)
def test_spoilt(link: str) -> None:
    rng = random.Random(f"spoilt {link}")
    for _ in range(DRAWS * 2):
        compare(spoil(rng, draw(rng, link, ALL)), link)


@pytest.mark.parametrize("link", [*LINKS, "ARCNET"])
def test_canonical_text_compiles_to_the_same(link: str) -> None:
    """What libpcap makes of the canonical text shows that the tree is the one it saw."""
    rng = random.Random(f"canonical {link}")
    for _ in range(DRAWS):
        text = draw(rng, link, ALL)
        try:
            program = oracle.compile(text, link, optimize=False, netmask=0)
        except oracle.Refused:
            continue
        canonical = to_text(parse(text))
        assert oracle.compile(canonical, link, optimize=False, netmask=0) == program, text


NUMBERS = "0 1 07 08 123 255 256 0x1 0xfffffffff 12345 037777777777 4294967295 4294967296"
PIECES = f"{NUMBERS} \\ f ab abcd g x : : : : :: . . - / $".split()


def test_words_and_addresses() -> None:
    """What libpcap says of `port X` tells what its scanner takes X for."""
    said = {
        "illegal port number": "Number",
        "unknown port": "Name",
        "invalid qualifier against IPv6": "V6",
        "ethernet address used": "LinkAddress",
        "aid supported only": "LinkAddress",
    }
    rng = random.Random("words")
    for _ in range(DRAWS * 4):
        word = "".join(rng.choice(PIECES) for _ in range(rng.randint(1, 16)))
        text = f"port {word}"
        expected = theirs(text, "EN10MB")
        got = ours(text)
        sort = next((s for start, s in said.items() if expected.startswith(start)), "")
        if sort and not got:
            assert type(getattr(parse(text), "value", None)).__name__ == sort, text
        elif not sort and expected:
            later = got == SYNTAX_ERROR and expected.startswith(("Mask", "'port' modifier"))
            assert got == expected or later or (not got and expected.startswith("Mask")), text
