"""Native code as octets that run wherever they lie: made of an object file, used without LLVM.

`flatten` does for one x86-64 ELF object what a linker would: its sections are laid side by side,
what may be written on pages of its own, and the distances between them are filled in. A function of
the C library is reached by way of a slot, which holds its address while the image
is in use. So an entry of the cache is put to work within a millisecond, and llvmlite need not be
loaded. An object that needs more than that is left to LLVM's own loader.

    pcapfilter-image fixed=4096 pcapfilter_judge=0 pcapfilter_trap=4096 *memcpy=816
    <octets>                     symbols with their places, slots with a star, and what they name

Source: System V ABI, AMD64 supplement (relocation types); elf(5).
"""

import ctypes
from struct import Struct
from typing import NamedTuple

MAGIC = b"pcapfilter-image "
PAGE = 4096

_HEADER = Struct("<16sHHIQQQIHHHHHH")
_SECTION = Struct("<IIQQQQIIQQ")
_SYMBOL = Struct("<IBBHQQ")
_RELOCATION = Struct("<QQq")
_STUB = b"\xff\x25\x02\x00\x00\x00\x66\x90"  # jmp *slot(%rip), and two octets to align the slot

_X86_64 = 62
_SYMBOLS, _RELOCATIONS, _ZEROES = 2, 4, 8  # section types
_WRITABLE, _LOADED = 1, 2  # section flags
_PC32, _PLT32 = 2, 4  # relocation types: both are the distance to the symbol, in 32 bits
_OUTSIDE = ("memcpy", "memmove", "memset", "pread")


class Section(NamedTuple):
    """A row of the section table."""

    name: int
    kind: int
    flags: int
    address: int
    offset: int
    size: int
    link: int
    info: int
    align: int
    entry: int


def flatten(elf: bytes) -> bytes | None:
    """Give the image of an object file, or None where it needs a real linker."""
    header = _HEADER.unpack_from(elf)
    if header[0][:6] != b"\x7fELF\x02\x01" or header[2] != _X86_64:
        return None
    sections = [
        Section(*_SECTION.unpack_from(elf, header[6] + number * _SECTION.size))
        for number in range(header[12])
    ]
    image, places, fixed = _lay(elf, sections)
    table = next((s for s in sections if s.kind == _SYMBOLS), None)
    if table is None:
        return None
    symbols = list(_SYMBOL.iter_unpack(elf[table.offset : table.offset + table.size]))
    names = sections[table.link].offset
    slots: dict[str, int] = {}
    known: dict[str, int] = {}
    where: list[int | None] = []
    for name_at, binding, _, section, value, _ in symbols:
        name = elf[names + name_at : elf.index(0, names + name_at)].decode()
        if section == 0 and name in _OUTSIDE:
            where.append(_stub(image, fixed, slots, name))
            continue
        where.append(places[section] + value if section in places else None)
        if binding >> 4 and where[-1] is not None:
            known[name] = where[-1]
    for section in sections:
        if section.kind == _RELOCATIONS and section.info in places:
            rows = elf[section.offset : section.offset + section.size]
            for at, what, addend in _RELOCATION.iter_unpack(rows):
                target, place = where[what >> 32], places[section.info] + at
                if target is None or what & 0xFFFFFFFF not in {_PC32, _PLT32}:
                    return None
                distance = (target + addend - place) & 0xFFFFFFFF
                image[place : place + 4] = distance.to_bytes(4, "little")
    words = [f"fixed={fixed}", *(f"{n}={at}" for n, at in known.items())]
    words += [f"*{name}={at}" for name, at in slots.items()]
    return MAGIC + " ".join(words).encode() + b"\n" + image


def _lay(elf: bytes, sections: list[Section]) -> tuple[bytearray, dict[int, int], int]:
    """Lay the loaded sections side by side: the image, their places, where the writable begin."""
    image = bytearray()
    places: dict[int, int] = {}
    fixed = 0
    for writable in (0, _WRITABLE):
        for number, section in enumerate(sections):
            if section.flags & _LOADED and section.flags & _WRITABLE == writable:
                image += bytes(-len(image) % max(section.align, 1))
                places[number] = len(image)
                content = elf[section.offset : section.offset + section.size]
                image += bytes(section.size) if section.kind == _ZEROES else content
        if not writable:
            image += bytes(-len(image) % 16)
            room = len(_OUTSIDE) * 16
            image += bytes(room + -(len(image) + room) % PAGE)
            fixed = len(image)
    return image, places, fixed


def _stub(image: bytearray, fixed: int, slots: dict[str, int], name: str) -> int:
    """Write the jump to a function outside, at the end of the fixed part; give its place."""
    at = fixed - 16 * (len(slots) + 1)
    image[at : at + 8] = _STUB
    slots[name] = at + 8
    return at


_READ, _WRITE, _EXECUTE = 1, 2, 4
_PRIVATE, _ANONYMOUS = 2, 32
_FAILED = ctypes.c_void_p(-1).value


class Image:
    """An image in memory, ready to be called, until it is dropped."""

    __slots__ = ("_base", "_free", "_names", "_size")

    def __init__(self, octets: bytes) -> None:
        """Put it there; OSError where the system does not let us."""
        head, _, code = octets.partition(b"\n")
        pairs = (word.split("=") for word in head[len(MAGIC) :].decode().split(" "))
        self._names = {name: int(at) for name, at in pairs}
        library = ctypes.CDLL(None, use_errno=True)
        map_ = library.mmap
        map_.restype = ctypes.c_void_p
        words = (ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long)
        map_.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *words]
        protect, self._free = library.mprotect, library.munmap
        protect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
        self._free.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
        self._size = len(code)
        base = map_(None, self._size, _READ | _WRITE, _PRIVATE | _ANONYMOUS, -1, 0)
        if base is None or base == _FAILED:
            self._size = 0
            raise OSError(ctypes.get_errno(), "no memory for native code")
        self._base: int = base
        ctypes.memmove(base, code, len(code))
        for name, at in self._names.items():
            if name[0] == "*":
                address = ctypes.cast(getattr(library, name[1:]), ctypes.c_void_p).value or 0
                ctypes.c_uint64.from_address(base + at).value = address
        if protect(base, self._names["fixed"], _READ | _EXECUTE):
            raise OSError(ctypes.get_errno(), "native code may not be run")

    def address(self, symbol: str) -> int:
        """Give the address of an exported function or variable."""
        return self._base + self._names[symbol]

    def __del__(self) -> None:
        if self._size:
            self._free(self._base, self._size)
