"""Numbers, and the word for the link layer, as the text of a filter has them.

Canonical text has decimal numbers and `ether` alone: `ip[6:2] & 8191` says less than
`ip[6:2] & 0x1fff`, and `ether[0]` misleads where `wlan[0]` was written.
"""

import re

from pcapfilter.errors import Span
from pcapfilter.expr.nodes import Expr
from pcapfilter.expr.text import to_text

_ALONE = r"(?<![\w.:/\[-])(?:{})(?![\w.:/-])"
"""What stands alone: it is no place in a header, and no part of an address."""
_DECIMAL = re.compile(_ALONE.format("[1-9][0-9]*"))
_LINK = re.compile(r"\b(?:ether|fddi|tr|wlan|ppp|slip|link)\b")
_ETHER = re.compile(r"\bether\b")
_NUMBER = re.compile(_ALONE.format("[1-9][0-9]*|0[xX][0-9a-fA-F]+"))


class Spelling:
    """How one part of a text has its numbers, by value and in order, and the link layer's word."""

    def __init__(self, text: str, span: Span) -> None:
        self._written: dict[int, list[str]] = {}
        own = text[slice(*span)]
        links = {*_LINK.findall(own)} - {"ether"}
        self._link = links.pop() if len(links) == 1 and "ether" not in own else ""
        for word in _NUMBER.findall(own):
            self._written.setdefault(int(word, 0), []).append(word.lower())

    def of(self, said: str) -> str:
        """Give words about that part, with numbers as they were written there."""
        left = {value: [*words] for value, words in self._written.items()}

        def spelled(found: re.Match[str]) -> str:
            words = left.get(int(found[0])) or [found[0]]
            return words[0] if len(words) == 1 else words.pop(0)

        if self._link:
            said = _ETHER.sub(self._link, said)
        return _DECIMAL.sub(spelled, said)

    def number(self, value: int, beside: int) -> str:
        """Give a number that is compared with another one in the base of that one."""
        hexadecimal = self._written.get(beside, [""])[-1].startswith("0x")
        return hex(value) if hexadecimal else str(value)


def canonical(node: Expr, text: str) -> str:
    """Give a primitive as canonical text, with numbers as `text` has them."""
    return Spelling(text, node.span).of(to_text(node))
