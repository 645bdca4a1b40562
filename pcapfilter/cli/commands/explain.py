"""`pcapfilter explain`: what a filter asks for, in words, and where its program comes from."""

from collections.abc import Iterator

from pcapfilter.cli.asked import command_line, filter_asked_for
from pcapfilter.cli.colours import ABOUT, CAME, FAINT, HEADING, NO, PART, WENT, Piece, show
from pcapfilter.cli.options import Flag
from pcapfilter.filter import Filter
from pcapfilter.tools.explain import Edit, Explanation, changes, explain
from pcapfilter.tools.lint import Remarks

FLAGS = (
    Flag("y", "linktype", "NAME", "the link type (EN10MB)"),
    Flag("O", "no-optimize", "", "explain the program before it is optimised"),
    Flag("", "passes", "", "show what each pass of the optimiser changes"),
    Flag("F", "", "FILE", "read the expression from FILE"),
    Flag("h", "help", "", "print this and stop"),
)
LEFT_OUT = ("tag",)
"""Rules whose remarks would stand below nearly every filter."""
DEEPEST, AROUND, LONGEST = 20, 1, 60
"""How far lines are set in, at most; how many unchanged lines are shown around others; and how much
of a primitive is shown beside each of its instructions."""


def run(words: list[str]) -> int:
    """Explain an expression; give the exit code."""
    line = command_line(words, FLAGS, "explain [option ...] [expression]")
    if line is None:
        return 0
    made = filter_asked_for(line)
    found = explain(made)
    show(explained(found, made))
    show(remarked(Remarks(made, own=found.provenance.program, ignore=LEFT_OUT)))
    if line.times("passes"):
        show(passes_shown(made))
    return 0


def remarked(remarks: Remarks) -> Iterator[list[Piece]]:
    """Give what lint finds, a line each, and what it could not look at."""
    found = remarks.findings
    if found or remarks.left_out:
        yield []
        yield [("What lint says of it", HEADING), (" (pcapfilter lint says what to write)", FAINT)]
        yield []
    for finding in found:
        style = NO if finding.level == "warning" else ABOUT
        yield [(f"  {finding.level}: ", style), (f"{finding.reason} [{finding.rule}]", "")]
    for said in remarks.left_out:
        yield [(f"  ({said})", FAINT)]


def explained(found: Explanation, made: Filter) -> Iterator[list[Piece]]:
    """Give an explanation line by line."""
    link = made.options.link
    yield [("filter   ", HEADING), (" ".join(found.text.split()) or "(empty)", "")]
    yield [("read as  ", HEADING), (found.read_as or "(everything)", PART)]
    yield [("on       ", HEADING), (link.title, "")]
    yield []
    yield [("A packet matches if this holds:", HEADING)]
    yield []
    for depth, text, _ in found.statements:
        yield [("  " * (1 + min(depth, DEEPEST)), ""), (text, "")]
    yield []
    count = len(found.rows)
    kind = "optimised" if made.options.optimize else "not optimised"
    yield [(f"The program, {kind}: {count} instruction{'s' * (count != 1)}", HEADING)]
    if found.never:
        yield [("No packet can match: the optimiser found a contradiction.", "")]
    yield []
    left = max(len(row.listing) for row in found.rows) + 2
    middle = max(len(row.about) for row in found.rows) + 2
    for row in found.rows:
        yield [
            (f"{row.listing:<{left}}", ""),
            (f"{row.about:<{middle}}", ABOUT),
            (_short(row.origin), PART),
        ]


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def passes_shown(made: Filter) -> Iterator[list[Piece]]:
    """Give what each pass changed, line by line."""
    yield []
    yield [("What each pass changed (blocks by number; - went, + came)", HEADING)]
    number = 0
    for number, change in enumerate(changes(made), 1):
        yield []
        yield [(f"{number}. {change.name}", HEADING), (f": {change.promise}", "")]
        for block, edits in change.blocks:
            yield [(f"   block {block}", "")]
            for sign, text in _near(edits):
                yield [(f"     {sign} {text}", {"+": CAME, "-": WENT}.get(sign, ""))]
    if not number:
        yield [("nothing", "")]


def _near(edits: tuple[Edit, ...]) -> Iterator[Edit]:
    """Give the lines that changed with those around them; dots for the others."""
    changed = [place for place, edit in enumerate(edits) if edit.sign != " "]
    left_out = False
    for place, edit in enumerate(edits):
        if any(abs(place - other) <= AROUND for other in changed):
            yield edit
            left_out = False
        elif not left_out:
            yield Edit(" ", "...")
            left_out = True
