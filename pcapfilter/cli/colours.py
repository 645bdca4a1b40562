"""Lines in colours on a terminal, and plain elsewhere."""

import sys
from collections.abc import Iterable

Piece = tuple[str, str]
"""Text, and how it is shown on a terminal (a style of rich)."""

HEADING, PART, ABOUT, CAME, WENT = "bold", "green", "cyan", "green", "red"
YES, NO, FAINT = "bold green", "bold red", "bright_black"


def show(lines: Iterable[list[Piece]]) -> None:
    """Print lines, each as soon as it is there."""
    if not sys.stdout.isatty():
        for pieces in lines:
            print("".join(text for text, _ in pieces).rstrip())
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True)
    for pieces in lines:
        console.print(Text.assemble(*pieces))
