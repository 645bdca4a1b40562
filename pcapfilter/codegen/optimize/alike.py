"""Whether two graphs are the same program."""

from pcapfilter.codegen.cfg import NOP, Graph, Stmt


def alike(one: Graph, other: Graph) -> bool:
    """Tell whether two graphs are the same, block for block."""
    return _form(one) == _form(other)


def _form(graph: Graph) -> list[object]:
    """What the blocks say, where they go on, and where jumps within them go."""
    blocks = list(graph.blocks())
    places = {block: place for place, block in enumerate(blocks)}
    return [
        (
            block.code,
            block.k,
            _statements(block.stmts),
            *(places[way] for way in (block.jt, block.jf) if way is not None),
        )
        for block in blocks
    ]


def _statements(stmts: list[Stmt]) -> tuple[object, ...]:
    return tuple(
        (stmt.code, stmt.k, *(stmts.index(to) for to in (stmt.jt, stmt.jf) if to is not None))
        for stmt in stmts
        if stmt.code != NOP
    )
