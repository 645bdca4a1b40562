"""Text as it can stand in a picture: how wide it is in a monospaced font, cut, and wrapped."""

from unicodedata import category, east_asian_width


def plain(text: str) -> str:
    """Give the text with a blank for white space but newlines, and ? for what has no form."""
    return "".join(
        character if character == "\n" else " " if character.isspace()
        else "?" if category(character).startswith("C") else character
        for character in text
    )  # fmt: skip


def columns(text: str) -> int:
    """Give how many columns a text takes."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


def cut(text: str, most: int) -> str:
    """Give a text on one line, its middle left out if it is longer than `most` characters."""
    text = " ".join(text.split())
    if len(text) <= most:
        return text
    tail = most // 3
    return f"{text[: most - tail - 1]}…{text[-tail:]}"


def wrapped(text: str, room: int) -> list[tuple[int, int]]:
    """Give the lines of a text, from where to where, each at most so many columns wide."""
    lines: list[tuple[int, int]] = []
    start, end = 0, len(text.rstrip())
    while start < end:
        stop, width = start, 0
        while stop < end and width + columns(text[stop]) <= room and text[stop] != "\n":
            width += columns(text[stop])
            stop += 1
        if stop < end and not text[stop].isspace():
            blank = max((n for n in range(start, stop) if text[n].isspace()), default=-1)
            stop = blank if blank > start else max(stop, start + 1)
        lines.append((start, stop))
        start = stop
        while start < end and text[start].isspace():
            start += 1
    return lines
