"""Filter expressions by chance: `draw(rng, link)` for sweeps, `expressions(link)` for hypothesis.

Seeded, quick (some 20,000 a second), and mostly accepted by libpcap on the link type it is told:
golden/words_by_link.txt says which template of vocabulary.py libpcap takes where. It is measured
again by `python -m tests.strategies`, which needs libpcap.
"""

import functools
import random
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from hypothesis import strategies as st

from pcapfilter.expr.words import CONSTANTS, KEYWORDS
from pcapfilter.net.address import format_v4, format_v6
from pcapfilter.net.linktype import LINK_TYPES
from tests import oracle
from tests.vocabulary import EVERYDAY as EVERYDAY_TABLE
from tests.vocabulary import FAMILIES, PARTS

EVERYDAY = frozenset(EVERYDAY_TABLE)
ALL = frozenset(FAMILIES)
SUPPORT = Path(__file__).parent / "golden" / "words_by_link.txt"

# How often a family is drawn, where it is not once.
WEIGHTS = {
    "load": 4, "flags": 3, "host": 3, "port": 2, "network": 2, "wlan": 4, "pf": 2, "atm": 3,
    "ss7": 4, "protocol": 2,
}  # fmt: skip

# How much more often a template is drawn that some packet of the link type can match.
USEFUL = 4

Rng = random.Random


def draw(rng: Rng, link: str, families: frozenset[str] = EVERYDAY, *, depth: int = 6) -> str:
    """Draw a text that libpcap mostly takes on the link type, from the families given."""
    rows = _rows(link, families)
    text = _expression(rng, rows, rng.choice((0, 0, 1, 1, 2, 2, 3, depth)))
    if rng.random() < 0.01:
        text = f"{text} or {fill(rng, rng.choice(FAMILIES[rng.choice(sorted(families))]))}"
    return _disguise(rng, text)


def expressions(link: str, families: frozenset[str] = EVERYDAY) -> st.SearchStrategy[str]:
    """Give draw() as a hypothesis strategy."""
    return st.randoms(use_true_random=False).map(lambda rng: draw(rng, link, families))


@functools.cache
def _rows(link: str, families: frozenset[str]) -> tuple[tuple[str, ...], ...]:
    """Give the templates to draw from, by family, each family as often as its weight."""
    taken = support().get(link, {})
    rows: list[tuple[str, ...]] = []
    for family in sorted(families):
        templates = [t for t in FAMILIES[family] if t in taken or not taken]
        useful = [t for t in templates if taken.get(t)]
        weight = WEIGHTS.get(family, 1) * (USEFUL if useful else 1)
        rows += [tuple(templates + useful * USEFUL)] * (weight if templates else 0)
    return tuple(rows)


@functools.cache
def support() -> dict[str, dict[str, bool]]:
    """Give the templates that libpcap takes, by link type, and whether packets can match them."""
    taken: dict[str, dict[str, bool]] = {}
    links: list[str] = []
    for line in SUPPORT.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            links = line.strip("[]").split()
        elif line:
            for link in links:
                name, _, mark = link.partition("!")
                taken.setdefault(name, {})[line] = not mark
    return taken


def _expression(rng: Rng, rows: Sequence[tuple[str, ...]], depth: int) -> str:
    """Draw an expression: `or` more often than `and`, which soon leaves no packet to match."""
    if depth == 0 or rng.random() < 0.1:
        return fill(rng, rng.choice(rng.choice(rows)))
    kind = rng.random()
    if kind < 0.12:
        return f"not {_operand(rng, rows, depth - 1)}"
    if kind < 0.2:
        return f"({_expression(rng, rows, depth - 1)})"
    if kind < 0.5:
        negated = "not " if rng.random() < 0.6 else ""
        return f"{_operand(rng, rows, depth - 1)} and {negated}{_operand(rng, rows, 0)}"
    terms = rng.choice((2, 2, 2, 3, 4))
    depths = [rng.randrange(depth)] + [rng.randrange(min(depth, 2)) for _ in range(terms - 1)]
    return " or ".join(_operand(rng, rows, d) for d in depths)


def _operand(rng: Rng, rows: Sequence[tuple[str, ...]], depth: int) -> str:
    """Draw an operand, in parentheses where it needs them, and now and then where it does not."""
    text = _expression(rng, rows, depth)
    joined = " and " in text or " or " in text
    return f"({text})" if rng.random() < (0.7 if joined else 0.05) else text


