"""Octets between two pages that nobody may touch: a read past either end kills the process."""

import ctypes
import mmap

PAGE = mmap.PAGESIZE


class Guarded:
    """Some pages, and a guard page at both ends."""

    def __init__(self, pages: int = 2) -> None:
        self._map = mmap.mmap(-1, (pages + 2) * PAGE)
        start = ctypes.addressof(ctypes.c_char.from_buffer(self._map))
        protect = ctypes.CDLL(None, use_errno=True).mprotect
        protect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
        for guard in (start, start + (pages + 1) * PAGE):
            if protect(guard, PAGE, 0):
                raise OSError(ctypes.get_errno(), "no guard page")
        self._view = memoryview(self._map)[PAGE : (pages + 1) * PAGE]
        self.address = start + PAGE
        self.size = len(self._view)

    def address_of(self, view: memoryview) -> int:
        """Give where octets are that were put here."""
        return (
            ctypes.addressof(ctypes.c_char.from_buffer(view)) if view else self.address + self.size
        )

    def last(self, octets: bytes) -> memoryview:
        """Put octets before the guard page at the end, and give where they are."""
        view = self._view[self.size - len(octets) :]
        view[:] = octets
        return view

    def first(self, octets: bytes) -> memoryview:
        """Put octets behind the guard page at the beginning, and give where they are."""
        view = self._view[: len(octets)]
        view[:] = octets
        return view
