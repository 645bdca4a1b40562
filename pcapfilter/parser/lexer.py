"""Text -> tokens, by the longest match as libpcap's scanner does it.

A word is letters, digits, dots, dashes and underscores, so `len-1` is one word, as it is for
libpcap. What a word is (keyword, constant, number, address, name) is decided once it is read.
"""

import re
from typing import NoReturn

from pcapfilter.errors import FilterSyntaxError, Span
from pcapfilter.expr.words import CONSTANTS, KEYWORDS
from pcapfilter.net import address

SYNTAX_ERROR = "can't parse filter expression: syntax error"

# Operators of more than one character, or with a synonym -> token.
OPERATORS = {
    "&&": "AND", "||": "OR", "!": "NOT", "==": "=", "<<": "SHIFT", ">>": "SHIFT",
    ">=": "RELATION", "<=": "RELATION", "!=": "RELATION",
}  # fmt: skip
LITERALS = "+-*/%&|^<>()[]:="

_SCAN = re.compile(
    r"(?P<blank>[ \r\n\t]+)"
    r"|(?P<word>[A-Za-z0-9](?:[-_.A-Za-z0-9]*[.A-Za-z0-9])?)"
    r"|(?P<operator>&&|\|\||[<>=!]=|<<|>>|[-+*/%&|^!<>()\[\]:=])"
    r"|(?P<escape>\\[^ !()\n\t]+)"
    r"|(?P<arcnet>\$[0-9A-Fa-f]{1,2})"
).match
_MAYBE_COLONS = re.compile("[0-9A-Fa-f]{0,4}:[0-9A-Fa-f]{0,4}:").match
_NUMBER = re.compile("[0-9]+|0[xX][0-9A-Fa-f]+").fullmatch


class Token:
    """One token: its type, the text it stands for, its Span, and its number if it is one."""

    __slots__ = ("lexer", "number", "span", "text", "type")

    def __init__(self, kind: str, text: str, span: Span, number: int = 0) -> None:
        self.type = kind
        self.text = text
        self.span = span
        self.number = number
        self.lexer: object = None

    @property
    def value(self) -> "Token":
        """The token itself: rules see the whole of it."""
        return self


class Lexer:
    """The tokens of one text, one at a time."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0

    def token(self) -> Token | None:
        """Give the next token, or None at the end of the text."""
        text = self.text
        while True:
            start = self.position
            found = _SCAN(text, start)
            if found is None:
                if start == len(text):
                    return None
                _refuse(SYNTAX_ERROR, start, start + 1, f"{text[start]!r} has no meaning here")
            sort, end = found.lastgroup, found.end()
            if sort != "blank":
                break
            self.position = end
        if _MAYBE_COLONS(text, start):
            shape, colon_end = address.scan_colons(text, start)
            if colon_end > end:
                self.position = colon_end
                return _colon_address(shape, text[start:colon_end], start)
        self.position = end
        lexeme, span = text[start:end], Span(start, end)
        if sort == "word":
            return _word(lexeme, span)
        if sort == "operator":
            return Token(OPERATORS.get(lexeme, lexeme), lexeme if lexeme != "==" else "=", span)
        if sort == "escape":
            return Token("ID", lexeme[1:], span, 1)
        return Token("AID", lexeme[1:], span)


def _word(lexeme: str, span: Span) -> Token:
    """Tell what a word is."""
    if keyword := KEYWORDS.get(lexeme):
        return Token(keyword[0], keyword[1], span)
    if lexeme in CONSTANTS:
        return Token("NUM", lexeme, span, CONSTANTS[lexeme])
    if address.is_mac(lexeme):
        return Token("EID", lexeme, span)
    if _NUMBER(lexeme):
        return Token("NUM", "", span, _number(lexeme, span))
    return Token("HID" if address.is_dotted(lexeme) else "ID", lexeme, span)


def _colon_address(shape: str, lexeme: str, start: int) -> Token:
    """Give the token of an address with colons in it."""
    span = Span(start, start + len(lexeme))
    if shape == "mac":
        return Token("EID", lexeme, span)
    if shape == "bogus":
        _refuse(f"bogus ethernet address {lexeme}", *span)
    try:
        address.parse_v6(lexeme)
    except ValueError as fault:
        _refuse(str(fault), *span)
    return Token("HID6", lexeme, span)


def _number(lexeme: str, span: Span) -> int:
    """Give the value of a decimal, octal (leading 0) or hexadecimal (0x) number of 32 bits."""
    if lexeme[1:2] in ("x", "X"):
        value = int(lexeme, 0)
    elif lexeme[0] == "0":
        digits = re.match("[0-7]*", lexeme)
        value = int(digits.group() or "0", 8) if digits else 0
        if value <= 0xFFFFFFFF and digits and digits.end() < len(lexeme):
            _refuse(f"number {lexeme} contains non-octal digit", *span)
    else:
        value = int(lexeme) if len(lexeme) <= 10 else 1 << 32
    if value > 0xFFFFFFFF:
        _refuse(f"number {lexeme} overflows 32 bits", *span)
    return value


def _refuse(message: str, start: int, end: int, hint: str = "") -> NoReturn:
    raise FilterSyntaxError(message, span=Span(start, end), hint=hint)
