"""Loops written as plain Python functions, made native by numba once and kept as LLVM text.

numba is imported only where the text is not in the cache, and llvmlite only where the code is not:
what a new process finds there is ready to run. The form of a function that can be compiled is told
in the docstring of pcapfilter.engine.
"""

import ctypes
import os
import sys
from array import array
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from importlib.machinery import ModuleSpec
from types import CodeType, FunctionType
from typing import Any, NamedTuple

from pcapfilter.engine import cache as store
from pcapfilter.engine.jit import link, machine_here, octets_of, parse, put
from pcapfilter.engine.memory import Pin
from pcapfilter.engine.outside import CALLS, PREFIX, calls_of
from pcapfilter.engine.pointers import pointer

_ITEMS = {"u8*": 1, "u16*": 2, "u32*": 4, "u64*": 8, "i64*": 8}
"""Octets in an item of what a pointer of each type points to."""


PATIENCE = 4
"""How often a loop runs in plain Python, on half a megabyte each time, before it is compiled where
that takes seconds in each run."""


class UnavailableError(Exception):
    """There is no native code here: numba or llvmlite is missing, or cannot do it."""


class Signature(NamedTuple):
    """The types of a loop's arguments, such as `i64` and `u8*`."""

    arguments: tuple[str, ...]

    @classmethod
    def of(cls, text: str) -> "Signature":
        """Read `i64(u8*, i64)`; ValueError for any other form."""
        text = text.replace(" ", "")
        if not (text.startswith("i64(") and text.endswith(")")):
            raise ValueError(f"a signature is i64(types), not {text!r}")
        arguments = tuple(filter(None, text[4:-1].split(",")))
        for argument in arguments:
            if argument != "i64" and argument not in _ITEMS:
                raise ValueError(f"no such type: {argument!r}")
        return cls(arguments)


class Loop:
    """A loop that can be called: natively, or in plain Python where that cannot be."""

    __slots__ = (
        "_call",
        "_calls",
        "_code",
        "_outside",
        "_patience",
        "_plain",
        "signature",
        "symbol",
    )

    def __init__(self, function: Callable[..., int], signature: Signature) -> None:
        """Compile if possible."""
        self.signature = signature
        self.symbol = PREFIX + function.__name__
        self._plain = function
        self._calls = calls_of(function)
        self._outside = {name: Signature.of(CALLS[name][0]) for name in self._calls}
        self._call: Callable[..., int] | None = None
        self._patience = 0
        if takes_seconds(function, signature, self._outside):
            self._patience = PATIENCE
        else:
            self._compile()

    def _compile(self) -> None:
        function, signature = self._plain, self.signature
        with suppress(UnavailableError, ImportError, OSError):
            key = key_of(function, signature, self._outside)
            self._code = put(octets_of(self._linked, f"{function.__name__}.o", key))
            self._call = prototype(signature)(self._code.address(self.symbol))

    @property
    def text(self) -> str:
        """Its LLVM text."""
        return text_of(self._plain, self.signature, self._outside)

    def _linked(self, machine: Any) -> Any:
        if not self._calls:
            return parse(self.text)
        return link([self.text, *(CALLS[n][1] for n in self._calls)], [self.symbol], machine)

    @property
    def compiled(self) -> bool:
        """Tell whether calls run native code."""
        return self._call is not None

    def __call__(self, *arguments: Any) -> int:
        """Run the loop; buffers are given where the signature has pointers."""
        types = self.signature.arguments
        if self._patience:
            self._patience -= 1
            if not self._patience:
                self._compile()
        if self._call is None:
            pairs = zip(types, arguments, strict=True)
            return self._plain(*(a if t == "i64" else memoryview(a) for t, a in pairs))
        return call(self._call, types, arguments)


@cache
def native(function: Callable[..., int], signature: str) -> Loop:
    """Give a callable that runs the function natively, or in plain Python if need be."""
    return Loop(function, Signature.of(signature))


