"""Why a run of an eBPF program is ended before its `exit`, as numbers and in words."""

ACCESS, ENDLESS, TOO_DEEP, UNALIGNED, STOPPED = range(5)
"""An access out of reach, no end, calls, an atomic access, and what a helper raised."""

SHIFT = 32
"""A trap of native code holds the pc, and the reason shifted by this."""

MESSAGES = {
    ENDLESS: "the program does not end",
    TOO_DEEP: "functions call each other too deep",
    UNALIGNED: "an atomic access to a place that is no multiple of its size",
}


def outside(size: int, *, write: bool = False) -> str:
    """Say that a program went where it may not."""
    return f"{size} octets that the program may not {'write' if write else 'read'}"