# ---- parts -------------------------------------------------------------------------------------

_PART = re.compile("<([a-z][a-z0-9-]*)>")


def fill(rng: Rng, template: str) -> str:
    """Draw all parts of a template."""
    while "<" in template and (found := _PART.search(template)):
        name = found[1]
        part = rng.choice(PARTS[name]) if name in PARTS else DRAWN[name](rng)
        template = template[: found.start()] + part + template[found.end() :]
        if len(template) > 400:  # <sum> may go on for long
            template = template.replace("<sum>", "1")
    return template


def _number(rng: Rng, bits: int, low: int = 0) -> str:
    """Draw a number of so many bits, often at a limit, in one of its spellings."""
    top = (1 << bits) - 1
    edges = (0, 1, 2, top, top - 1, 1 << (bits - 1), (1 << (bits - 1)) - 1, rng.randrange(256))
    if bits >= 8 and not low and rng.random() < 0.25:
        return rng.choice(tuple(CONSTANTS))
    value = rng.choice(edges) if rng.random() < 0.4 else rng.randint(0, top)
    value = max(low, min(top, value))
    spelling = rng.random()
    if spelling < 0.7:
        return str(value)
    if spelling < 0.95:
        return hex(value)
    octal = f"0{value:o}"
    return octal if len(octal) < 11 else str(value)  # twelve digits are a MAC address


def _v4_net(rng: Rng) -> str:
    length = rng.choice((0, 1, 7, 8, 12, 16, 23, 24, 25, 31, 32))
    address = rng.getrandbits(32) & (0xFFFFFFFF << (32 - length))
    return f"{format_v4(address, 32)}/{length}"


def _v4_mask(rng: Rng) -> str:
    mask = rng.choice((0xFF000000, 0xFFFF0000, 0xFFFFFF00, 0xFFFFFFFF, 0xFFF00000, 0xFF00FF00))
    return f"{format_v4(rng.getrandbits(32) & mask, 32)} mask {format_v4(mask, 32)}"


def _v4_part(rng: Rng) -> str:
    parts = [str(rng.choice((0, 1, 10, 127, 192, 255))) for _ in range(rng.choice((2, 3)))]
    return ".".join(parts)


def _v6(rng: Rng) -> str:
    address = rng.getrandbits(128)
    for shift in range(0, 128, 16):
        if rng.random() < 0.5:
            address &= ~(0xFFFF << shift)
    if rng.random() < 0.1:
        return "::" + format_v4(rng.getrandbits(32), 32)
    return format_v6(address)


def _v6_net(rng: Rng) -> str:
    length = rng.choice((0, 1, 16, 31, 32, 33, 48, 64, 65, 96, 127, 128))
    return f"{format_v6(rng.getrandbits(128) >> (128 - length) << (128 - length))}/{length}"


def _mac(rng: Rng) -> str:
    octets = [rng.choice((0, 1, 255, rng.randrange(256))) for _ in range(6)]
    style = rng.random()
    if style < 0.6:
        return ":".join(f"{octet:02x}" for octet in octets)
    if style < 0.7:
        return ":".join(f"{octet:X}" for octet in octets)
    if style < 0.8:
        return rng.choice("-.").join(f"{octet:x}" for octet in octets)
    digits = bytes(octets).hex()
    return digits if style < 0.9 else f"{digits[:4]}.{digits[4:8]}.{digits[8:]}"


def _range(rng: Rng) -> str:
    low, high = rng.choice((0, 1, 80, 1024, 65535)), rng.randrange(65536)
    return f"{low}-{high}" if rng.random() < 0.9 else f"{high}-{low}"


def _one_of(prefix: str) -> Callable[[Rng], str]:
    names = [name for name in CONSTANTS if name.startswith(prefix)]
    return lambda rng: rng.choice(names)


DRAWN: dict[str, Callable[[Rng], str]] = {
    **{
        f"u{bits}": functools.partial(_number, bits=bits) for bits in (4, 8, 12, 14, 16, 20, 24, 32)
    },
    "port": lambda rng: _number(rng, 16),
    "shift": lambda rng: str(rng.choice((0, 1, 2, 8, 16, 31))),
    "nonzero": lambda rng: _number(rng, 16, 1),
    "v4": lambda rng: format_v4(rng.choice((0, 0x7F000001, 0xFFFFFFFF, rng.getrandbits(32))), 32),
    "v4net": _v4_net,
    "v4mask": _v4_mask,
    "v4part": _v4_part,
    "v6": _v6,
    "v6net": _v6_net,
    "mac": _mac,
    "aid": lambda rng: f"${rng.randrange(256):x}",
    "range": _range,
    "decnet": lambda rng: f"{rng.randrange(64)}.{rng.randrange(1024)}",
    "icmptype": _one_of("icmp-"),
    "icmp6type": _one_of("icmp6-"),
}


