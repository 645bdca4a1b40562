"""The stages in order: lower, wire, optimise, linearise."""

from pcapfilter.bpf.program import Program
from pcapfilter.codegen import build, layout
from pcapfilter.codegen.build import Builder, Target
from pcapfilter.codegen.cfg import Block, Graph
from pcapfilter.codegen.linearize import linearize
from pcapfilter.codegen.link import prelude
from pcapfilter.codegen.lower import Part, lower
from pcapfilter.errors import RejectsAllError, UnsupportedError
from pcapfilter.expr.nodes import Everything, Expr
from pcapfilter.net.linktype import LinkType
from pcapfilter.net.names import Resolver


def generate(
    expr: Expr,
    *,
    link: LinkType,
    snaplen: int,
    netmask: int | None,
    resolver: Resolver,
    source: str | None = None,
    swapped: bool = False,
    optimize: bool = True,
) -> Program:
    """Give the classic program of an expression, as libpcap 1.10 would compile it.

    Raises a FilterError (without the text, but with the span) where libpcap would refuse, and
    RejectsAllError where the optimiser finds that no packet can match.
    """
    target = Target(link, snaplen, netmask, resolver, source, swapped)
    graph = build_graph(expr, target)
    if optimize and graph.optimizable:
        from pcapfilter.codegen.optimize import optimize as improve

        graph = improve(graph)
        if graph.root.is_return and graph.root.k == 0:
            raise RejectsAllError("expression rejects all packets", span=expr.span)
    return linearize(graph)


def build_graph(expr: Expr, target: Target, parts: list[Part] | None = None) -> Graph:
    """Give the graph of an expression, before any optimisation; its primitives go to `parts`."""
    start = layout.of_link(target.link.dlt)
    if start is None:
        message = f"unknown data link type {target.link.dlt} (min 104, max {layout.LAST})"
        raise UnsupportedError(message, span=expr.span)
    if isinstance(expr, Everything):
        return Graph(Block(k=target.snaplen))
    builder = Builder(target, start)
    condition = prelude.attach(builder, lower(builder, expr, parts))
    return build.wire(condition, target.snaplen, optimizable=builder.optimizable)
