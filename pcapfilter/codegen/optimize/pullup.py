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
from pcapfilter.codegen.optimize.stretches import Stretch, Stretches
from pcapfilter.codegen.optimize.work import A, Node, Work

_OR = (True, "jt", "jf")
_AND = (False, "jf", "jt")
"""The chains: which outcome goes to one block for all; its edges; the edges that go on."""


def pull_up(work: Work) -> bool:
    """Pull up one test below each block, in chains of `or` and in chains of `and`."""
    facts.find_preds(work)
    stretches = Stretches()
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
            stretch = stretches.find(node, value, shared, onward)
            if stretch is not None:
                chains = chains or _Chains(work, stretches)
                if chains.pull(stretch, outcome, onward):
                    work.again = changed = True
    return changed


def _pass_values(stretch: Stretch, behind: Node) -> bool:
    """Tell whether a block of the part leaves a value to another one, or to what is behind it."""
    pulled = stretch.pulled
    wanted = behind.needed | stretch.goal.needed | stretch.needed | pulled.needed
    return wanted & (stretch.defines | pulled.defines) != 0


def _disturb(stretch: Stretch, behind: Node, preds: list[Node]) -> bool:
    """Tell whether a slot that matters gets another value; who comes, comes from the preds."""
    first, before, pulled = stretch.part[0], stretch.part[-1], stretch.pulled
    passed = stretch.defines
    if passed & pulled.uses or (passed | pulled.defines) & stretch.goal.needed:
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


class _Chains:
    """The edges between blocks as they are while tests are pulled up."""

    def __init__(self, work: Work, stretches: Stretches) -> None:
        self._work = work
        self._stretches = stretches
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

    def pull(self, stretch: Stretch, outcome: bool, onward: str) -> bool:
        """Move a stretch's pulled block before its part; False where that would be wrong."""
        entries = self._entries
        first, before, pulled = stretch.part[0], stretch.part[-1], stretch.pulled
        self._sum_up(stretch, onward)
        if stretch.cut_off or pulled not in entries:
            return False
        if stretch.last is None:
            known = set(first.preds)
            edges = [edge for edge in entries[first] if edge[0] in known]
        else:
            edges = [(stretch.last, onward)]
        others = [edge for edge in entries[first] if edge not in edges]
        others += stretch.sideways
        others += [edge for edge in entries[pulled] if edge != (before, onward)]
        behind = getattr(pulled, onward)
        if not self._harmless(stretch, behind, edges, others, outcome) and self._work.hold_back():
            return False
        for pred, way in edges:
            self._lead(stretch, pred, way, pulled)
        self._lead(stretch, before, onward, behind)
        self._lead(stretch, pulled, onward, first)
        self._pulled.add(pulled)
        if stretch.last is None:
            self._stretches.begin(stretch, pulled, onward)
        stretch.last = pulled
        return True

    def _sum_up(self, stretch: Stretch, onward: str) -> None:
        """Add to a stretch's sums the blocks by which its part has grown."""
        part = stretch.part
        for number in range(stretch.summed, len(part)):
            block = part[number]
            if block not in self._entries:
                stretch.cut_off = True
                continue
            stretch.needed |= block.needed
            stretch.defines |= block.defines
            stretch.divides = stretch.divides or bool(block.divisions)
            if number:
                usual = (part[number - 1], onward)
                stretch.sideways += [edge for edge in self._entries[block] if edge != usual]
        stretch.summed = len(part)

    def _harmless(
        self,
        stretch: Stretch,
        behind: Node,
        edges: list[tuple[Node, str]],
        others: list[tuple[Node, str]],
        outcome: bool,
    ) -> bool:
        """Tell whether nobody misses a test, and no slot that matters gets another value."""
        pulled = stretch.pulled
        for pred, way in others:
            missed = stretch.part if getattr(pred, way) is pulled else [pulled]
            if not all(self._decided((pred, way), test, not outcome) for test in missed):
                return False
        if _pass_values(stretch, behind) and (
            others or _disturb(stretch, behind, [edge[0] for edge in edges])
        ):
            return False
        # Who leaves for the goal may now miss a division that would have rejected the packet.
        return not (stretch.divides or pulled.divisions) or stretch.goal.rejects

    def _lead(self, stretch: Stretch, pred: Node, way: str, target: Node) -> None:
        """Let an edge go elsewhere; nobody takes it if moved edges have cut off its block."""
        old = getattr(pred, way)
        if pred in self._entries:
            del self._entries[old][pred, way]
            self._entries[target][pred, way] = None
        setattr(pred, way, target)
        self._stretches.move(stretch, pred, old, target)

    def _decided(self, edge: tuple[Node, str], test: Node, outcome: bool) -> bool:
        """Tell whether a test must have this outcome for whoever takes the edge."""
        pred, way = edge
        if pred in self._pulled:
            return False
        taken = pred.edges_here | (pred.true_bit if way == "jt" else pred.false_bit)
        self._decisions = self._decisions or Decisions(self._work)
        return outcome in self._decisions.outcomes(test, taken)
