"""What may help the writer of a text that does not parse: one line, the hint of an error."""

from difflib import get_close_matches
from typing import NamedTuple

from pcapfilter.errors import FilterError, Span
from pcapfilter.expr.words import CONSTANTS, KEYWORDS
from pcapfilter.parser.display import SEARCHES, is_field, translate
from pcapfilter.parser.lexer import Lexer, Token

# Written side by side -> what was meant.
SLIPS = {
    ("=", ">"): ">=", ("=", "<"): "<=", ("<", ">"): "!=", ("~", "="): "!=", ("NOT", "="): "!=",
    ("=", "="): "=", ("RELATION", "="): "= or !=",
}  # fmt: skip

# Type of a token that needs qualifiers -> how to write it.
QUALIFIED = {
    "HID": "host {0}", "HID6": "host {0}", "EID": "ether host {0}", "NUM": "port {0}",
    "ID": "host {0}", "AID": "host {0}",
}  # fmt: skip
STARTS = {
    "PROTO", "SRC", "DST", "KIND", "PLAINKIND", "BARE", "NUMBERED", "ENCAPSULATION", "NAMED",
    "LLC", "TYPE", "SUBTYPE", "DIR", "BYTE", "CAST", "FIELD", "NOT", "(", "LEN", "REASON", "RNR",
}  # fmt: skip
ENDS = {"NUM", "ID", "HID", "HID6", "EID", "AID", ")", "BARE", "CAST", "ENCAPSULATION", "PROTO"}


class _Place(NamedTuple):
    """A text, its tokens, and the index of the token at fault (their number: the end)."""

    text: str
    tokens: list[Token]
    at: int

    def near(self, distance: int) -> Token | None:
        """Give the token so many places from the fault."""
        n = self.at + distance
        return self.tokens[n] if 0 <= n < len(self.tokens) else None

    def spelt(self, token: Token) -> str:
        """Give a token as it was written."""
        return self.text[token.span.start : token.span.end]


def hint(text: str, span: Span) -> str:
    """Give advice on a text with a syntax error at `span`, or nothing."""
    if capture := _capture_filter(text):
        return f"this is a Wireshark display filter; the capture filter is `{capture}`"
    tokens = _tokens(text)
    at = next((n for n, t in enumerate(tokens) if t.span.start >= span.start), len(tokens))
    place = _Place(text, tokens, at)
    for advise in (_field, _slip, _escape, _neighbour, _balance, _qualify, _join):
        if advice := advise(place):
            return advice
    return ""


def _tokens(text: str) -> list[Token]:
    """Give the tokens of the text up to the first that cannot be read."""
    lexer = Lexer(text)
    tokens = []
    try:
        while token := lexer.token():
            tokens.append(token)
    except FilterError:
        pass
    return tokens


def _capture_filter(text: str) -> str | None:
    """Give the capture filter for a display filter, if what comes out does parse."""
    from pcapfilter.parser.read import read  # which calls this module for a faulty text only

    capture = translate(text)
    if capture is None or capture == text:
        return None
    try:
        read(capture, hints=False)
    except FilterError:
        return None
    return capture


def _field(place: _Place) -> str:
    """A field or an operator of a display filter that nothing here corresponds to."""
    for token in (place.near(0), place.near(1)):
        if token and token.type == "ID" and token.text in SEARCHES:
            return (
                f"`{token.text}` is an operator of Wireshark's display filters; a capture filter "
                "compares octets at a known place, as in `udp[8:4] = 0x12345678`"
            )
    token = place.near(0)
    if token and token.type == "ID" and is_field(token.text):
        return f"`{token.text}` is a field of Wireshark's display filters, not of capture filters"
    return ""


def _slip(place: _Place) -> str:
    """Two operators that should be one."""
    for distance in (-1, 0):
        left, right = place.near(distance), place.near(distance + 1)
        meant = SLIPS.get((left.type, right.type)) if left and right else None
        if meant:
            return f"write `{meant}`"
    return ""


def _escape(place: _Place) -> str:
    """A keyword where a name is wanted; a network of one part."""
    before, token = place.near(-1), place.near(0)
    if not before or not token:
        return ""
    spelt = place.spelt(token)
    sort = KEYWORDS.get(spelt, ("AND",))[0]
    if before.type in ("KIND", "PLAINKIND", "NAMED") and sort not in ("AND", "OR", "NOT"):
        return f"`{spelt}` is a keyword: where a name is meant, write `\\{spelt}`"
    if before.type == "NUM" and token.type in ("/", "MASK"):
        return "a network of one part has no dot to tell it from a number: write all its parts"
    return ""


def _neighbour(place: _Place) -> str:
    """A word that is nearly a keyword: here, or just before."""
    for token in (place.near(0), place.near(-1)):
        if not token or token.type != "ID" or token.number:
            continue
        if token.text.lower() in KEYWORDS:
            return f"words are written in small letters: `{token.text.lower()}`"
        if constant := "".join(get_close_matches(token.text.lower(), CONSTANTS, 1, 0.8)):
            return f"did you mean `{constant}`?"
        stem = token.text.partition("-")[0]
        if stem in ("len", "length"):
            return f"a dash joins words: put blanks around the minus, as in `{stem} - 1`"
        if word := _nearest(token.text):
            return f"did you mean `{word}`?"
    return ""


def _nearest(word: str) -> str:
    """Give the keyword that a word is a slip of: letters swapped, or nearly the same."""
    for keyword in KEYWORDS:
        if len(word) == len(keyword) > 1 and sorted(word) == sorted(keyword):
            return keyword
    return "".join(get_close_matches(word, KEYWORDS, 1, 0.7))


def _balance(place: _Place) -> str:
    """A parenthesis or bracket that is never closed, or closes nothing."""
    opened: list[Token] = []
    for n, token in enumerate(place.tokens):
        if token.type in "([":
            opened.append(token)
        elif token.type in ")]":
            if not opened:
                return f"the `{token.type}` closes nothing" if n == place.at else ""
            opened.pop()
    if opened and not place.near(0):
        return f"the `{opened[-1].type}` of column {opened[-1].span.start + 1} is never closed"
    return ""


def _qualify(place: _Place) -> str:
    """An address, number or name that nothing says the sort of; an end too soon."""
    before, token = place.near(-1), place.near(0)
    if not token and before and before.type in QUALIFIED:
        before, token = place.near(-2), before
    if not token:
        return "the text ends where something more is wanted" if place.tokens else ""
    sort = before.type if before else "("
    if token.type not in QUALIFIED or sort not in ("(", "AND", "OR", "NOT", "PROTO"):
        return ""
    spelt = place.spelt(token)
    example = QUALIFIED[token.type].format(spelt)
    if before and sort == "PROTO" and not example.startswith("ether"):
        example = f"{place.spelt(before)} {example}"
    return f"say what `{spelt}` is, as in `{example}`"


def _join(place: _Place) -> str:
    """Two primitives side by side; a protocol behind a direction."""
    before, token = place.near(-1), place.near(0)
    if not before or not token:
        return ""
    if before.type in ("SRC", "DST", "KIND") and token.type in ("PROTO", "SRC", "DST"):
        return "the order is protocol, direction, kind, as in `tcp src port 80`"
    if before.type in ENDS and token.type in STARTS:
        return "join the two with `and` or `or`"
    return ""
