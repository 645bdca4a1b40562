"""Pass: empty a block whose statements nobody needs.

Before, and after:

    ldh  [12]                        jeq  #0x800          (A held [12] already, and
    jeq  #0x800                                            nothing is read behind the block)
"""

from pcapfilter.codegen.optimize.facts import reads
from pcapfilter.codegen.optimize.values import UNSURE
from pcapfilter.codegen.optimize.work import A, Node, Work, X


def empty(work: Work, node: Node) -> bool:
    """Drop all statements before a return, or where A and X leave as they came and none is read."""
    if not node.stmts or not work.alter or node.jumps_inside:
        return False
    if not node.is_return:
        a, x = node.entered
        if node.doubted & reads(node.code, node.k):
            return False
        if node.live_out or min(a, x) <= UNSURE or (node.values[A], node.values[X]) != (a, x):
            return False
    if node.divisions and work.hold_back():
        return False
    node.stmts = []
    work.progress()
    return True
