"""The wish to be run soon after packets come, although others want to run, too.

The ring fills while the process waits for its turn. Linux 6.12 and later give a process its turn
the sooner the less it wants to run at a stretch: no more of the processor, only earlier. Older
kernels know no such wish.

Source: sched(7), sched_setattr(2); Documentation/scheduler/sched-eevdf.rst.
"""

import ctypes
import os
import platform
from struct import Struct

CALLS = {"x86_64": 314, "aarch64": 274, "riscv64": 274, "ppc64le": 355, "s390x": 345}
"""The number of sched_setattr, by machine."""

ATTRIBUTES = Struct("=IIQiIQQQ")
"""struct sched_attr: size, policy, flags, nice, priority, run time, deadline, period."""

RESET_ON_FORK = 0x01
"""The flag that keeps the wish from programs that this one starts."""

STRETCH = 100_000
"""Nanoseconds to run at a stretch, the least that can be wished for."""


def be_prompt() -> bool:
    """Ask for short stretches for this thread; tell whether the kernel took the wish."""
    number = CALLS.get(platform.machine())
    if number is None or os.sched_getscheduler(0) != os.SCHED_OTHER:
        return False
    nice = os.getpriority(os.PRIO_PROCESS, 0)
    wish = ATTRIBUTES.pack(ATTRIBUTES.size, os.SCHED_OTHER, RESET_ON_FORK, nice, 0, STRETCH, 0, 0)
    octets = ctypes.create_string_buffer(wish, len(wish))
    return bool(ctypes.CDLL(None).syscall(number, 0, octets, 0) == 0)
