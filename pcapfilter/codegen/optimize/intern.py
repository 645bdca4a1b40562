"""Make equal blocks one."""

from pcapfilter.codegen.optimize.facts import order_blocks
from pcapfilter.codegen.optimize.work import Node, Work


def share(work: Work) -> bool:
    """Let every edge go to one of the blocks that are equal, down to the returns."""
    order_blocks(work)
    first: dict[object, Node] = {}
    same: dict[Node, Node] = {}
    changed = False
    for node in reversed(work.down):
        if node.jt is not None and node.jf is not None:
            node.jt, node.jf = same[node.jt], same[node.jf]
        stmts = tuple((s.code, s.k) for s in node.stmts if s.code >= 0)
        key = (node.code, node.k, node.jt, node.jf, stmts)
        same[node] = first.setdefault(key, node)
        changed = changed or same[node] is not node
    return changed