# ---- blanks and spellings ----------------------------------------------------------------------

_SPELLINGS = {
    " and ": (" && ", "&&", " and\n"),
    " or ": (" || ", "||", "\tor "),
    "not ": ("! ", "!"),
}
_OPERATOR = re.compile(r" ?(==|[!<>]=|<<|>>|[=<>*/%^\[\])]) ?(?![-=<>])")


def _disguise(rng: Rng, text: str) -> str:
    """Write some texts with odd blanks and other spellings, without a change of meaning."""
    if rng.random() < 0.7:
        return text
    for plain, others in _SPELLINGS.items():
        if rng.random() < 0.5 and "\\" not in text:  # an escaped name would take a `|` in
            text = text.replace(plain, rng.choice(others))
    if rng.random() < 0.4:
        text = _OPERATOR.sub(_tight, text)
    if rng.random() < 0.4:
        text = re.sub(" ", lambda _: rng.choice((" ", "  ", "\t", "\n ", " \r\n")), text)
    return text


def _tight(found: re.Match[str]) -> str:
    """Take the blanks from around an operator, unless a word would run into the next."""
    after = found.string[found.end() : found.end() + 1]
    return found[1] + (" " if found[1] in "])" and after.isalnum() else "")


# ---- spoiling ----------------------------------------------------------------------------------

_TOKEN = re.compile(r"\s+|[\w.:\\$-]+|.")
_MARKS = "( ) [ ] = < > != <= >= == && || ! + - * / & | ^ % << >> : ~"
_THINGS = "80 0x10 07 08 80-90 1.2.3.4 1.2.3.0/24 1::2 1:2:3:4:5:6 1:2: localhost \\tcp $a5 a-1"
_ATOMS = (*KEYWORDS, *f"{_MARKS} {_THINGS}".split() * 3)


def spoil(rng: Rng, text: str) -> str:
    """Drop, swap, replace or put in a token or three; most of what comes out does not parse."""
    if rng.random() < 0.2:
        return " ".join(rng.choice(_ATOMS) for _ in range(rng.randint(1, 6)))
    tokens = _TOKEN.findall(text)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        if not tokens:
            break
        at, other = rng.randrange(len(tokens)), rng.randrange(len(tokens))
        match rng.randrange(4):
            case 0:
                del tokens[at]
            case 1:
                tokens[at], tokens[other] = tokens[other], tokens[at]
            case 2:
                tokens[at] = rng.choice(_ATOMS)
            case _:
                tokens.insert(at, f" {rng.choice(_ATOMS)} ")
    return "".join(tokens)


# ---- measuring ---------------------------------------------------------------------------------


def measure(samples: int = 8) -> str:
    """Ask libpcap which templates it takes on which link types; the text of words_by_link.txt."""
    by_links: dict[str, list[str]] = {}
    for templates in FAMILIES.values():
        for template in templates:
            rng = random.Random(template)
            texts = [fill(rng, template) for _ in range(samples)]
            links = " ".join(filter(None, (_outcome(texts, row.name) for row in LINK_TYPES)))
            if links:
                by_links.setdefault(links, []).append(template)
    return "\n".join(f"[{links}]\n" + "\n".join(rows) + "\n" for links, rows in by_links.items())


def _outcome(texts: Iterable[str], link: str) -> str:
    """Give the link type if libpcap takes most of the texts; with a mark if none can match."""
    messages = [_message(text, link) for text in texts]
    rejects = sum("rejects all" in message for message in messages)
    if sum(map(bool, messages)) - rejects > len(messages) // 4:
        return ""
    return f"{link}!never" if rejects > len(messages) // 2 else link


def _message(text: str, link: str) -> str:
    """Give what libpcap has to say against a text."""
    try:
        oracle.compile(text, link, netmask=0)
    except oracle.Refused as refusal:
        return str(refusal)
    return ""


if __name__ == "__main__":
    sys.stdout.write(measure())
