"""What lint has to say: a Finding with its place and reason, and Rewritings with what is proved."""

from typing import Literal, NamedTuple

from pcapfilter.errors import FilterError, Span

Level = Literal["warning", "note"]
WIDEST = 100
"""Characters of a line that are shown around a place."""

Relation = Literal["same", "different", "same if whole", "unproved"]


class Rewriting(NamedTuple):
    """Another text, and how what it selects relates to what the text at hand selects.

    "same if whole": on packets on which no load fails, and not on all others. "unproved": nothing
    is known. `purpose` says what the other text is; `witness` is a packet that only one of the two
    selects (the other text where `theirs`), `wirelen` its length on the wire, `sample` the packet
    in words.
    """

    text: str
    purpose: str
    relation: Relation = "unproved"
    sample: str = ""
    theirs: bool = False
    witness: bytes | None = None
    wirelen: int = 0

    def __str__(self) -> str:
        """Give what is proved of it."""
        match self.relation:
            case "same":
                return "proved: it selects the same packets"
            case "same if whole":
                return f"proved: the same but for packets that end too early; {self._shown}"
            case "different":
                return f"proved: it differs; {self._shown}"
            case "unproved":
                return "what it selects was not compared"

    @property
    def alike(self) -> bool:
        """Tell whether it is proved that whole packets go the same way."""
        return self.relation in {"same", "same if whole"}

    @property
    def _shown(self) -> str:
        who = "it selects" if self.theirs else "it does not select"
        return f"{who}, say, {self.sample}"


class Finding(NamedTuple):
    """One thing found: by which rule, where, why, and what to write instead.

    A "note" tells of a limit that a filter of its kind has; a "warning" of what is likely not
    meant. `others` are further places that it is about.
    """

    rule: str
    level: Level
    span: Span
    reason: str
    rewritings: tuple[Rewriting, ...] = ()
    others: tuple[Span, ...] = ()

    def lines(self, text: str) -> list[str]:
        """Give the finding as lines: level and reason, the place in the text, the rewritings."""
        shown, span = _window(text, self.span)
        placed = FilterError(
            f"{self.level}: {self.reason} [{self.rule}]", text=shown, span=span
        )  # fmt: skip
        lines = str(placed).split("\n")
        for rewriting in self.rewritings:
            written = " ".join(rewriting.text.split()) or "(the empty text)"
            lines += [f"  {rewriting.purpose}:", f"    {written}"]
            lines += [f"    ({rewriting})"]
        return lines


class Report(NamedTuple):
    """What came of an inspection.

    `open` counts the questions that the prover had no time for, `solver` tells whether it is there,
    and `large` that the expression was too large to look at its parts.
    """

    findings: tuple[Finding, ...]
    open: int = 0
    solver: bool = True
    large: bool = False

    @property
    def left_out(self) -> list[str]:
        """Say what was not looked at, or not proved, and what to do about it."""
        said = []
        if self.large:
            said.append("too large to look at its parts; the whole was looked at")
        if not self.solver:
            said.append("nothing is proved without Z3: pip install 'pcapfilter-engine[prove]'")
        if self.open:
            what = "question" if self.open == 1 else "questions"
            said.append(
                f"{self.open} {what} stayed open; pcapfilter lint --timeout gives more time"
            )
        return said


def _window(text: str, span: Span) -> tuple[str, Span]:
    """Give the part of a long line that is at issue, and where in it the place is."""
    start = text.rfind("\n", 0, span.start) + 1
    end = text.find("\n", span.start)
    end = len(text) if end < 0 else end
    if end - start <= WIDEST:
        return text, span
    first = max(start, span.start - WIDEST // 4)
    last = min(end, first + WIDEST)
    shown = "… " * (first > start) + text[first:last] + " …" * (last < end)
    moved = 2 * (first > start) - first
    return shown, Span(span.start + moved, min(span.end, last) + moved)
