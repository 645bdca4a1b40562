"""Where the octets of a Python buffer are: its address, held still for the time of a call."""

import ctypes
from typing import Any, ClassVar

_WRITABLE = 1


class _View(ctypes.Structure):
    """CPython's Py_buffer."""

    _fields_: ClassVar[list[tuple[str, Any]]] = [
        ("address", ctypes.c_void_p),
        ("owner", ctypes.c_void_p),
        ("length", ctypes.c_ssize_t),
        ("itemsize", ctypes.c_ssize_t),
        ("readonly", ctypes.c_int),
        ("dimensions", ctypes.c_int),
        ("format", ctypes.c_char_p),
        ("shape", ctypes.c_void_p),
        ("strides", ctypes.c_void_p),
        ("suboffsets", ctypes.c_void_p),
        ("internal", ctypes.c_void_p),
    ]


_get = ctypes.pythonapi.PyObject_GetBuffer
_get.argtypes = [ctypes.py_object, ctypes.POINTER(_View), ctypes.c_int]
_release = ctypes.pythonapi.PyBuffer_Release
_release.argtypes = [ctypes.POINTER(_View)]
_release.restype = None


class Pin:
    """A contiguous buffer held still: `address` is good until `release`."""

    __slots__ = ("_view", "address")

    def __init__(self, buffer: Any, itemsize: int, *, writable: bool) -> None:
        """Take hold of a buffer; BufferError or TypeError where it is not what is asked for."""
        view = _View()
        _get(buffer, ctypes.byref(view), _WRITABLE if writable else 0)
        self._view = view
        self.address: int = view.address or 0
        if view.itemsize != itemsize:
            self.release()
            raise TypeError(f"a buffer of {itemsize}-octet items is needed, not {view.itemsize}")

    def release(self) -> None:
        """Let go."""
        _release(ctypes.byref(self._view))
