"""Pass: make equal blocks one.

Before, and after:

    1: jeq #6    jt 3   jf 2         1: jeq #6    jt 3   jf 2
    2: jeq #17   jt 4   jf 5         2: jeq #17   jt 3   jf 5
    3: ret #262144                   3: ret #262144
    4: ret #262144
    5: ret #0                        5: ret #0
"""

from pcapfilter.codegen.optimize import facts
from pcapfilter.codegen.optimize.work import Node, Work


def share(work: Work) -> bool:
    """Let every edge go to one of the blocks that are equal, from the returns up."""
    facts.order_blocks(work)
    first: dict[object, Node] = {}
    same: dict[Node, Node] = {}
    changed = False
    for node in reversed(work.down):
        if node.jt is not None and node.jf is not None:
            node.jt, node.jf = same[node.jt], same[node.jf]
        stmts = tuple((stmt.code, stmt.k) for stmt in node.stmts if stmt.code >= 0)
        key = (node.code, node.k, node.jt, node.jf, node if node.jumps_inside else stmts)
        same[node] = first.setdefault(key, node)
        changed = changed or same[node] is not node
    return changed
