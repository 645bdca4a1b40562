"""Pass: move an edge past a block whose test is already decided on every way through that edge.

Before, and after:

    1: jeq #0x800   jt 2   jf 3      1: jeq #0x800   jt 2   jf 4
    2: ...                           2: ...
    3: jeq #0x800   jt 5   jf 4      3: jeq #0x800   jt 5   jf 4

An edge may move when no register that is read behind its new target would have another value; or
when nobody takes it.
"""

from pcapfilter.bpf import isa
from pcapfilter.codegen.cfg import NOP
from pcapfilter.codegen.optimize.decisions import Decisions
from pcapfilter.codegen.optimize.impossible import impossible_edges
from pcapfilter.codegen.optimize.work import A, Node, Work

_SET = isa.JMP | isa.JSET | isa.K


def retarget(work: Work) -> bool:
    """Move every edge as far down as is known there, edges near the returns first."""
    edges = _Edges(work)
    changed = False
    for node in work.up:
        jt, jf = node.jt, node.jf
        if jt is not None and jt.jt is not None:
            node.jt = edges.follow(node, True, jt, node.edges_here | node.true_bit)
            if node.jt is not jt:
                changed = True
        if jf is not None and jf.jt is not None:
            node.jf = edges.follow(node, False, jf, node.edges_here | node.false_bit)
            if node.jf is not jf:
                changed = True
    return changed


class _Edges:
    """What is known of edges while they move."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._decisions = Decisions(work)
        self._impossible: set[tuple[Node, bool]] | None = None

    def follow(self, node: Node, way: bool, start: Node, taken: int) -> Node:
        """Where the edge of `node` to `start` may go, given the edges that are taken before it."""
        work, target = self._work, start
        if self._leads_on(node, way, target, taken):
            work.progress()
            target = target.jt or target
        while True:
            for outcome in self._decisions.outcomes(target, taken):
                beyond = target.jt if outcome else target.jf
                if beyond is not None and not self._conflict(node, way, target, beyond, taken):
                    break
            else:
                break
            work.again = True
            target = beyond
            if target.jt is None:
                break
        if target is not start and not self._nobody_takes(node, way, target):
            node.needed |= target.needed & ~node.kills
        return target

    def _leads_on(self, node: Node, way: bool, target: Node, taken: int) -> bool:
        """Tell whether the target goes to one block in any case and does nothing that counts.

        A division by zero rejects the packet, and so counts unless it is rejected in the end
        anyway.
        """
        onward = target.jt
        if (
            onward is None
            or onward is not target.jf
            or self._conflict(node, way, target, onward, taken)
        ):
            return False
        if target.divisions:
            while onward.jt is not None and onward.jf is not None:
                outcomes = self._decisions.outcomes(onward, taken)
                outcome = next(outcomes, onward.jt is onward.jf or None)
                if outcome is None:
                    return False
                onward = onward.jt if outcome else onward.jf
            return onward.rejects
        return True

    def _conflict(self, node: Node, way: bool, skipped: Node, target: Node, taken: int) -> bool:
        """Tell whether a slot that matters from `target` on would have another value there.

        On entering it, the values are those that the skipped block leaves; on leaving it, its own.
        """
        if _differ(node, target, target.live_out):
            return True
        if not _differ(node, skipped, target.needed) or self._indifferent(target, taken):
            return False
        if self._alike(node, skipped, target, taken):
            return False
        if self._impossible is None:
            self._impossible = impossible_edges(self._work)
        return (node, way) not in self._impossible

    def _indifferent(self, target: Node, taken: int) -> bool:
        """Tell whether both ways out of the target come to the same verdict on the edge."""
        one, other = self._end(target.jt, taken), self._end(target.jf, taken)
        if target.divisions or one is None or other is None:
            return False
        return (one.code, one.k) == (other.code, other.k)

    def _alike(self, node: Node, skipped: Node, target: Node, taken: int) -> bool:
        """Tell whether the target asks for bits that either value of A surely has, or has not."""
        if target.code != _SET or target.jumps_inside or any(s.code != NOP for s in target.stmts):
            return False
        outcome = self._is_set(node.values[A], target.k, taken)
        if outcome is None or outcome != self._is_set(skipped.values[A], target.k, taken):
            return False
        onward = target.jt if outcome else target.jf
        return onward is not None and not _differ(node, skipped, onward.needed)

    def _is_set(self, number: int, mask: int, taken: int) -> bool | None:
        """Whether a value has one of the bits; None if that is not sure."""
        numbers = self._work.numbers
        known = numbers.known.get(number, self._decisions.equal_to(number, taken))
        if known is not None:
            return known & mask != 0
        making = numbers.making(number)
        if making is not None and making[0] == isa.ALU | isa.AND | isa.K:
            mask &= numbers.known[making[2]]
        return False if not mask else None

    def _end(self, node: Node | None, taken: int) -> Node | None:
        """The return that is come to, if tests of the packet alone decide which."""
        while node is not None and node.jt is not None:
            if node.uses or node.divisions:
                return None
            outcome = next(self._decisions.outcomes(node, taken), node.jt is node.jf or None)
            if outcome is None:
                return None
            node = node.jt if outcome else node.jf
        return node

    def _nobody_takes(self, node: Node, way: bool, target: Node) -> bool:
        """Tell whether nobody takes the edge, as far as that was asked."""
        return bool(target.needed and self._impossible and (node, way) in self._impossible)


def _differ(node: Node, other: Node, slots: int) -> bool:
    if not slots:
        return False
    here, there = node.values, other.values
    return any(here[slot] != there[slot] for slot in range(slots.bit_length()) if slots >> slot & 1)
