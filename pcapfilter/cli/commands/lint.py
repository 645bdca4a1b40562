"""`pcapfilter lint`: what in a filter is likely not meant.

The exit code is 0 where nothing is found (notes do not count, unless --strict), 1 for findings, 2
for trouble.
"""

from pcapfilter.cli import run as command
from pcapfilter.cli.asked import command_line, filter_asked_for, seconds
from pcapfilter.cli.colours import ABOUT, NO, Piece, show
from pcapfilter.cli.options import CommandLine, Flag, UsageError
from pcapfilter.tools.lint import TIMEOUT, inspect
from pcapfilter.tools.lint.rules import RULES

FLAGS = (
    Flag("y", "linktype", "NAME", "the link type (EN10MB)"),
    Flag("F", "", "FILE", "read the expression from FILE"),
    Flag("", "ignore", "RULE,...", "leave out these rules"),
    Flag("", "strict", "", "let notes count for the exit code, too"),
    Flag("", "timeout", "SECONDS", f"give up proving after so long ({TIMEOUT:g})"),
    Flag("h", "help", "", "print this and stop"),
)
CLEAN, FOUND = 0, 1


def run(words: list[str]) -> int:
    """Print the findings; give the exit code."""
    rules = (f"  {', '.join(rule.names):<28}{rule.purpose}" for rule in RULES)
    line = command_line(words, FLAGS, "lint [option ...] [expression]", "", "Rules:", *rules)
    if line is None:
        return CLEAN
    made = filter_asked_for(line)
    report = inspect(made, timeout=seconds(line, "lint", TIMEOUT, least=0), ignore=_ignored(line))
    for number, found in enumerate(report.findings):
        first, *rest = found.lines(made.text)
        level, reason = first.partition(":")[::2]
        style = NO if found.level == "warning" else ABOUT
        head: list[list[Piece]] = [[]] * bool(number)
        head += [[(level, style), (f":{reason}", "")]]
        show([*head, *([(line, "")] for line in rest)])
    for said in report.left_out:
        command.say(f"lint: {said}")
    counting = [f for f in report.findings if f.level == "warning" or line.times("strict")]
    return FOUND if counting else CLEAN


def _ignored(line: CommandLine) -> list[str]:
    known = [name for rule in RULES for name in rule.names]
    names = [name for value in line.given.get("ignore", ()) for name in value.split(",")]
    for name in names:
        if name not in known:
            raise UsageError(f"lint: no such rule: {name!r} ({', '.join(known)})")
    return names
