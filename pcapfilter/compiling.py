"""Text and options -> program: the parser and the code generator, under the roof.

What is wrong is told from the left, as libpcap does, which generates code while it parses.
"""

from contextlib import suppress
from typing import TYPE_CHECKING, Literal, NamedTuple

from pcapfilter.errors import FilterError, RejectsAllError, UnsupportedError
from pcapfilter.net.linktype import LinkType
from pcapfilter.net.names import Resolver, SystemResolver
from pcapfilter.packets import MAXIMUM_SNAPLEN, Origin

if TYPE_CHECKING:
    from pcapfilter.bpf.program import Program
    from pcapfilter.expr.nodes import Expr


class Options(NamedTuple):
    """What decides, beside the text, which program comes out."""

    link: LinkType
    snaplen: int = MAXIMUM_SNAPLEN
    netmask: int | None = None
    optimize: bool = True
    resolver: Resolver | None = None
    source: Literal["file", "live"] | None = None
    swapped: bool = False


def parsed(text: str, options: Options, origin: Origin) -> "Expr":
    """Give the tree of a text; the FilterError of what is at fault first in it.

    What the link type is too poor for is told of texts that parse, and not here.
    """
    from pcapfilter.parser import begun, parse

    try:
        return parse(text)
    except FilterError:
        plain = options._replace(optimize=False)  # libpcap optimises what parses
        for part in begun(text):
            with suppress(UnsupportedError, RejectsAllError):
                generated(part, plain, origin)
        raise


def generated(expr: "Expr", options: Options, origin: Origin) -> "Program":
    """Give the program of a tree for packets of one origin."""
    from pcapfilter.codegen.pipeline import generate

    return generate(
        expr,
        link=origin.link,
        snaplen=origin.snaplen,
        netmask=options.netmask,
        resolver=options.resolver or SystemResolver(),
        source=origin.source,
        swapped=origin.swapped,
        optimize=options.optimize,
    )
