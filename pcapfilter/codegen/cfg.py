"""The graph that code generation builds and the optimiser rewrites: blocks that point at blocks.

A block is straight-line statements and one ending: a conditional jump with two successors, or a
return. The graph of blocks has no cycles; the loop of `protochain`, and the short skips of some
link-layer preludes, are jumps between the statements of one block. Values of this module are
mutable within a stage and never leave codegen.
"""

from collections.abc import Iterator

from pcapfilter.bpf import isa


class Stmt:
    """One instruction that is not a block's ending; k is unsigned.

    `jt` and `jf` are set on a jump within the block: the statements to go on with (for
    an unconditional jump both are the target). A jump to the end of the block, to its ending,
    goes to a `Stmt` of the block's own that does nothing (code NOP), placed last.
    """

    __slots__ = ("code", "jf", "jt", "k")

    def __init__(
        self, code: int, k: int = 0, jt: "Stmt | None" = None, jf: "Stmt | None" = None
    ) -> None:
        self.code = code
        self.k = k
        self.jt = jt
        self.jf = jf


NOP = -1
"""The code of a statement that does nothing; linearising drops it."""


class Block:
    """Statements, then `code`: a conditional jump (jt, jf are its successors) or a return."""

    __slots__ = ("code", "jf", "jt", "k", "stmts")

    def __init__(
        self,
        stmts: list[Stmt] | None = None,
        code: int = isa.RET | isa.K,
        k: int = 0,
        jt: "Block | None" = None,
        jf: "Block | None" = None,
    ) -> None:
        self.stmts = [] if stmts is None else stmts
        self.code = code
        self.k = k
        self.jt = jt
        self.jf = jf

    @property
    def is_return(self) -> bool:
        """Tell whether the block ends the program."""
        return self.code & 0x07 == isa.RET


class Graph:
    """A whole filter: where it begins, and whether the optimiser may touch it."""

    __slots__ = ("optimizable", "root")

    def __init__(self, root: Block, *, optimizable: bool = True) -> None:
        self.root = root
        self.optimizable = optimizable

    def blocks(self) -> Iterator[Block]:
        """Give each reachable block once, in depth-first order, true successors first."""
        seen: set[int] = set()
        stack = [self.root]
        while stack:
            block = stack.pop()
            if id(block) in seen:
                continue
            seen.add(id(block))
            yield block
            if block.jf is not None:
                stack.append(block.jf)
            if block.jt is not None:
                stack.append(block.jt)
