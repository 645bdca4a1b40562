"""Each pass alone, before and after: the cases of golden/passes.txt."""

from pathlib import Path

import pytest

from pcapfilter.bpf import text
from pcapfilter.codegen.linearize import linearize
from pcapfilter.codegen.optimize import PASSES, Work, facts
from pcapfilter.codegen.optimize.schedule import BlockPass
from pcapfilter.codegen.optimize.simplify import simplify
from tests.codegen.straight import graph_of

GOLDEN = Path(__file__).parent.parent.parent / "golden" / "passes.txt"
BY_NAME = {row.name: row for row in PASSES}


def cases() -> list[tuple[str, str, str]]:
    """Title, program before, program after."""
    blocks = GOLDEN.read_text(encoding="utf-8").split("\n\n")[1:]
    found = []
    for block in blocks:
        title, rest = block.strip().split("\n", 1)
        before, after = f"{rest}\n".split("->\n")
        found.append((title, before.strip(), after.strip()))
    return found


def run(name: str, before: str) -> str:
    """The program after one pass went over all its blocks once."""
    work = Work(graph_of(text.parse(before)))
    facts.find_facts(work)
    row = BY_NAME[name]
    for node in work.down:
        if row.run is not simplify:
            simplify(work, node)
        if isinstance(row, BlockPass):
            work.alter = True
            row.run(work, node)
            work.alter = False
    if not isinstance(row, BlockPass):
        row.run(work)
    return text.listing(linearize(work.graph()))


@pytest.mark.parametrize(("title", "before", "after"), cases(), ids=lambda part: part[:60])
def test_pass(title: str, before: str, after: str) -> None:
    assert run(title.split(":", maxsplit=1)[0], before) == after


def test_every_pass_has_a_case() -> None:
    assert {title.split(":")[0] for title, _, _ in cases()} == set(BY_NAME)


def test_every_pass_makes_a_promise() -> None:
    assert all(row.promise and row.why_here for row in PASSES)


def main() -> None:
    """Write the golden file anew."""
    head = GOLDEN.read_text(encoding="utf-8").split("\n\n")[0]
    parts = [
        f"{title}\n{before}\n->\n{run(title.split(':')[0], before)}" for title, before, _ in cases()
    ]
    GOLDEN.write_text("\n\n".join([head, *parts]) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