def call(function: Callable[..., int], types: tuple[str, ...], arguments: tuple[Any, ...]) -> int:
    """Call native code with the addresses of buffers, which are held still meanwhile."""
    holds: list[Any] = []
    try:
        return function(
            *[
                argument
                if kind == "i64"
                else argument.buffer_info()[0]
                if type(argument) is array and argument.itemsize == _ITEMS[kind]
                else hold(argument, kind, holds)
                for kind, argument in zip(types, arguments, strict=True)
            ]
        )
    finally:
        for held in holds:
            if type(held) is Pin:
                held.release()


def hold(buffer: Any, kind: str, holds: list[Any]) -> int:
    """Give the address of a buffer, and add what keeps it still to `holds`.

    Two kinds of buffers come in every batch, and have a quicker way than the one for all: arrays
    above, and bytearrays here.
    """
    items = _ITEMS[kind]
    if type(buffer) is bytearray and items == 1 and buffer:
        first = ctypes.c_char.from_buffer(buffer)
        holds.append(first)
        return ctypes.addressof(first)
    pin = Pin(buffer, items, writable=kind != "u8*")
    holds.append(pin)
    return pin.address


def prototype(signature: Signature) -> Callable[[int], Callable[..., int]]:
    """Give what makes a callable of an address."""
    kinds = [ctypes.c_int64 if t == "i64" else ctypes.c_void_p for t in signature.arguments]
    return ctypes.CFUNCTYPE(ctypes.c_int64, *kinds)


def text_of(
    function: Callable[..., int],
    signature: Signature,
    externals: Mapping[str, Signature] | None = None,
) -> str:
    """Give the LLVM text of a loop, whose symbol is PREFIX and its name.

    `externals` are the names of functions that it calls and that are linked in later; their
    symbols are made likewise. UnavailableError where there is neither an entry nor numba.
    """
    name, key = f"{function.__name__}.ll", key_of(function, signature, externals)
    kept = store.load(name, key)
    if kept is not None:
        return kept.decode()
    _tell()
    text = _compile(function, signature, externals or {})
    store.store(name, key, text.encode())
    return text


def takes_seconds(
    function: Callable[..., int],
    signature: Signature,
    externals: Mapping[str, Signature] | None = None,
) -> bool:
    """Tell whether compiling takes seconds, and would in each run: nothing is kept, or can be."""
    try:
        name, key = f"{function.__name__}.ll", key_of(function, signature, externals)
    except UnavailableError:
        return False
    return store.load(name, key) is None and not store.usable()


def key_of(
    function: Callable[..., int],
    signature: Signature,
    externals: Mapping[str, Signature] | None = None,
) -> str:
    """Give what a loop's code depends on, in one line. UnavailableError without llvmlite."""
    outside = [f"{name}({','.join(s.arguments)})" for name, s in (externals or {}).items()]
    return f"{_surroundings()} {','.join(signature.arguments)} {outside} {_print(function)}"


@cache
def _surroundings() -> str:
    """What the text depends on besides the function: versions and processor.

    The versions are told by the files that hold them, since to import what they are of, or to ask
    for its distribution, would take a while.
    """
    python = ".".join(map(str, sys.version_info[:3]))
    folder = os.path.dirname(__file__)  # noqa: PTH120 -- pathlib costs 3 ms
    with os.scandir(folder) as found:
        names = sorted(entry.path for entry in found if entry.name.endswith(".py"))
    states = [_state(name) for name in names]
    for package in ("numba", "llvmlite"):
        spec = find_spec(package)
        origin = spec.origin if spec is not None else None
        if origin is None:
            raise UnavailableError(f"{package} is missing")
        states.append(f"{package} {_state(origin.replace('__init__', '_version'))}")
    return f"{' '.join(states)} python {python} {_processor()}"


def find_spec(package: str) -> ModuleSpec | None:
    """Find a package as an import would, without importing anything."""
    if package in sys.modules:
        return getattr(sys.modules[package], "__spec__", None)
    specs = (finder.find_spec(package, None) for finder in sys.meta_path)
    return next((spec for spec in specs if spec is not None), None)


def _state(name: str) -> str:
    """Tell this state of a file from any other: versions change more seldom than code."""
    state = os.stat(name)  # noqa: PTH116 -- pathlib costs 3 ms to load
    return f"{state.st_mtime_ns:x}.{state.st_size:x}"


