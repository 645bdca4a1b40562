"""Pass: pull a test up to the tests of the same value, past tests of another value.

Before, and after (A holds [12] in 1 and 3, [23] in 2; all true edges go to one block):

    1: jeq #0x800   jt 9   jf 2      1: jeq #0x800   jt 9   jf 3
    2: jeq #17      jt 9   jf 3      3: jeq #0x86dd  jt 9   jf 2
    3: jeq #0x86dd  jt 9   jf 4      2: jeq #17      jt 9   jf 4

So that 3 need not load [12] again. The same goes for chains of `and`, with true and false swapped.
Who comes into the chain further down would miss the pulled test, or do others that it had not to
do; so either nobody does, or those tests are decided there anyway.
"""

from pcapfilter.codegen.optimize import facts
from pcapfilter.codegen.optimize.decisions import Decisions
from pcapfilter.codegen.optimize.work import A, Node, Work

_OR = (True, "jt", "jf")
_AND = (False, "jf", "jt")
"""The chains: which outcome goes to one block for all; its edges; the edges that go on."""


def pull_up(work: Work) -> bool:
    """Pull up one test below each block, in chains of `or` and in chains of `and`."""
    facts.find_preds(work)
    chains: _Chains | None = None
    changed = False
    for node in work.up:
        preds = node.preds
        if not preds:
            continue
        value = preds[0].values[A]
        if any(pred.values[A] != value for pred in preds):
            continue
        for outcome, shared, onward in (_OR, _AND):
            found = _find(node, value, shared, onward)
            if found is not None:
                chains = chains or _Chains(work)
                if chains.pull(node, *found, outcome, onward):
                    work.again = changed = True
    return changed


def _find(node: Node, value: int, shared: str, onward: str) -> tuple[Node, list[Node]] | None:
    """The chain's first test of another value, with what is above it, and all to the next of this.

    Gives the block above, and the chain's part that the pulled test, its last one, has to pass.
    """
    above = node.preds[-1]
    goal, bit = getattr(node, shared), node.bit
    part: list[Node] = []
    at = node
    while True:
        if getattr(at, shared) is not goal or not at.dominators & bit:
            return None
        if part:
            part.append(at)
            if at.values[A] == value:
                return above, part
        elif at.values[A] != value:
            part.append(at)
        else:
            above = at
        at = getattr(at, onward)


def _pass_values(part: list[Node], goal: Node, behind: Node) -> bool:
    """Tell whether a block of the part leaves a value to another one, or to what is behind it."""
    wanted = behind.needed | goal.needed
    left = 0
    for block in part:
        wanted |= block.needed
        left |= block.defines
    return wanted & left != 0


def _disturb(part: list[Node], goal: Node, behind: Node, preds: list[Node]) -> bool:
    """Tell whether a slot that matters gets another value; who comes, comes from the preds."""
    first, before, pulled = part[0], part[-2], part[-1]
    passed = 0
    for block in part[:-1]:
        passed |= block.defines
    if passed & pulled.uses or (passed | pulled.defines) & goal.needed:
        return True  # who leaves for the goal may now leave at another test
    slots = passed & pulled.defines & behind.needed
    if _differ(slots, pulled, [before]):
        return True
    return _differ(pulled.defines & first.needed, pulled, preds)


def _differ(slots: int, node: Node, others: list[Node]) -> bool:
    return any(
        slots >> slot & 1 and node.values[slot] != other.values[slot]
        for slot in range(slots.bit_length())
        for other in others
    )


def _divide(part: list[Node]) -> bool:
    """Tell whether a block may reject a packet by a division, which another one would then miss."""
    return any(block.divisions for block in part)


class _Chains:
    """The edges between blocks as they are while tests are pulled up."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._decisions: Decisions | None = None
        self._pulled: set[Node] = set()
        # Where each block is come from; a dict serves as a set that keeps its order.
        self._entries: dict[Node, dict[tuple[Node, str], None]] = {work.root: {}}
        stack = [work.root]
        while stack:
            node = stack.pop()
            for way, successor in (("jt", node.jt), ("jf", node.jf)):
                if successor is not None:
                    if successor not in self._entries:
                        self._entries[successor] = {}
                        stack.append(successor)
                    self._entries[successor][node, way] = None

    def pull(self, node: Node, above: Node, part: list[Node], outcome: bool, onward: str) -> bool:
        """Move the last block of the part before its first; False where that would be wrong."""
        entries = self._entries
        first, before, pulled = part[0], part[-2], part[-1]
        if any(block not in entries for block in part):
            return False
        if first is node:
            known = set(node.preds)
            edges = [edge for edge in entries[first] if edge[0] in known]
        else:
            edges = [(above, onward)]
        usual = {*edges, *((block, onward) for block in part[:-1])}
        others = [edge for block in part for edge in entries[block] if edge not in usual]
        behind = getattr(pulled, onward)
        goal: Node = getattr(pulled, "jt" if outcome else "jf")
        if (
            not self._harmless(part, goal, behind, edges, others, outcome)
            and self._work.hold_back()
        ):
            return False
        for pred, way in edges:
            self._lead(pred, way, pulled)
        self._lead(before, onward, behind)
        self._lead(pulled, onward, first)
        self._pulled.add(pulled)
        return True

    def _harmless(
        self,
        part: list[Node],
        goal: Node,
        behind: Node,
        edges: list[tuple[Node, str]],
        others: list[tuple[Node, str]],
        outcome: bool,
    ) -> bool:
        """Tell whether nobody misses a test, and no slot that matters gets another value."""
        pulled = part[-1]
        for pred, way in others:
            missed = part[:-1] if getattr(pred, way) is pulled else [pulled]
            if not all(self._decided((pred, way), test, not outcome) for test in missed):
                return False
        if _pass_values(part, goal, behind) and (
            others or _disturb(part, goal, behind, [edge[0] for edge in edges])
        ):
            return False
        return not _divide(part) or goal.rejects

    def _lead(self, pred: Node, way: str, target: Node) -> None:
        """Let an edge go elsewhere; nobody takes it if moved edges have cut off its block."""
        if pred in self._entries:
            del self._entries[getattr(pred, way)][pred, way]
            self._entries[target][pred, way] = None
        setattr(pred, way, target)

    def _decided(self, edge: tuple[Node, str], test: Node, outcome: bool) -> bool:
        """Tell whether a test must have this outcome for whoever takes the edge."""
        pred, way = edge
        if pred in self._pulled:
            return False
        taken = pred.edges_here | (pred.true_bit if way == "jt" else pred.false_bit)
        self._decisions = self._decisions or Decisions(self._work)
        return outcome in self._decisions.outcomes(test, taken)
