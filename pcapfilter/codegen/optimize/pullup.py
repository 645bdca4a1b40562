"""Pass: pull a test up to the tests of the same value, past tests of another value.

Before, and after (A holds [12] in 1 and 3, [23] in 2; all true edges go to one block):

    1: jeq #0x800   jt 9   jf 2      1: jeq #0x800   jt 9   jf 3
    2: jeq #17      jt 9   jf 3      3: jeq #0x86dd  jt 9   jf 2
    3: jeq #0x86dd  jt 9   jf 4      2: jeq #17      jt 9   jf 4

So that 3 need not load [12] again. The same goes for chains of `and`, with true and false swapped.
"""

from pcapfilter.codegen.optimize import facts
from pcapfilter.codegen.optimize.work import A, Node, Work


def pull_up(work: Work) -> bool:
    """Pull up one test below each block, in chains of `or` and in chains of `and`."""
    facts.find_preds(work)
    changed = False
    for node in work.up:
        preds = node.preds
        if not preds:
            continue
        value = preds[0].values[A]
        if any(pred.values[A] != value for pred in preds):
            continue
        for chain in (_OR, _AND):
            if _pull(node, value, *chain):
                work.again = changed = True
    return changed


_OR = ("jt", "jf")
_AND = ("jf", "jt")
"""Which edges of a chain go to one block, and which go on along the chain."""


def _pull(node: Node, value: int, shared: str, onward: str) -> bool:
    """Find the chain's first test of another value and the next of this one; swap them round."""
    first = node.preds[-1]
    above, way = first, "jt" if first.jt is node else "jf"
    goal, bit = getattr(node, shared), node.bit
    while True:
        other = getattr(above, way)
        if getattr(other, shared) is not goal or not other.dominators & bit:
            return False
        if other.values[A] != value:
            break
        above, way = other, onward
    before = other
    while True:
        pulled = getattr(before, onward)
        if getattr(pulled, shared) is not goal or not pulled.dominators & bit:
            return False
        if pulled.values[A] == value:
            break
        before = pulled
    setattr(before, onward, getattr(pulled, onward))
    setattr(pulled, onward, other)
    if other is not node:
        setattr(above, way, pulled)
        return True
    for pred in reversed(node.preds):
        if pred.jt is node:
            pred.jt = pulled
        else:
            pred.jf = pulled
    return True
