"""Pass: move an edge past a block whose test is already decided on every way through that edge.

Before, and after:

    1: jeq #0x800   jt 2   jf 3      1: jeq #0x800   jt 2   jf 4
    2: ...                           2: ...
    3: jeq #0x800   jt 5   jf 4      3: jeq #0x800   jt 5   jf 4

An edge may move when no register that is read behind its new target would have another value.
"""

from pcapfilter.codegen.optimize.decisions import Decisions
from pcapfilter.codegen.optimize.work import Node, Work


def retarget(work: Work) -> bool:
    """Move every edge as far down as is known there, edges near the returns first."""
    decisions = Decisions(work)
    changed = False
    for node in work.up:
        jt, jf = node.jt, node.jf
        if jt is not None and jt.jt is not None:
            node.jt = _follow(work, decisions, node, jt, node.edges_here | node.true_bit)
            if node.jt is not jt:
                changed = True
                node.needed |= node.jt.needed & ~node.kills
        if jf is not None and jf.jt is not None:
            node.jf = _follow(work, decisions, node, jf, node.edges_here | node.false_bit)
            if node.jf is not jf:
                changed = True
                node.needed |= node.jf.needed & ~node.kills
    return changed


def _follow(work: Work, decisions: Decisions, node: Node, target: Node, taken: int) -> Node:
    """Where an edge of `node` to `target` may go, given the edges that are taken before it."""
    if _leads_on(decisions, node, target, taken):
        work.progress()
        target = target.jt or target
    while True:
        for outcome in decisions.outcomes(target, taken):
            beyond = target.jt if outcome else target.jf
            if beyond is not None and not _conflict(node, target, beyond):
                break
        else:
            return target
        work.again = True
        target = beyond
        if target.jt is None:
            return target


def _leads_on(decisions: Decisions, node: Node, target: Node, taken: int) -> bool:
    """Tell whether the target goes to one block in any case and does nothing that counts.

    A division by zero rejects the packet, and so counts unless it is rejected in the end anyway.
    """
    onward = target.jt
    if onward is None or onward is not target.jf or _conflict(node, target, onward):
        return False
    if target.divisions:
        while onward.jt is not None and onward.jf is not None:
            outcome = next(decisions.outcomes(onward, taken), onward.jt is onward.jf or None)
            if outcome is None:
                return False
            onward = onward.jt if outcome else onward.jf
        return onward.rejects
    return True


def _conflict(node: Node, skipped: Node, target: Node) -> bool:
    """Tell whether a slot that matters from `target` on would have another value there.

    On entering it, the values are those that the skipped block leaves; on leaving it, its own.
    """
    return _differ(node, skipped, target.needed) or _differ(node, target, target.live_out)


def _differ(node: Node, other: Node, slots: int) -> bool:
    if not slots:
        return False
    here, there = node.values, other.values
    return any(here[slot] != there[slot] for slot in range(slots.bit_length()) if slots >> slot & 1)