def _processor() -> str:
    """Name the processor and what it can do: Linux has it in a file, and LLVM knows elsewhere."""
    try:
        with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
            rows = file.read(8192).partition("\n\n")[0].splitlines()
    except OSError:
        rows = []
    wanted = ("vendor_id", "cpu family", "model", "flags", "CPU ", "Features")
    chosen = [" ".join(row.split()) for row in rows if row.startswith(wanted)]
    if any(row.startswith(("flags", "Features")) for row in chosen):
        return " ".join(chosen)
    import llvmlite.binding as llvm

    return f"{llvm.get_host_cpu_name()} {llvm.get_host_cpu_features().flatten()}"


def _print(function: Callable[..., int]) -> str:
    """What a function does, as text: its code and that of what it calls, and constants used."""
    parts: list[str] = []
    seen: set[FunctionType] = set()
    assert isinstance(function, FunctionType)
    waiting = [function]
    while waiting:
        part = waiting.pop()
        if part in seen:
            continue
        seen.add(part)
        code = part.__code__
        parts.append(f"{code.co_name} {code.co_code.hex()} {_constants(code)} {code.co_names}")
        for name in code.co_names:
            value = part.__globals__.get(name)
            if isinstance(value, FunctionType):
                waiting.append(value)
            elif isinstance(value, int):
                parts.append(f"{name}={value}")
    return " ".join(parts).replace("\n", " ")


def _constants(code: CodeType) -> str:
    return repr([c.co_code.hex() if isinstance(c, CodeType) else c for c in code.co_consts])


def _tell() -> None:
    """Say in one line why the first run takes a while, to whoever is waiting for it."""
    if sys.stderr is not None and sys.stderr.isatty() and not _told:
        _told.append(True)
        print("pcapfilter: compiling its loops (once)...", file=sys.stderr)  # noqa: T201 - a wait of seconds


_told: list[bool] = []


def _compile(
    function: Callable[..., int], signature: Signature, externals: Mapping[str, Signature]
) -> str:
    import re

    try:
        import llvmlite.binding as llvm
        import numba
        import numba.core.types as numba_types
        from numba.core.errors import NumbaError
    except ImportError as error:
        raise UnavailableError("numba is missing") from error

    types: Any = numba_types

    def kind(name: str) -> Any:
        item = {"u8": "uint8", "u16": "uint16", "u32": "uint32", "u64": "uint64", "i64": "int64"}
        if name.endswith("*"):
            return pointer(item[name[:-1]])
        return getattr(types, item[name])

    def whole(shape: Signature) -> Any:
        return types.int64(*map(kind, shape.arguments))

    outside = {
        name: types.ExternalFunction(PREFIX + name, whole(shape))
        for name, shape in externals.items()
    }

    for name in externals:
        # numba resolves every symbol before its next function is done: any address will do, since
        # the code that it makes of this text is never called.
        place = ctypes.cast(ctypes.pythonapi.Py_GetVersion, ctypes.c_void_p).value
        llvm.add_symbol(PREFIX + name, place)

    def ready(part: FunctionType) -> FunctionType:
        """The function with what it calls compiled, in globals of its own."""
        globals_ = dict(part.__globals__)
        for name in part.__code__.co_names:
            value = globals_.get(name)
            if name in outside:
                globals_[name] = outside[name]
            elif isinstance(value, FunctionType):
                globals_[name] = numba.njit(ready(value), error_model="numpy")
        return FunctionType(part.__code__, globals_, part.__name__, part.__defaults__)

    try:
        assert isinstance(function, FunctionType)
        made = numba.cfunc(whole(signature), error_model="numpy")(ready(function))
        text = str(made.inspect_llvm())
    except NumbaError as error:
        raise UnavailableError(f"{function.__name__} cannot be compiled: {error}") from error
    symbol = PREFIX + function.__name__
    text = str(link([text.replace(made.native_name, symbol)], [symbol], machine_here()))
    missing = set(re.findall(_DECLARED, text, re.MULTILINE)) - {PREFIX + name for name in externals}
    if missing:
        raise UnavailableError(f"{function.__name__} needs numba's run time: {sorted(missing)}")
    return text


_DECLARED = r"^declare [^@]*@(?!llvm\.)([\w.$]+)"
"""A function that the text calls and does not define; LLVM sees to its own."""
