"""The verdicts of programs on one packet, by the machines in plain Python.

A packet that the solver found counts only once the reference machine, or for eBPF engine.vm, has
come to different verdicts on it.
"""

from collections.abc import Mapping
from typing import NamedTuple, overload

from pcapfilter.bpf import isa
from pcapfilter.bpf import program as bpf
from pcapfilter.ebpf import program as ebpf
from pcapfilter.engine import reference, space, vm
from pcapfilter.errors import ProgramError
from pcapfilter.io.kernel import KernelFilter
from pcapfilter.tools.prove.hosts import ASKED, PULL_DATA, WORLDS

Program = bpf.Program | ebpf.Program

KERNEL = "kernel"
"""The host of a classic program that the kernel runs, and not libpcap."""

_SKB_SIZE = 192


class Side(NamedTuple):
    """One of the two programs that are compared, and where it runs.

    `host` is one of WORLDS for eBPF; for classic BPF it is KERNEL, or else means nothing.
    """

    program: Program
    host: str = "user"

    @property
    def is_classic(self) -> bool:
        """Tell whether it is a classic program, whose loads can fail."""
        return isinstance(self.program, bpf.Program)

    @property
    def in_kernel(self) -> bool:
        """Tell whether the packet is as long as on the wire."""
        return self.host == KERNEL if self.is_classic else WORLDS[self.host].kernel

    def judge(self, octets: bytes, wirelen: int, answers: Mapping[int, int]) -> tuple[bool, int]:
        """Tell whether the program selects a packet, and how far it looked at most."""
        if isinstance(self.program, bpf.Program):
            if self.host == KERNEL:
                with KernelFilter(self.program) as attached:
                    return attached.selects(octets), len(octets)
            watched = _Watched(octets)
            machine = reference.Machine(answered(self.program, answers))
            return bool(machine.run(watched, wirelen)), watched.end  # type: ignore[arg-type] # it asks for length and slices only
        return self._run(octets, wirelen, answers), len(octets)

    def reads(
        self, octets: bytes, wirelen: int, answers: Mapping[int, int]
    ) -> list[tuple[int, int]] | None:
        """Give which octets (from, to) a classic program reads of a packet; None for eBPF."""
        if not isinstance(self.program, bpf.Program):
            return None
        watched = _Watched(octets)
        reference.Machine(answered(self.program, answers)).run(watched, wirelen)  # type: ignore[arg-type] # it asks for length and slices only
        return watched.parts

    def measures(self, octets: bytes, wirelen: int, answers: Mapping[int, int]) -> bool:
        """Tell whether a classic program asks how long a packet is on the wire."""
        if not isinstance(self.program, bpf.Program):
            return False
        from pcapfilter.tools.trace import machine

        steps = machine.run(answered(self.program, answers), octets, wirelen).steps
        return any(isa.ROWS[self.program[step.pc].code].mode == "len" for step in steps)

    def unset(self, octets: bytes, wirelen: int, answers: Mapping[int, int]) -> tuple[int, ...]:
        """Give the scratch cells that a classic program reads on a packet and has not stored in.

        They are 0 here; libpcap leaves in them what stood there before, and the kernel takes no
        such program.
        """
        if not isinstance(self.program, bpf.Program):
            return ()
        from pcapfilter.tools.trace import machine

        stored: set[int] = set()
        found: dict[int, None] = {}
        for step in machine.run(answered(self.program, answers), octets, wirelen).steps:
            i = self.program[step.pc]
            row = isa.ROWS[i.code]
            if row.kind == "store":
                stored.add(i.k)
            elif row.mode == "mem" and i.k not in stored:
                found[i.k] = None
        return tuple(found)

    def _run(self, octets: bytes, wirelen: int, answers: Mapping[int, int]) -> bool:
        """Run an eBPF program; one that reads where it may not is stopped, and selects nothing."""
        assert isinstance(self.program, ebpf.Program)
        match = WORLDS[self.host].match
        try:
            machine = vm.Machine(self.program, {PULL_DATA: lambda *_: 0})
            if self.in_kernel:
                reach = space.Space(octets, _given(self.host, len(octets), answers))
                verdict = machine.execute(reach, space.CONTEXT)
            else:
                verdict = machine.run(octets, wirelen)
        except ProgramError:
            return False
        verdict &= 0xFFFFFFFF
        return verdict != 0 if match is None else verdict == match


def _given(host: str, length: int, answers: Mapping[int, int]) -> bytes:
    """Give a host's context, with what the kernel is taken to answer."""
    fields = {0: space.PACKET, 4: space.PACKET + length}
    if host != "xdp":
        fields = {0: length, 76: space.PACKET, 80: space.PACKET + length}
        for place, (k, swapped) in ASKED.items():
            word = answers.get(k, 0)
            fields[place] = int.from_bytes(word.to_bytes(2, "big"), "little") if swapped else word
    made = bytearray(_SKB_SIZE)
    for place, word in fields.items():
        made[place : place + 4] = word.to_bytes(4, "little")
    return bytes(made)


class _Watched:
    """Octets that remember which of them were read."""

    def __init__(self, octets: bytes) -> None:
        self.octets = octets
        self.parts: list[tuple[int, int]] = []

    @property
    def end(self) -> int:
        """How far they were read."""
        return max((end for _, end in self.parts), default=0)

    def __len__(self) -> int:
        return len(self.octets)

    @overload
    def __getitem__(self, key: int) -> int: ...
    @overload
    def __getitem__(self, key: slice) -> bytes: ...
    def __getitem__(self, key: int | slice) -> int | bytes:
        self.parts.append((key, key + 1) if isinstance(key, int) else (key.start, key.stop))
        return self.octets[key]


def answered(program: bpf.Program, answers: Mapping[int, int]) -> bpf.Program:
    """Give the program with the kernel's answers in the place of its questions."""
    if not answers:
        return program
    return bpf.Program(
        i._replace(code=isa.LD | isa.IMM, k=answers[i.k])
        if isa.ROWS[i.code].mode == "abs" and i.k in answers
        else i
        for i in program
    )
