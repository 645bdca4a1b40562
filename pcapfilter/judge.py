"""What judges by a classic program: native code for batches, what suits for single packets."""

from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pcapfilter.bpf.program import Program
    from pcapfilter.engine.patient import Judge
    from pcapfilter.errors import UnsupportedError
    from pcapfilter.io.base import Source
    from pcapfilter.job import Engine
    from pcapfilter.packets import Origin


def judge_of(program: "Program") -> "Judge":
    """Give what judges packets one by one."""
    from pcapfilter.engine.patient import Judge
    from pcapfilter.engine.reference import run

    return Judge(partial(run, program), lambda: engine_of(program).run)


def engine_of(program: "Program") -> "Engine":
    """Give what judges batches of packets."""
    from pcapfilter.codegen.ebpf import translate
    from pcapfilter.engine.scan import engine_for

    return engine_for(translate(program, host="user"))


def nothing() -> "Engine":
    """Give what selects nothing."""
    from pcapfilter.bpf.program import Program

    return engine_of(Program.of([(0x06, 0, 0, 0)]))  # ret #0


def about(error: "UnsupportedError", origin: "Origin", source: "Source") -> "UnsupportedError":
    """The error, with the link type and the interface at fault where a capture has several."""
    if any(known.link != origin.link for known in source.origins):
        which = ", ".join(getattr(source, "described", {}).get(origin, ()))
        about = f"{source.name} has packets of link type {origin.link.title}"
        about += f" ({which})" * bool(which) + "; --skip-unsupported leaves them out"
        if about not in error.hint:
            error.hint += "; " * bool(error.hint) + about
    return error
