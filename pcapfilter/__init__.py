"""tcpdump's filter language in Python: compiled to classic BPF, to eBPF and to native code.

f = pcapfilter.compile("tcp port 80 or 443")
f.matches(frame)                        one packet's bytes
f.copy("trace.pcap", "web.pcap")        the `tcpdump -r -w` job
print(f.listing())                      what `tcpdump -d` prints
"""

import sys

if sys.orig_argv[1:3] == ["-m", "pcapfilter"] or "".join(sys.orig_argv[1:2]).endswith(
    "/pcapfilter"
):
    # This is the command, still being imported: Ctrl-C ends it without a word, as it does programs
    # in C. (The module `signal` would take longer to load than all that is loaded here.)
    _signal = __import__("_signal")

    if _signal.getsignal(_signal.SIGINT) == _signal.default_int_handler:
        _signal.signal(_signal.SIGINT, _signal.SIG_DFL)

from typing import TYPE_CHECKING

from pcapfilter.errors import (
    CaptureError,
    FilterError,
    FilterSyntaxError,
    InternalError,
    PcapFilterError,
    ProgramError,
    RejectsAllError,
    Span,
    UnknownNameError,
    UnsupportedError,
)
from pcapfilter.filter import Filter, compile  # noqa: A004 -- re.compile set the example
from pcapfilter.packets import Packet

if TYPE_CHECKING:
    from pcapfilter.io.base import Sink, Source
    from pcapfilter.job import Tally
    from pcapfilter.places import open  # noqa: A004 -- likewise
    from pcapfilter.sources import capture
    from pcapfilter.tools.compare import compare

__version__ = "0.1.0"

__all__ = [
    "CaptureError",
    "Filter",
    "FilterError",
    "FilterSyntaxError",
    "InternalError",
    "Packet",
    "PcapFilterError",
    "ProgramError",
    "RejectsAllError",
    "Sink",
    "Source",
    "Span",
    "Tally",
    "UnknownNameError",
    "UnsupportedError",
    "capture",
    "compare",
    "compile",
    "open",
]


def __getattr__(name: str) -> object:
    """Give what comes with the jobs and the tools when it is first asked for."""
    if name == "Tally":
        from pcapfilter.job import Tally

        return Tally
    if name in {"Sink", "Source"}:
        from pcapfilter.io import base

        return getattr(base, name)
    if name == "open":
        from pcapfilter.places import open  # noqa: A004 -- likewise

        return open
    if name == "capture":
        from pcapfilter.sources import capture

        return capture
    if name == "compare":
        from pcapfilter.tools.compare import compare

        return compare
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
