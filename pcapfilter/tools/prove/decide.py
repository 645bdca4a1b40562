"""Two programs, classic or eBPF -> whether they select the same packets."""

from pcapfilter.packets import MAXIMUM_SNAPLEN
from pcapfilter.tools.prove.question import Answer, Grade, Question
from pcapfilter.tools.prove.replay import Program, Side
from pcapfilter.tools.prove.ways import TURNS


def decide(
    first: Program | Side,
    second: Program | Side,
    grade: Grade = Grade.COMPLETE,
    *,
    timeout: float = 30.0,
    turns: int = TURNS,
    reach: int = MAXIMUM_SNAPLEN,
    live: bool = True,
) -> Answer:
    """Give whether two programs select the same packets of a grade; ProgramError for no programs.

    `timeout` is in seconds. Loops are followed for `turns` backward jumps. Packets have at most
    `reach` captured octets, which says nothing less of programs that look no further. Where `live`,
    loads from 0xfffff000 up ask the kernel, which gives both programs the same answers; otherwise
    they fail, as in libpcap. An eBPF program is of host user unless a Side says more, and looks
    before it loads: it has no loads that fail.
    """
    sides = _side(first), _side(second)
    return Question(sides, grade, turns=turns, reach=reach, live=live).ask(timeout)


def _side(given: Program | Side) -> Side:
    return given if isinstance(given, Side) else Side(given)
