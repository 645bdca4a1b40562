"""The words that make the command do something else than filter: `pcapfilter WORD ...`.

Each is a module of this package with a function `run(words) -> exit code`, loaded when it is asked
for. A word is taken for a command only where it is the first one of the command line, so that
`pcapfilter -r FILE diff` still looks for the host named diff.
"""

from collections.abc import Callable
from importlib import import_module
from typing import NamedTuple, cast


class Command(NamedTuple):
    """One command: the exit code of trouble, and what it is for."""

    trouble: int
    purpose: str


COMMANDS: dict[str, Command] = {
    # word -> exit code of trouble, purpose
    "check": Command(2, "compare with what the tcpdump installed compiles"),
    "diff": Command(2, "prove that two filters select the same packets, or show one that differs"),
    "explain": Command(1, "say in words what a filter asks for, and explain its program"),
    "graph": Command(1, "draw the program, and which ways packets take through it"),
    "lint": Command(2, "say what in a filter is likely not meant, and what to write instead"),
    "split": Command(1, "read once, and write what matches each of many filters to its own file"),
    "trace": Command(1, "say of each packet why it matches or does not"),
}


def command(name: str) -> Callable[[list[str]], int]:
    """Give the function that runs a command."""
    module = import_module(f"{__name__}.{name}")
    return cast("Callable[[list[str]], int]", module.run)
