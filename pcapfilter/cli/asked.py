"""What commands that look into filters share: help, and reading what was asked for."""

from collections.abc import Iterator
from contextlib import contextmanager

from pcapfilter.cli import run as command
from pcapfilter.cli.options import CommandLine, Flag, UsageError, described, read_command_line
from pcapfilter.compiling import Options
from pcapfilter.filter import Filter, open_capture
from pcapfilter.io.base import Source
from pcapfilter.net.linktype import resolve


def command_line(
    words: list[str], flags: tuple[Flag, ...], operands: str, *more: str
) -> CommandLine | None:
    """Read the words of a command; None where help was asked for, which is then printed.

    `operands` is what follows `pcapfilter` in the usage line, and `more` are lines below the flags.
    """
    line = read_command_line(words, flags)
    if not line.times("h"):
        return line
    print(f"Usage: pcapfilter {operands}", "", *described(flags), *more, sep="\n")
    return None


def filter_asked_for(line: CommandLine) -> Filter:
    """Give the Filter of the operands or -F, with -y and -O, as tcpdump has it.

    It is not compiled: who follows a text through the compiler need not do that twice.
    """
    link = resolve(line.last("y") or "EN10MB")
    options = Options(link, netmask=0, optimize=not line.times("O"))
    return Filter(command.expression(line), options)


def seconds(line: CommandLine, name: str, usual: float = 30, *, least: float = 1e-9) -> float:
    """Give the seconds, `least` or more, after which the command of that name gives up."""
    text = line.last("timeout")
    if text is None:
        return usual
    try:
        found = float(text)
    except ValueError:
        found = -1.0
    if not least <= found < 1e6:
        more = ", more than 0" if least else ""
        raise UsageError(f"{name}: --timeout takes seconds{more}, not {text!r}")
    return found


@contextmanager
def reading(name: str) -> Iterator[Source]:
    """Open a capture, say what is read, and close it."""
    source = open_capture(name)
    try:
        command.announce(source)
        yield source
    finally:
        source.close()


def told_damage(source: Source) -> int:
    """Say where a capture is damaged; give the exit code."""
    if source.damage is None:
        return 0
    command.say(str(source.damage))
    return 1
