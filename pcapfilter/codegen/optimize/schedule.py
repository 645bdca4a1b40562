"""The passes as data, and the loop that runs them.

Two phases of rounds, each until a round finds nothing more. First branches move, by the values
that registers have; then statements change. They are apart because moving a branch needs the
values of all statements that the graph began with. A round looks up its facts, takes the block
passes over every block from the root down (a block takes over its predecessors' values), and in
the first phase the graph passes. What is left is shared and trimmed once.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from pcapfilter.codegen.cfg import Graph
from pcapfilter.codegen.optimize import facts
from pcapfilter.codegen.optimize.alike import alike
from pcapfilter.codegen.optimize.deadstores import drop_dead_stores
from pcapfilter.codegen.optimize.empty import empty
from pcapfilter.codegen.optimize.endings import decide_ending, merge_ending
from pcapfilter.codegen.optimize.pullup import pull_up
from pcapfilter.codegen.optimize.retarget import retarget
from pcapfilter.codegen.optimize.runs import rewrite_runs
from pcapfilter.codegen.optimize.share import share
from pcapfilter.codegen.optimize.simplify import find_doubts, simplify
from pcapfilter.codegen.optimize.trim import trim_root
from pcapfilter.codegen.optimize.values import Values
from pcapfilter.codegen.optimize.work import Node, Work

_PATIENCE = 100
"""After so many rounds that only moved branches they are taken to go in circles."""


class BlockPass(NamedTuple):
    """A pass over one block; `run` tells whether it changed anything."""

    name: str
    promise: str
    why_here: str
    run: Callable[[Work, Node], bool]


class GraphPass(NamedTuple):
    """A pass over the whole graph; `run` tells whether it changed anything."""

    name: str
    promise: str
    why_here: str
    run: Callable[[Work], bool]


BLOCK_PASSES = (
    BlockPass(
        "simplify",
        "every slot has a value number; no statement computes what is known",
        "all that follows asks for the values",
        simplify,
    ),
    BlockPass(
        "empty",
        "no statement stands before a return, or in a block that changes and leaves nothing",
        "what is dropped whole need not be rewritten",
        empty,
    ),
    BlockPass(
        "rewrite runs",
        "no constant goes through a cell or through A to become an index",
        "before dead stores: it leaves some",
        rewrite_runs,
    ),
    BlockPass(
        "merge ending",
        "no subtraction or mask stands before a test that can do it itself",
        "after the runs: it looks at the last statement that they leave",
        merge_ending,
    ),
    BlockPass(
        "decide ending",
        "no test of a constant has two ways out",
        "after merging: a merged mask may be all or nothing",
        decide_ending,
    ),
    BlockPass(
        "drop dead stores",
        "nothing is written that nobody reads",
        "last: the passes above make stores dead",
        drop_dead_stores,
    ),
)
GRAPH_PASSES = (
    GraphPass(
        "retarget",
        "no edge goes to a test whose outcome is known on it",
        "after the blocks: it compares the values at their ends",
        retarget,
    ),
    GraphPass(
        "pull up",
        "tests of one value stand together in a chain",
        "after retargeting, which makes the chains",
        pull_up,
    ),
)
LAST_PASSES = (
    GraphPass("share", "no two blocks are equal", "after all that changes blocks", share),
    GraphPass("trim", "the root decides something", "sharing makes both ways one", trim_root),
)
PASSES: tuple[BlockPass | GraphPass, ...] = BLOCK_PASSES + GRAPH_PASSES + LAST_PASSES
"""All passes, in their order."""


def steps(work: Work) -> Iterator[str]:
    """Run the passes; give a pass's name after each change, while `work.graph()` shows it."""
    for work.alter in (False, True):
        idle = 0
        while idle < _PATIENCE:
            work.again = work.rewrote = False
            yield from _round(work)
            if not work.again:
                break
            idle = 0 if work.rewrote else idle + 1
    for last in LAST_PASSES:
        if last.run(work):
            yield last.name


def _round(work: Work) -> Iterator[str]:
    facts.find_facts(work)
    work.numbers, work.unknown = Values(), None
    block_passes = [(block_pass.name, block_pass.run) for block_pass in BLOCK_PASSES]
    for node in work.down:
        changed = False
        for name, run in block_passes:
            if run(work, node):
                changed = True
                yield name
        if work.alter:
            find_doubts(work, node, changed)
    if not work.alter:
        for graph_pass in GRAPH_PASSES:
            if graph_pass.run(work):
                yield graph_pass.name


def works(graph: Graph) -> Iterator[Work]:
    """Give work to be done, one after the other; the last that is given is right.

    libpcap's steps are taken as they are if no step is doubtful, or if the program that comes out
    gives every packet the verdict of the graph. Its one unknown value (`blurred`) is looked at
    first, since it seldom comes to anything else than values that are told apart.
    """
    work = Work(graph, strict=False, blurred=True)
    yield work
    if work.mixed:
        blurred, work = work, Work(graph, strict=False)
        yield work
        if not alike(blurred.graph(), work.graph()) and _same(graph, blurred):
            yield Work(graph, strict=False, blurred=True)
            return
    if work.doubtful and not _same(graph, work):
        yield Work(graph)


def _same(graph: Graph, work: Work) -> bool:
    from pcapfilter.codegen.optimize.courses import same

    return same(graph, work.graph())


def begin(graph: Graph) -> Work:
    """Give the work on a graph that is right, before its first step."""
    done = Work(graph)
    for done in works(graph):
        for _ in steps(done):
            pass
    return Work(graph, strict=done.strict, blurred=done.blurred)


def optimize(graph: Graph) -> Graph:
    """Give an optimised copy of the graph; the graph itself where it must not be touched.

    FilterError where a constant is divided by zero, or shifted by more than 31 bits.
    """
    done = graph
    for work in works(graph) if graph.optimizable else ():
        for _ in steps(work):
            pass
        done = work.graph()
    return done
