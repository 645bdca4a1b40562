"""The generator of expressions is worth its name: libpcap takes most of it, and each word of it.

PCAPFILTER_DRAWS sets how many texts are drawn on each link type. Of 5,000, every word that the link
type has stands in at least 20 that libpcap takes; of fewer, in proportion.
"""

import os
import random
import re
from collections import Counter

import pytest

from pcapfilter.expr.words import CONSTANTS, KEYWORDS
from tests import oracle
from tests.strategies import ALL, EVERYDAY, draw, support
from tests.vocabulary import FAMILIES

DRAWS = int(os.environ.get("PCAPFILTER_DRAWS", "5000"))
LINKS = ("EN10MB", "RAW", "IPV4", "IPV6", "NULL", "LOOP", "LINUX_SLL", "LINUX_SLL2", "PPP")
RARE_LINKS = ("IEEE802_11", "SUNATM", "MTP2", "PFLOG", "FDDI", "ARCNET", "C_HDLC", "USB_LINUX")

pytestmark = oracle.needs_libpcap


def takes(text: str, link: str, *, optimize: bool) -> bool:
    try:
        oracle.compile(text, link, optimize=optimize, netmask=0)
    except oracle.Refused:
        return False
    return True


def words(text: str) -> set[str]:
    """Give the keywords and constants in a text or template."""
    return {w for w in re.findall(r"[\w-]+", text) if w in KEYWORDS or w in CONSTANTS}


def expected(link: str, families: frozenset[str]) -> set[str]:
    """Give the words of the templates that libpcap takes on the link type."""
    templates = [t for family in families for t in FAMILIES[family] if t in support()[link]]
    return set().union(*(words(re.sub("<.*?>", "", t)) for t in templates)) - {
        "rnr",
        "rulenum",
    }  # `llc rnr` is one of many


@pytest.mark.parametrize(
    ("link", "families"), [*((link, EVERYDAY) for link in LINKS), *((k, ALL) for k in RARE_LINKS)]
)
def test_libpcap_takes_most_texts_and_every_word(link: str, families: frozenset[str]) -> None:
    rng = random.Random(f"strategies {link}")
    texts = [draw(rng, link, families) for _ in range(DRAWS)]
    assert sum(takes(text, link, optimize=True) for text in texts) >= 0.8 * DRAWS
    taken = Counter(w for t in texts if takes(t, link, optimize=False) for w in words(t))
    share = 20 if families is EVERYDAY else 5  # the rare families are drawn 20,000 times
    few = {w: taken[w] for w in expected(link, families) if taken[w] < DRAWS * share // 5000}
    assert not few


@pytest.mark.parametrize("link", ["EN10MB", "SUNATM"])
def test_one_seed_gives_one_text(link: str) -> None:
    texts = [[draw(random.Random(seed), link, ALL) for seed in range(50)] for _ in range(2)]
    assert texts[0] == texts[1]
    assert len(set(texts[0])) > 40
