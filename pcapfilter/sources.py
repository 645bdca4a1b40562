"""Sources as the library gives them: `capture`, for the packets of an interface as they come."""

from operator import index
from typing import Literal

from pcapfilter.errors import FilterError
from pcapfilter.filter import Filter, Link, compile, native  # noqa: A004 -- the library's own
from pcapfilter.io.base import UNITS
from pcapfilter.io.live.source import RING, LiveSource, Wishes, open_live
from pcapfilter.job import Filler
from pcapfilter.net.linktype import resolve
from pcapfilter.packets import MAXIMUM_SNAPLEN


def capture(
    interface: str,
    *,
    filter: str | Filter | None = None,  # noqa: A002 -- the word for it
    link: Link | None = None,
    snaplen: int = MAXIMUM_SNAPLEN,
    promiscuous: bool = True,
    buffer: int = RING,
    direction: Literal["in", "out", "inout"] = "inout",
    immediate: bool = False,
    precision: Literal["micro", "nano"] = "nano",
) -> LiveSource:
    """Give the packets of an interface, or of all of them (`any`), as a Source.

    Capture begins when the first packet is asked for, and goes on until the Source is closed. With
    a filter, only packets that match are given; without one, the first Filter that reads from the
    Source becomes its filter. Either way the kernel judges where it can, and where it cannot,
    `remark` says why. `buffer` is the size of the ring in octets.

    PermissionError where CAP_NET_RAW is missing, OSError where there is no such interface or it is
    down, UnsupportedError for a link type that it has not, FilterError for a wrong filter,
    ValueError for a wrong value of another argument.
    """
    for name, value, known in (
        ("direction", direction, ("in", "out", "inout")),
        ("precision", precision, tuple(UNITS)),
    ):
        if value not in known:
            raise ValueError(f"{name} must be one of {', '.join(known)}, not {value!r}")
    if not 0 <= index(snaplen) <= MAXIMUM_SNAPLEN:
        raise ValueError(f"snaplen must be 0 to {MAXIMUM_SNAPLEN}, not {snaplen}")
    if index(buffer) <= 0:
        raise ValueError(f"buffer must be more than 0 octets, not {buffer}")
    wishes = Wishes(
        None if link is None else resolve(link), snaplen or MAXIMUM_SNAPLEN, promiscuous, buffer,
        direction, immediate, precision,
    )  # fmt: skip
    source = open_live(interface, wishes, native=native)
    if filter is None:
        return source
    try:
        made = filter
        if not isinstance(made, Filter):
            made = compile(made, link=source.origin.link, snaplen=source.origin.snaplen)
        engine = made.engines(source)(source.origin)
    except FilterError:
        source.close()
        raise
    assert isinstance(engine, Filler)
    source.fix(engine.fill)
    return source
