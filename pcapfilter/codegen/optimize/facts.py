"""What a round begins with: the order of blocks, dominators, and which registers are still read.

Nothing here changes the graph.
"""

from pcapfilter.bpf import isa
from pcapfilter.codegen.optimize.work import ALL, FIRST_CELL, A, Node, Work, X

_A, _X = 1 << A, 1 << X


def find_facts(work: Work) -> None:
    """Renew every fact that a round uses."""
    order_blocks(work)
    if not work.alter:  # only edges that may move ask for these
        find_dominators(work)
        find_edges(work)
    find_uses(work)
    find_preds(work)


def order_blocks(work: Work) -> None:
    """Give each block its level, the longest way to a return, and sort the blocks by it."""
    levels: list[list[Node]] = []
    seen: set[Node] = set()
    stack: list[tuple[Node, bool]] = [(work.root, False)]
    while stack:
        node, expanded = stack.pop()
        if not expanded:
            if node in seen:
                continue
            seen.add(node)
            stack.append((node, True))
            if node.jt is not None and node.jf is not None:
                stack.append((node.jf, False))
                stack.append((node.jt, False))
            continue
        level = 0
        if node.jt is not None and node.jf is not None:
            level = 1 + max(node.jt.level, node.jf.level)
        node.level = level
        if level == len(levels):
            levels.append([])
        levels[level].append(node)
    work.down = [node for level in reversed(levels) for node in reversed(level)]
    work.up = [node for level in levels[1:] for node in reversed(level)]


def find_dominators(work: Work) -> None:
    """Give each block the set of blocks on every way to it, itself included."""
    for node in work.nodes:
        node.dominators = ALL
    work.root.dominators = 0
    for node in work.down:
        here = node.dominators = node.dominators | node.bit
        if node.jt is not None and node.jf is not None:
            node.jt.dominators &= here
            node.jf.dominators &= here


def find_edges(work: Work) -> None:
    """Give each block the set of edges that every way to it takes."""
    total = len(work.nodes)
    for node in work.down:
        node.edges_here = ALL
        node.turned = False
        node.true_bit = node.bit
        node.false_bit = node.bit << total
    work.root.edges_here = 0
    for node in work.down:
        if node.jt is not None and node.jf is not None:
            node.jt.edges_here &= node.edges_here | node.true_bit
            node.jf.edges_here &= node.edges_here | node.false_bit


def find_preds(work: Work) -> None:
    """List for each block where it is come from, once an edge."""
    for node in work.nodes:
        node.preds = []
    for node in work.down:
        if node.jt is not None and node.jf is not None:
            node.jt.preds.append(node)
            node.jf.preds.append(node)


def find_uses(work: Work) -> None:
    """Find which slots each block reads and writes, and which are read after it."""
    for node in reversed(work.down):
        _find_own_uses(node)
        jt, jf = node.jt, node.jf
        if jt is not None and jf is not None:
            node.live_out = jt.live_in | jf.live_in
            node.live_in = node.uses | (node.live_out & ~node.kills)
            node.needed = (jt.needed | jf.needed) & ~node.kills
            if node.uses and not (node.live_out == 0 and _in_any_case(node)):
                node.needed |= node.uses
        else:
            node.live_out = node.needed = 0
            node.live_in = node.uses


def reads(code: int, k: int) -> int:
    """The set of slots that an instruction reads."""
    row = READS.get(code)
    return 1 << k + FIRST_CELL if row is None else row


def writes(code: int, k: int) -> int:
    """The slot that an instruction writes, or -1."""
    slot = WRITES.get(code, -1)
    return k + FIRST_CELL if slot == FIRST_CELL else slot


def _reads() -> dict[int, int]:
    """Sets of slots by opcode; loads from memory cells are left out, since the cell is in k."""
    found = {
        code: sum(bit for letter, bit in (("A", _A), ("X", _X)) if letter in row.reads)
        for code, row in isa.ROWS.items()
        if "M" not in row.reads
    }
    # A jump within a block goes to a statement that may read A.
    return found | {-1: 0, isa.JMP | isa.JA: _A}


def _writes() -> dict[int, int]:
    slot = {"A": A, "X": X, "M": FIRST_CELL}
    return {code: slot[row.writes] for code, row in isa.ROWS.items() if row.writes}


READS = _reads()
WRITES = _writes()


def _in_any_case(node: Node) -> bool:
    """Tell whether the block only asks if A with some bit set is 0 (`byte 0 | 1` does)."""
    if node.code != isa.JMP | isa.JEQ | isa.K or node.k or len(node.stmts) != 1:
        return False
    return node.stmts[0].code == isa.ALU | isa.OR | isa.K and node.stmts[0].k != 0


def _find_own_uses(node: Node) -> None:
    used = written = killed = defined = 0
    jumped = False
    for stmt in node.stmts:
        code = stmt.code
        if code < 0:
            continue
        used |= reads(code, stmt.k) & ~written
        slot = writes(code, stmt.k)
        if slot >= 0:
            bit = 1 << slot
            defined |= bit
            if not jumped:
                if not used & bit:
                    killed |= bit
                written |= bit
        elif stmt.jt is not None:
            jumped = True  # what follows may be skipped
    if node.jt is not None:
        used |= reads(node.code, node.k) & ~written
    node.uses = used
    node.kills = killed
    node.defines = defined
