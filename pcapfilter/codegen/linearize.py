"""Graph -> Program: which block stands where, how far each jump reaches, and long jumps.

Blocks are laid out backwards from the end of the program: a block stands right before everything
that was reachable from it and not yet placed, false branches first. So all jumps between blocks
go forward, and the root comes first. The order, and where long jumps are put in, are those of
libpcap 1.10: listings are compared instruction for instruction.
"""

from pcapfilter.bpf import isa
from pcapfilter.bpf.program import Instruction, Program
from pcapfilter.codegen.cfg import Block, Graph, Stmt
from pcapfilter.errors import FilterError, InternalError

_JA = isa.JMP | isa.JA
_REACH = 255
"""The largest offset that fits into jt and jf."""


Place = tuple[Block, Stmt | None]
"""What an instruction comes from: a block, and its statement, or None for its ending."""


def linearize(graph: Graph, places: list[Place] | None = None) -> Program:
    """Give the program of a graph; statements that do nothing are left out.

    What each instruction comes from is added to `places`, where that is given. FilterError (in
    libpcap's words) where a jump within a block would have to go too far.
    """
    order = _placing_order(graph.root)
    ends: dict[Block, int] = {}  # block -> how many instructions from its first one to the end
    after = 0
    for block in order:
        size = 1
        for stmt in block.stmts:
            if stmt.code >= 0:
                size += 1
        if block.jt is not None and block.jf is not None:
            size += _long_jumps(after - ends[block.jt], after - ends[block.jf])
        after += size
        ends[block] = after
    rows: list[Instruction] = []
    total = after
    for block in reversed(order):
        _place_statements(block, rows)
        jt, jf = block.jt, block.jf
        if jt is None or jf is None:
            rows.append(Instruction(block.code, 0, 0, block.k))
        else:
            _place_ending(block, total - ends[jt], total - ends[jf], rows)
        if places is not None:
            places += [(block, stmt) for stmt in block.stmts if stmt.code >= 0]
            places += [(block, None)] * (len(rows) - len(places))
    return Program(rows)


def _placing_order(root: Block) -> list[Block]:
    """Every block after its successors, the false one's side before the true one's."""
    order: list[Block] = []
    seen: set[Block] = set()
    stack: list[tuple[Block, bool]] = [(root, False)]
    while stack:
        block, expanded = stack.pop()
        if expanded:
            order.append(block)
            continue
        if block in seen:
            continue
        seen.add(block)
        stack.append((block, True))
        if block.jt is not None:
            stack.append((block.jt, False))
        if block.jf is not None:
            stack.append((block.jf, False))
    return order


def _long_jumps(to_true: int, to_false: int) -> int:
    """How many `ja` a conditional jump needs behind it, given both offsets without any.

    A `ja` moves both targets one further away, and so may make the other one necessary.
    """
    farther, nearer = max(to_true, to_false), min(to_true, to_false)
    if farther <= _REACH:
        return 0
    return 1 if nearer < _REACH else 2


def _place_ending(block: Block, true: int, false: int, rows: list[Instruction]) -> None:
    """Append a conditional jump to the absolute targets, with a `ja` for each too far away."""
    here = len(rows) + 1
    offsets = [true - here, false - here]
    behind: list[int] = []
    for which, target in enumerate((true, false)):
        if offsets[which] > _REACH:
            offsets[which] = len(behind)
            behind.append(target)
    rows.append(Instruction(block.code, offsets[0], offsets[1], block.k))
    for target in behind:
        rows.append(Instruction(_JA, 0, 0, target - len(rows) - 1))


def _place_statements(block: Block, rows: list[Instruction]) -> None:
    """Append the statements of a block; jumps within it become offsets."""
    start = len(rows)
    places: dict[Stmt, int] = {}
    for stmt in block.stmts:
        if stmt.code < 0:
            continue
        if stmt.jt is not None or stmt.jf is not None:
            places = places or _places(block.stmts, start)
            rows.append(_inner_jump(stmt, places, len(rows)))
        else:
            rows.append(Instruction(stmt.code, 0, 0, stmt.k))


def _places(stmts: list[Stmt], start: int) -> dict[Stmt, int]:
    """Where each statement stands; one that does nothing is where the next one is."""
    places: dict[Stmt, int] = {}
    for stmt in stmts:
        places[stmt] = start
        start += stmt.code >= 0
    return places


def _inner_jump(stmt: Stmt, places: dict[Stmt, int], here: int) -> Instruction:
    """A jump between statements of one block; only `ja` can reach back."""
    if stmt.jt not in places or stmt.jf not in places:
        raise InternalError("linearize", "a jump within a block leaves the block")
    to_true, to_false = places[stmt.jt] - here - 1, places[stmt.jf] - here - 1
    if stmt.code == _JA:
        return Instruction(_JA, 0, 0, to_true & 0xFFFFFFFF)
    if to_true < 0 or to_false < 0:
        raise InternalError("linearize", "a conditional jump within a block goes back")
    if to_true > _REACH or to_false > _REACH:
        raise FilterError(f"out-of-range jump for block-local relative jump: off={here}")
    return Instruction(stmt.code, to_true, to_false, stmt.k)
