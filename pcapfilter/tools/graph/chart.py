"""A Chart: what is to be drawn of a program, as boxes and arrows with their texts and counts.

A box is a basic block; a block that does nothing but jump on (as long jumps do) is none, and its
arrows lead to where it leads. Where packets were counted, whatever enters a box leaves it: by an
arrow, by its return, or as `failed`.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from pcapfilter.bpf import isa
from pcapfilter.bpf.flow import BasicBlock, blocks, successors
from pcapfilter.bpf.program import Program
from pcapfilter.bpf.text import line
from pcapfilter.errors import Span
from pcapfilter.tools.graph.counting import Counts

Kind = Literal["test", "accept", "reject", "return"]
Way = Literal["true", "false", "always"]

LONGEST_BOX = 24
"""Instructions shown of a block."""


class Box(NamedTuple):
    """A basic block: what it is for, from which parts of the expression, and its instructions.

    `question` says in words what it asks, or else what it reads, where that is known. `entered` is
    how many packets came, `failed` how many of them were rejected within.
    """

    start: int
    end: int
    kind: Kind
    parts: tuple[Span, ...]
    lines: tuple[str, ...]
    question: str = ""
    entered: int | None = None
    failed: int = 0


class Arrow(NamedTuple):
    """A way from one box to another (by their places in the chart), and how many packets took it.

    The ways of a comparison are "true" and "false"; any other is "always".
    """

    source: int
    target: int
    way: Way
    packets: int | None = None


class Chart(NamedTuple):
    """The control flow of a program; the first box is where it begins.

    `text` is the expression and `notes` are lines to stand below it; `seen` is how many packets
    were counted, if any were.
    """

    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    text: str = ""
    notes: tuple[str, ...] = ()
    seen: int | None = None


def chart_of(
    program: Program,
    *,
    text: str = "",
    parts: Sequence[Sequence[Span]] = (),
    questions: Sequence[str] = (),
    reads: Sequence[str] = (),
    counts: Counts | None = None,
    notes: Sequence[str] = (),
) -> Chart:
    """Give the chart of a program.

    `parts` says of each instruction from which parts of `text` it comes, `questions` what it asks
    and `reads` what it reads, where that is known.
    """
    found = {block.start: block for block in blocks(program)}
    kept = [block for block in found.values() if _landing(program, block.start) == block.start]
    first = _landing(program, 0)
    kept.sort(key=lambda block: (block.start != first, block.start))
    index = {block.start: number for number, block in enumerate(kept)}
    boxes = [_box(program, block, parts, counts) for block in kept]
    if questions:
        boxes = [_named(box, questions, reads) for box in boxes]
    arrows = [
        Arrow(index[block.start], index[target], way, count)
        for block in kept
        for target, way, count in _ways(program, block, counts)
    ]
    seen = None if counts is None else counts.seen
    return Chart(tuple(boxes), tuple(arrows), text, tuple(notes), seen)


def _landing(program: Program, place: int) -> int:
    """Give where a jump to `place` comes to do something, or goes round in circles."""
    passed: set[int] = set()
    while program[place].code == isa.JMP | isa.JA and place not in passed:
        passed.add(place)
        (place,) = successors(program, place)
    return place


def _ways(
    program: Program, block: BasicBlock, counts: Counts | None
) -> list[tuple[int, Way, int | None]]:
    """Give the ways out of a block: where to, which, and how often."""
    last = block.end - 1
    targets = [_landing(program, place) for place in successors(program, last)]
    if counts is None:
        left = taken = fallen = None
    else:
        left, taken = counts.entered[last] - counts.failed[last], counts.taken[last]
        fallen = left - taken
    if len({*targets}) == 2:
        return [(targets[0], "true", taken), (targets[1], "false", fallen)]
    return [(target, "always", left) for target in dict.fromkeys(targets)]


def _box(
    program: Program, block: BasicBlock, parts: Sequence[Sequence[Span]], counts: Counts | None
) -> Box:
    inside = range(block.start, block.end)
    shown = [_instruction(program, pc) for pc in inside]
    if len(shown) > LONGEST_BOX:
        cut = LONGEST_BOX // 2
        left_out = f"… {len(shown) - 2 * cut} more"
        shown = [*shown[:cut], left_out, *shown[-cut:]]
    spans = dict.fromkeys(span for found in parts[block.start : block.end] for span in found)
    box = Box(block.start, block.end, _kind(program, block), tuple(spans), tuple(shown))
    if counts is None:
        return box
    failed = sum(counts.failed[pc] for pc in inside)
    return box._replace(entered=counts.entered[block.start], failed=failed)


def _named(box: Box, questions: Sequence[str], reads: Sequence[str]) -> Box:
    """Give a box with what it asks, or else what it reads."""
    names = ", ".join(dict.fromkeys(filter(None, reads[box.start : box.end])))
    return box._replace(question=questions[box.end - 1] or (f"reads {names}" if names else ""))


def _kind(program: Program, block: BasicBlock) -> Kind:
    last = program[block.end - 1]
    row = isa.ROWS[last.code]
    if row.kind != "ret":
        return "test"
    if row.mode != "k":
        return "return"
    return "accept" if last.k else "reject"


def _instruction(program: Program, pc: int) -> str:
    """Give an instruction as `tcpdump -d` has it, without the targets that arrows show."""
    number, mnemonic, *operand = line(program[pc], pc).partition(" jt ")[0].split(None, 2)
    if isa.ROWS[program[pc].code].mode == "ja":
        operand = []
    return f"{number[1:-1]}  {mnemonic:<4} {''.join(operand)}".rstrip()
