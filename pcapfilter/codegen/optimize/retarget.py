"""Pass: move an edge past a block whose test is already decided on every way through that edge.

Before, and after:

    1: jeq #0x800   jt 2   jf 3      1: jeq #0x800   jt 2   jf 4
    2: ...                           2: ...
    3: jeq #0x800   jt 5   jf 4      3: jeq #0x800   jt 5   jf 4

No register that is read behind the new target may have another value there.
"""

from pcapfilter.codegen.optimize.decisions import Decisions
from pcapfilter.codegen.optimize.work import Node, Work


def retarget(work: Work) -> bool:
    """Move every edge as far down as is known there, edges near the returns first."""
    edges = _Edges(work)
    changed = False
    for node in work.up:
        jt, jf = node.jt, node.jf
        if jt is not None and jt.jt is not None:
            node.jt = edges.follow(node, jt, node.edges_here | node.true_bit)
            if node.jt is not jt:
                changed = True
        if jf is not None and jf.jt is not None:
            node.jf = edges.follow(node, jf, node.edges_here | node.false_bit)
            if node.jf is not jf:
                changed = True
    return changed


class _Edges:
    """What is known of edges while they move."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._decisions = Decisions(work)

    def follow(self, node: Node, start: Node, taken: int) -> Node:
        """Where the edge of `node` to `start` may go, given the edges that are taken before it.

        It goes from test to test as long as their outcomes are known and what is read there and
        behind has the values of `node`; and comes to rest at the last of them where no value that
        matters is another one.
        """
        rest = target = start
        passed = 0
        onward = target.jt
        if (
            onward is not None
            and self._leads_on(target, onward, taken)
            and not _differ(node, onward, onward.live_out)
        ):
            passed, skipped, target = target.defines, target, onward
            if self._may_rest(node, skipped, target, passed):
                self._work.progress()
                rest = target
        while target.jt is not None:
            for outcome, belief in self._decisions.believed(target, taken):
                wrong = belief != outcome and not self._work.hold_back()
                beyond = target.jt if outcome != wrong else target.jf
                if beyond is not None and not _differ(node, beyond, beyond.live_out):
                    break
            else:
                break
            passed, skipped, target = passed | target.defines, target, beyond
            if self._may_rest(node, skipped, target, passed):
                self._work.again = True
                rest = target
        if rest is not start:
            node.needed |= rest.needed & ~node.kills
        return rest

    def _leads_on(self, target: Node, onward: Node, taken: int) -> bool:
        """Tell whether the target goes to one block in any case and does nothing that counts.

        A division by zero rejects the packet, and so counts unless it is rejected in the end
        anyway.
        """
        if onward is not target.jf:
            return False
        if target.divisions:
            while onward.jt is not None and onward.jf is not None:
                outcomes = self._decisions.outcomes(onward, taken)
                outcome = next(outcomes, onward.jt is onward.jf or None)
                if outcome is None:
                    return not self._work.hold_back()
                onward = onward.jt if outcome else onward.jf
            return onward.rejects or not self._work.hold_back()
        return True

    def _may_rest(self, node: Node, skipped: Node, target: Node, passed: int) -> bool:
        """Tell whether every slot that matters from `target` on keeps its value if it is gone to.

        That is the value that the last skipped block leaves, if one of those passed by has set it.
        """
        if not _differ(node, skipped, target.needed & passed):
            return True
        return not self._work.hold_back()


def _differ(node: Node, other: Node, slots: int) -> bool:
    if not slots:
        return False
    here, there = node.values, other.values
    return any(here[slot] != there[slot] for slot in range(slots.bit_length()) if slots >> slot & 1)
