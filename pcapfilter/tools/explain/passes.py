"""What each pass of the optimiser changes, change by change.

A block is shown under its number, which it keeps; its last line is where it leads.
"""

from collections.abc import Iterator
from difflib import SequenceMatcher
from functools import lru_cache
from typing import NamedTuple

from pcapfilter.bpf.isa import is_branch
from pcapfilter.bpf.program import Instruction
from pcapfilter.bpf.text import line
from pcapfilter.codegen.cfg import Stmt
from pcapfilter.codegen.optimize import PASSES, Work, begin, steps
from pcapfilter.codegen.optimize.work import Node
from pcapfilter.errors import FilterError
from pcapfilter.filter import Filter
from pcapfilter.tools.provenance import build_tracked

PLACE = "(000) "


class Edit(NamedTuple):
    """A line of a block: `sign` is `-` for one that went, `+` for one that came, else a blank."""

    sign: str
    text: str


class Change(NamedTuple):
    """What one run of a pass changed: the pass, its promise, and by block its lines."""

    name: str
    promise: str
    blocks: tuple[tuple[int, tuple[Edit, ...]], ...]


def changes(made: Filter) -> Iterator[Change]:
    """Give what the passes change, in order; nothing where the optimiser leaves a filter alone.

    FilterError where the optimiser refuses the filter.
    """
    tracked = build_tracked(made)
    if not tracked.graph.optimizable:
        return
    promises = {row.name: row.promise for row in PASSES}
    try:
        work = begin(tracked.graph)
        before = _pictures(work)
        for name in steps(work):
            after = _pictures(work)
            edits = tuple(_differences(before, after))
            before = after
            if edits:
                yield Change(name, promises[name], edits)
    except FilterError as error:
        raise error.located(made.text) from None


def _pictures(work: Work) -> dict[int, list[str]]:
    """The lines of every block that can be reached, by its number."""
    return {node.number: _picture(node) for node in work.graph().blocks() if isinstance(node, Node)}


def _picture(node: Node) -> list[str]:
    stmts = [stmt for stmt in node.stmts if stmt.code >= 0]
    if node.jumps_inside:
        places = {stmt: place for place, stmt in enumerate(node.stmts)}
        lines = [_statement(stmt, places) for stmt in stmts]
    else:
        lines = [_written(stmt.code, stmt.k) for stmt in stmts]
    if node.jt is None or node.jf is None:
        return [*lines, _written(node.code, node.k)]
    ending = _written(node.code, node.k).partition("jt ")[0].rstrip()
    return [*lines, f"{ending}  yes: block {node.jt.number}, no: block {node.jf.number}"]


def _statement(stmt: Stmt, places: dict[Stmt, int]) -> str:
    if stmt.jt is None or stmt.jf is None:
        return _written(stmt.code, stmt.k)
    text = _written(stmt.code, stmt.k).partition("jt ")[0].rstrip()
    return f"{text}  to statement {places[stmt.jt]}, else {places[stmt.jf]}"


@lru_cache(maxsize=10_000)
def _written(code: int, k: int) -> str:
    return line(
        Instruction(code, 0, 0, 0 if code == 5 and not is_branch(code) else k), 0
    ).removeprefix(PLACE)


def _differences(
    before: dict[int, list[str]], after: dict[int, list[str]]
) -> Iterator[tuple[int, tuple[Edit, ...]]]:
    for number in sorted({*before, *after}):
        old, new = before.get(number, []), after.get(number, [])
        if old == new:
            continue
        edits: list[Edit] = []
        for tag, a, b, c, d in SequenceMatcher(a=old, b=new, autojunk=False).get_opcodes():
            kept = tag == "equal"
            edits += [Edit(" " if kept else "-", text) for text in old[a:b]]
            edits += [] if kept else [Edit("+", text) for text in new[c:d]]
        yield number, tuple(edits)
