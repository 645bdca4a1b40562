"""Wing: text -> Expr. The only user of PLY."""

from pcapfilter.expr.nodes import Expr


def parse(text: str) -> Expr:
    """Give the Expr of a filter's text; FilterSyntaxError, or FilterError for a bad address.

    Source of the language: pcap-filter(7), as libpcap 1.10.3 takes it.
    """
    from pcapfilter.parser.read import read  # the grammar loads with the first text

    return read(text)


def begun(text: str) -> list[Expr]:
    """Give the parts of a text that `parse` refuses which are complete, up to its first fault."""
    from pcapfilter.parser.read import begun as read_begun

    return read_begun(text)
