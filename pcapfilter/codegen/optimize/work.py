"""What the passes work on: a copy of the graph whose blocks carry the facts known about them.

Registers are counted as slots: A is 0, X is 1, M[n] is n + 2. A set of slots is an int with a bit
for each; so is a set of blocks (`Node.bit`) or of edges (`Node.true_bit`, `Node.false_bit`).
"""

from pcapfilter.bpf import isa
from pcapfilter.codegen.cfg import Block, Graph, Stmt
from pcapfilter.codegen.optimize.values import UNSURE, Values

A, X, FIRST_CELL = 0, 1, 2
_OF_CELLS = frozenset(code for code, row in isa.ROWS.items() if "M" in row.reads + row.writes)
ALL = -1
"""The set of everything."""


class Node(Block):
    """A block, with its place in the graph and what is known in this round.

    `dominators` are the blocks that every way here goes through; `edges_here` the edges that every
    way here takes. `values` are the value numbers of all slots on leaving the block, `compared`
    the number of what the ending compares A with. `uses` are the slots read before they are
    written, `kills` those written before they are read, `defines` all that are written, `live_out`
    those read after the block, `needed` those whose value on entering can change the verdict.
    `entered` are the value numbers of A and X on entering it. `divisions` may divide by zero, which
    rejects the packet: they must not go, whether or not their result is used. `doubts` are slots
    that no longer hold their value on leaving, since what set them has just gone; `doubted` are
    those on entering. `turned` says that the test was turned round in this round.
    """

    __slots__ = (
        "bit",
        "compared",
        "defines",
        "divisions",
        "dominators",
        "doubted",
        "doubts",
        "edges_here",
        "entered",
        "false_bit",
        "jumps_inside",
        "kills",
        "level",
        "live_in",
        "live_out",
        "needed",
        "number",
        "preds",
        "true_bit",
        "turned",
        "uses",
        "values",
    )

    jt: "Node | None"
    jf: "Node | None"
    number: int
    bit: int
    true_bit: int
    turned: bool
    false_bit: int
    level: int
    divisions: list[Stmt]
    dominators: int
    doubted: int
    doubts: int
    edges_here: int
    preds: "list[Node]"
    values: list[int]
    entered: tuple[int, int]
    compared: int
    defines: int
    uses: int
    kills: int
    live_in: int
    live_out: int
    needed: int
    jumps_inside: bool

    @property
    def rejects(self) -> bool:
        """Tell whether the block does nothing but reject the packet."""
        return self.code == isa.RET | isa.K and not self.k


class Work:
    """A graph while it is optimised.

    `down` holds the blocks that were reachable when the round began, farthest from the returns
    first; `up` holds them nearest first, without the returns. `alter` tells whether statements
    may be changed in this round. A pass sets `again` when another round may find more, and
    `rewrote` when it did more than move branches: rounds that only move branches may go in circles.

    libpcap takes some steps that are right in many a filter and wrong in another. If the work is
    `strict` they are held back; else they are taken, and make it `doubtful`. Where ways meet that
    leave different values in a slot, libpcap goes on with one number for all such values. If the
    work is `blurred` it does so too. It is `mixed` if two of them are read; `unknown` is where the
    first one of this round is.
    """

    __slots__ = (
        "again", "alter", "blurred", "doubtful", "down", "mixed", "nodes", "numbers", "rewrote",
        "root", "strict", "unknown", "up", "width",
    )  # fmt: skip

    def __init__(self, graph: Graph, *, strict: bool = True, blurred: bool = False) -> None:
        blocks = list(graph.blocks())
        nodes = [_node(number, block) for number, block in enumerate(blocks)]
        of = dict(zip(blocks, nodes, strict=True))
        for block, node in of.items():
            node.jt = None if block.jt is None else of[block.jt]
            node.jf = None if block.jf is None else of[block.jf]
        self.nodes = nodes
        self.root = nodes[0]
        cells = [stmt.k for node in nodes for stmt in node.stmts if stmt.code in _OF_CELLS]
        self.width = FIRST_CELL + 1 + max(cells, default=-1)
        self.down: list[Node] = []
        self.up: list[Node] = []
        self.numbers = Values()
        self.strict = strict
        self.blurred = blurred
        self.mixed = False
        self.unknown: tuple[Node, int] | None = None
        self.doubtful = False
        self.alter = False
        self.again = False
        self.rewrote = False

    def graph(self) -> Graph:
        """Give the graph as it stands."""
        return Graph(self.root)

    def hold_back(self) -> bool:
        """Tell whether a step that may be wrong is held back; note that it is taken if not."""
        self.doubtful = self.doubtful or not self.strict
        return self.strict

    def meeting(self, node: "Node", slot: int, one: int, other: int) -> int:
        """Give the number of a slot's value where ways meet that leave different ones in it."""
        if node.live_in >> slot & 1:
            self.unknown = self.unknown or (node, slot)
            self.mixed = self.mixed or self.unknown != (node, slot)
        return UNSURE if self.blurred else self.numbers.either(one, other)

    def progress(self) -> None:
        """Note that statements were rewritten, so that another round may find more."""
        self.again = self.rewrote = True


def _node(number: int, block: Block) -> Node:
    """Copy a block, without its successors."""
    copies = {stmt: Stmt(stmt.code, stmt.k) for stmt in block.stmts}
    node = Node(list(copies.values()), block.code, block.k)
    node.jumps_inside = False
    for stmt, copy in copies.items():
        if stmt.jt is not None or stmt.jf is not None:
            node.jumps_inside = True
            copy.jt = None if stmt.jt is None else copies[stmt.jt]
            copy.jf = None if stmt.jf is None else copies[stmt.jf]
    node.number = number
    node.bit = 1 << number
    node.true_bit = node.false_bit = 0
    node.turned = False
    node.dominators = node.edges_here = ALL
    node.values = []
    node.divisions = []
    node.doubts = node.doubted = 0
    node.entered = (0, 0)
    node.preds = []
    node.level = node.compared = node.uses = node.defines = node.kills = 0
    node.live_in = node.live_out = node.needed = 0
    return node
