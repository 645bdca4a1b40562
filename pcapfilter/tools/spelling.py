"""Numbers as the text of a filter has them: in hexadecimal where they were written so.

Canonical text has decimal numbers alone, and `ip[6:2] & 8191` says less than `ip[6:2] & 0x1fff`.
"""

import re

from pcapfilter.errors import Span
from pcapfilter.expr.nodes import Expr
from pcapfilter.expr.text import to_text

_ALONE = r"(?<![\w.:/\[-])(?:{})(?![\w.:/-])"
"""What stands alone: it is no place in a header, and no part of an address."""
_DECIMAL = re.compile(_ALONE.format("[1-9][0-9]*"))
_NUMBER = re.compile(_ALONE.format("[1-9][0-9]*|0[xX][0-9a-fA-F]+"))


class Spelling:
    """How numbers were written in one part of a text, by value and in order."""

    def __init__(self, text: str, span: Span) -> None:
        self._written: dict[int, list[str]] = {}
        for word in _NUMBER.findall(text[slice(*span)]):
            self._written.setdefault(int(word, 0), []).append(word.lower())

    def of(self, said: str) -> str:
        """Give words about that part, with numbers as they were written there."""
        left = {value: [*words] for value, words in self._written.items()}

        def spelled(found: re.Match[str]) -> str:
            words = left.get(int(found[0])) or [found[0]]
            return words[0] if len(words) == 1 else words.pop(0)

        return _DECIMAL.sub(spelled, said)

    def number(self, value: int, beside: int) -> str:
        """Give a number that is compared with another one in the base of that one."""
        hexadecimal = self._written.get(beside, [""])[-1].startswith("0x")
        return hex(value) if hexadecimal else str(value)


def canonical(node: Expr, text: str) -> str:
    """Give a primitive as canonical text, with numbers as `text` has them."""
    return Spelling(text, node.span).of(to_text(node))
