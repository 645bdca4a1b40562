"""LLVM text -> native code, by llvmlite alone; and one packet's verdict by native code.

An address is good as long as its `Code` or `Image` lives: it keeps what the address lies in.
"""

import ctypes
from _thread import RLock
from collections.abc import Callable
from typing import Any

from pcapfilter.ebpf.program import Program
from pcapfilter.engine import cache
from pcapfilter.engine.image import MAGIC, Image, flatten
from pcapfilter.engine.reasons import ENDLESS, MESSAGES, SHIFT
from pcapfilter.errors import ProgramError

TRAP = "pcapfilter_trap"
"""The global variable in which a filter leaves a trap; -1 if there was none."""

VERDICT = "pcapfilter_verdict"
"""The symbol of a filter's function, by which loops call it."""


LARGE = 400_000
"""The size of LLVM text (of a filter of some 2,000 eBPF instructions) from which on a filter is not
inlined, and optimised less: what LLVM takes for all it can do grows with the square."""


HUGE = 10_000_000
"""The size of LLVM text (some 70,000 eBPF instructions: 700 hosts, not optimised) from which on a
filter is only made smaller, and translated an instruction at a time: the square of that is minutes.
"""

_PASSES = ("sroa", "sccp", "simplify_cfg", "instruction_combine")
"""What makes it smaller, in a time that grows with it: registers, constants, jumps, loads."""


def machine_here() -> Any:
    """The target machine of this processor."""
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(),
        features=llvm.get_host_cpu_features().flatten(),
        opt=2,
        reloc="pic",
        codemodel="small",
        jit=True,
    )


def parse(text: str) -> Any:
    """Give the module of a text."""
    import llvmlite.binding as llvm

    return llvm.parse_assembly(text)


def link(texts: list[str], exports: list[str], machine: Any) -> Any:
    """Give the module of several texts, optimised; what is not exported may be inlined away."""
    import llvmlite.binding as llvm

    size = sum(map(len, texts))
    if size > LARGE:
        texts = [text.replace("alwaysinline", "noinline") for text in texts]
    first, *others = (_shrunk(text, machine) if len(text) > HUGE else parse(text) for text in texts)
    module = first
    for other in others:
        module.link_in(other)
    module.triple = machine.triple
    module.data_layout = str(machine.target_data)
    for function in module.functions:
        if not function.is_declaration and function.name not in exports:
            function.linkage = "internal"
    module.verify()
    options = llvm.create_pipeline_tuning_options(1 if size > LARGE else 2)
    builder = llvm.create_pass_builder(machine, options)
    builder.getModulePassManager().run(module, builder)
    return module


def _shrunk(text: str, machine: Any) -> Any:
    """Give the module of a text, made smaller, of which nothing more is to be optimised."""
    import llvmlite.binding as llvm

    module = parse(text)
    builder = llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options(1))
    passes = llvm.create_new_module_pass_manager()
    for name in _PASSES:
        getattr(passes, f"add_{name}_pass")()
    passes.run(module, builder)
    for function in module.functions:
        if not function.is_declaration:
            function.add_function_attribute("noinline")
            function.add_function_attribute("optnone")
    return module


class Code:
    """Native code of a module, put in place by LLVM."""

    __slots__ = ("_engine", "_keep")

    def __init__(self, module: Any, machine: Any, *, kept: bytes | None = None) -> None:
        """Make the code of a module, or take over `kept`, the object file made of one before."""
        import llvmlite.binding as llvm

        self._engine: Any = llvm.create_mcjit_compiler(module, machine)
        if kept is not None:
            self._engine.add_object_file(llvm.ObjectFileRef.from_data(kept))
        self._engine.finalize_object()
        self._keep = (module, machine)

    def address(self, symbol: str) -> int:
        """Give the address of an exported function or variable."""
        if address := self._engine.get_function_address(symbol):
            return int(address)
        return int(self._engine.get_global_value_address(symbol))


_COMPILING = RLock()
"""Held while LLVM or numba works: threads that scan ranges may want new loops at the same time."""


def octets_of(make: Callable[[Any], Any], name: str, key: str, *, most: int | None = None) -> bytes:
    """Give native code from the cache, or that of the module that `make(machine)` gives.

    It is an image, which needs no llvmlite, or an object file where no image could be made of it.
    Where `most` is given, about as many entries of this name stay in the cache.
    """
    kept = cache.load(name, key)
    if kept is not None:
        return kept
    with _COMPILING:
        machine = machine_here()
        made: bytes = machine.emit_object(make(machine))
    made = flatten(made) or made
    cache.store(name, key, made)
    if most is not None:
        cache.trim(name, most)
    return made


def put(octets: bytes) -> Code | Image:
    """Put native code in place; it has variables of its own each time."""
    if octets.startswith(MAGIC):
        return Image(octets)
    with _COMPILING:
        return Code(parse(""), machine_here(), kept=octets)


class Trap:
    """The variable in which native code leaves the pc of what it could not go on with."""

    __slots__ = ("_cell", "_code")

    def __init__(self, code: Code | Image) -> None:
        """Find it in the code."""
        self._code = code
        self._cell = ctypes.c_int64.from_address(code.address(TRAP))

    def spring(self) -> None:
        """Raise ProgramError if a run was ended by a trap, and set the trap again."""
        pc = self._cell.value
        if pc >= 0:
            self._cell.value = -1
            if pc >> SHIFT == ENDLESS:
                raise ProgramError(MESSAGES[ENDLESS], pc=pc & (1 << SHIFT) - 1)
            raise ProgramError("a load outside the packet", pc=pc)


_RUN = ctypes.CFUNCTYPE(
    ctypes.c_uint64, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64, ctypes.c_int64
)


class NativeFilter:
    """An eBPF program of host `user` as native code, for single packets."""

    __slots__ = ("_call", "_trap")

    def __init__(self, program: Program) -> None:
        """Compile a program; ProgramError where the checker refuses it."""
        from pcapfilter.engine.emit import emit

        machine = machine_here()
        code = Code(link([emit(program, VERDICT)], [VERDICT], machine), machine)
        self._call = _RUN(code.address(VERDICT))
        self._trap = Trap(code)

    def run(self, packet: bytes | bytearray | memoryview, wirelen: int | None = None) -> int:
        """Give r0 after running on the captured octets of one packet."""
        octets = packet if isinstance(packet, bytes) else bytes(packet)
        return self.run_at(octets, len(octets), len(octets) if wirelen is None else wirelen)

    def run_at(self, place: bytes | int, caplen: int, wirelen: int) -> int:
        """Give r0 after running on octets, or on as many as were captured at an address."""
        verdict = self._call(place, 0, caplen, wirelen)
        if not verdict:
            self._trap.spring()
        return int(verdict)
