"""Pass: rewrite short runs of statements.

Before, and after:

    st   M[1]                        st   M[1]
    ldx  M[1]                        tax

    ld   #4                          ldx  #4
    tax                              txa

    ld   #2
    ldxb 4*([14]&0xf)                ldxb 4*([14]&0xf)
    add  x
    tax
    ldb  [x + 14]                    ldb  [x + 16]

The last one is what `tcp[2]` comes to; it needs that nobody reads X behind the block.
"""

from pcapfilter.bpf import alu, isa
from pcapfilter.bpf.isa import ADD, ALU, IMM, IND, LD, LDX, MEM, MISC, MSH, TAX, TXA, B
from pcapfilter.codegen.cfg import NOP, Stmt
from pcapfilter.codegen.optimize.simplify import values_before
from pcapfilter.codegen.optimize.values import LONGEST
from pcapfilter.codegen.optimize.work import Node, Work, X

_LOAD = LD | IMM
_MOVE = MISC | TAX
_INDEX = LDX | MSH | B
_INDEX_LIMIT = 60
_SIZES = ~(isa.H | isa.B)


def rewrite_runs(work: Work, node: Node) -> bool:
    """Rewrite pairs and runs of statements from the first to the last."""
    if node.jumps_inside:
        return False
    stmts = node.stmts
    end = len(stmts)
    changed = False
    at = next_real(stmts, 0)
    while at < end:
        behind = next_real(stmts, at + 1)
        if behind == end:
            break
        stmt, follower = stmts[at], stmts[behind]
        if stmt.code == isa.ST and follower.code == LDX | MEM and stmt.k == follower.k:
            follower.code = _MOVE
            changed = True
        elif stmt.code == _LOAD:
            if follower.code == _MOVE:
                stmt.code, follower.code = LDX | IMM, MISC | TXA
                changed = True
            elif not node.live_out >> X & 1 and _add_to_offset(work, node, at, behind):
                changed = True
                behind = next_real(stmts, behind)
        at = behind
    if changed:
        work.progress()
    return changed


def next_real(stmts: list[Stmt], start: int) -> int:
    """The place of the first statement from `start` on that does something, or the length."""
    end = len(stmts)
    while start < end and stmts[start].code == NOP:
        start += 1
    return start


def _add_to_offset(work: Work, node: Node, at: int, behind: int) -> bool:
    """Let a load's offset take up the constant that is added to its index."""
    stmts = node.stmts
    end = len(stmts)
    add = next_real(stmts, behind + 1) if stmts[behind].code == _INDEX else behind
    if add == end or stmts[add].code != ALU | ADD | isa.X:
        return False
    tax = next_real(stmts, add + 1)
    if tax == end or stmts[tax].code != _MOVE:
        return False
    load = next_real(stmts, tax + 1)
    if load == end or stmts[load].code & _SIZES != LD | IND:
        return False
    added, offset = stmts[at].k, stmts[load].k
    alike = _sums_alike(added, offset, _INDEX_LIMIT)  # the least that is asked
    if add == behind:
        alike = alike and _sums_alike_there(work, node, at, added, offset)
    if not alike and work.hold_back():
        return False
    stmts[load].k = added + offset & alu.MASK
    stmts[at].code = stmts[add].code = stmts[tax].code = NOP
    return True


def _sums_alike_there(work: Work, node: Node, at: int, added: int, offset: int) -> bool:
    """Tell the same of the values that X can have before the statement at `at`."""
    x = values_before(work, node, at)[X]
    if _sums_alike(added, offset, work.numbers.limit(x)):
        return True
    return _sums_alike(added, offset, LONGEST) and _was_index(work, node, at, x)


def _was_index(work: Work, node: Node, end: int, number: int) -> bool:
    """Tell whether every way to the statement at `end` has loaded with an X of this number.

    If X were beyond the packet, it would have been rejected there.
    """
    seen: set[Node] = set()
    stack = [(node, end)]
    while stack:
        block, end = stack.pop()
        if not _loads_with(work, block, end, number):
            if not block.preds:
                return False
            new = set(block.preds) - seen
            seen |= new
            stack += [(pred, len(pred.stmts)) for pred in new]
    return True


def _loads_with(work: Work, block: Node, end: int, number: int) -> bool:
    if block.jumps_inside:
        return False
    return any(
        stmt.code & _SIZES == LD | IND and values_before(work, block, at)[X] == number
        for at, stmt in enumerate(block.stmts[:end])
        if stmt.code != NOP
    )


def _sums_alike(added: int, offset: int, limit: int) -> bool:
    """Tell whether x + (added + offset) is the same place as (added + x) + offset.

    For every x up to the limit for which the latter is a place at all: the sum in brackets wraps at
    2**32, and the outer one must not.
    """
    signed = added if added < 2**31 else added - 2**32
    if signed + limit < 0 or offset >= 2**31:
        return True  # never a place
    return 0 <= signed + offset <= alu.MASK and (signed < 0 or signed + limit <= alu.MASK)
