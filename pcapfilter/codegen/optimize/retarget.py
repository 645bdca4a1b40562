"""Pass: move an edge past a block whose test is already decided on every way through that edge.

Before, and after:

    1: jeq #0x800   jt 2   jf 3      1: jeq #0x800   jt 2   jf 4
    2: ...                           2: ...
    3: jeq #0x800   jt 5   jf 4      3: jeq #0x800   jt 5   jf 4

An edge may move when no register that is read behind its new target would have another value.
"""

from pcapfilter.bpf import isa
from pcapfilter.bpf.isa import JEQ, JMP, K
from pcapfilter.codegen.optimize.work import A, Node, Work, X

_EQUAL = JMP | JEQ | K


def retarget(work: Work) -> bool:
    """Move every edge as far down as is known there, edges near the returns first."""
    index = _Index(work)
    changed = False
    for node in work.up:
        jt, jf = node.jt, node.jf
        if jt is not None and jt.jt is not None:
            node.jt = _follow(work, node, jt, node.edges_here | node.bit, index)
            changed = changed or node.jt is not jt
        if jf is not None and jf.jt is not None:
            node.jf = _follow(work, node, jf, node.edges_here | node.false_bit, index)
            changed = changed or node.jf is not jf
    return changed


class _Index:
    """Sets of edges by the test that they leave.

    `same` is by opcode, A and what A is compared with (true and false edges); `equal` is by opcode
    and A alone (true edges).
    """

    __slots__ = ("equal", "same")

    def __init__(self, work: Work) -> None:
        same: dict[tuple[int, int, int], int] = {}
        equal: dict[tuple[int, int], int] = {}
        constant = work.numbers.constant
        for node in work.up:
            code, a = node.code, node.values[A]
            compared = node.compared = node.values[X] if code & isa.X else constant(node.k)
            same[code, a, compared] = same.get((code, a, compared), 0) | node.bit | node.false_bit
            if code == _EQUAL:
                equal[code, a] = equal.get((code, a), 0) | node.bit
        self.same = same
        self.equal = equal

    def like(self, node: Node) -> int:
        """The edges on which what `node` tests may be known."""
        key = node.code, node.values[A]
        return self.same.get((*key, node.compared), 0) | self.equal.get(key, 0)


def _follow(work: Work, node: Node, target: Node, taken: int, index: _Index) -> Node:
    """Where an edge of `node` to `target` may go, given the edges that are taken before it."""
    if target.jt is not None and target.jt is target.jf and not _conflict(node, target.jt):
        work.progress()
        target = target.jt
    while True:
        beyond = _decided(work, node, target, taken & index.like(target))
        if beyond is None:
            return target
        work.again = True
        target = beyond
        if target.jt is None:
            return target


def _decided(work: Work, node: Node, target: Node, candidates: int) -> Node | None:
    """The successor of `target` that one of the edges implies, lowest numbers first."""
    total = len(work.nodes)
    while candidates:
        lowest = candidates & -candidates
        candidates ^= lowest
        number = lowest.bit_length() - 1
        pred = work.nodes[number % total]
        same = pred.compared == target.compared
        beyond = target.jt if same and number < total else target.jf
        if beyond is not None and not _conflict(node, beyond):
            return beyond
    return None


def _conflict(node: Node, target: Node) -> bool:
    """Tell whether a slot that is read behind `target` differs on leaving the two blocks."""
    used = target.live_out
    if not used:
        return False
    here, there = node.values, target.values
    return any(here[slot] != there[slot] for slot in range(used.bit_length()) if used >> slot & 1)
