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


_LATER: dict[str, str] = {
    # what comes with the jobs and the tools -> where from, when it is first asked for
    "Sink": "pcapfilter.io.base",
    "Source": "pcapfilter.io.base",
    "Tally": "pcapfilter.job",
    "capture": "pcapfilter.sources",
    "compare": "pcapfilter.tools.compare",
    "open": "pcapfilter.places",
}

if not TYPE_CHECKING:  # to a type checker, a module with __getattr__ has every name

    def __getattr__(name: str) -> object:
        """Give what comes later; AttributeError for a name that is not here at all."""
        if name not in _LATER:
            message = f"module {__name__!r} has no attribute {name!r}"
            raise AttributeError(message, name=name, obj=sys.modules[__name__])
        from importlib import import_module

        return getattr(import_module(_LATER[name]), name)


def __dir__() -> list[str]:
    """Give the names that are here, and those that come later."""
    return sorted({*globals(), *_LATER})
