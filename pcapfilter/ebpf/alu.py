"""What each eBPF operator and comparison means on unsigned words of 32 or 64 bits.

Source: RFC 9669, sections 4.1 to 4.3. Every operator has a value for every operand: division by
zero gives 0, modulus by zero leaves the left side, shift counts are taken modulo the width, and the
smallest number divided by -1 is itself.
"""

from collections.abc import Callable


def signed(a: int, bits: int) -> int:
    """Read the lowest bits of a word as two's complement."""
    a &= (1 << bits) - 1
    return a - (1 << bits) if a >> (bits - 1) else a


def _mask(a: int, bits: int) -> int:
    return a & ((1 << bits) - 1)


def _sdiv(a: int, b: int, bits: int) -> int:
    left, right = signed(a, bits), signed(b, bits)
    if right == 0:
        return 0
    size = abs(left) // abs(right)
    return _mask(size if (left < 0) == (right < 0) else -size, bits)


def _smod(a: int, b: int, bits: int) -> int:
    left, right = signed(a, bits), signed(b, bits)
    if right == 0:
        return a
    size = abs(left) % abs(right)
    return _mask(-size if left < 0 else size, bits)


BINARY: dict[str, Callable[[int, int, int], int]] = {
    "add": lambda a, b, bits: _mask(a + b, bits),
    "sub": lambda a, b, bits: _mask(a - b, bits),
    "mul": lambda a, b, bits: _mask(a * b, bits),
    "div": lambda a, b, _: a // b if b else 0,
    "sdiv": _sdiv,
    "mod": lambda a, b, _: a % b if b else a,
    "smod": _smod,
    "or": lambda a, b, _: a | b,
    "and": lambda a, b, _: a & b,
    "xor": lambda a, b, _: a ^ b,
    "lsh": lambda a, b, bits: _mask(a << (b & (bits - 1)), bits),
    "rsh": lambda a, b, bits: a >> (b & (bits - 1)),
    "arsh": lambda a, b, bits: _mask(signed(a, bits) >> (b & (bits - 1)), bits),
    "mov": lambda _a, b, _: b,
    "movs8": lambda _a, b, bits: _mask(signed(b, 8), bits),
    "movs16": lambda _a, b, bits: _mask(signed(b, 16), bits),
    "movs32": lambda _a, b, bits: _mask(signed(b, 32), bits),
}
"""(a, b, bits) -> word; a and b are already cut to that many bits."""


def _swap(size: int) -> Callable[[int, int], int]:
    return lambda a, _: int.from_bytes(_mask(a, size).to_bytes(size // 8, "little"), "big")


def _cut(size: int) -> Callable[[int, int], int]:
    return lambda a, _: _mask(a, size)


UNARY: dict[str, Callable[[int, int], int]] = {
    "neg": lambda a, bits: _mask(-a, bits),
    **{f"bswap{size}": _swap(size) for size in (16, 32, 64)},
    **{f"be{size}": _swap(size) for size in (16, 32, 64)},
    **{f"le{size}": _cut(size) for size in (16, 32, 64)},
}
"""(a, bits) -> word. Packets are big-endian and our machines little-endian: so `be` swaps."""

COMPARE: dict[str, Callable[[int, int, int], bool]] = {
    "jeq": lambda a, b, _: a == b,
    "jne": lambda a, b, _: a != b,
    "jset": lambda a, b, _: a & b != 0,
    "jgt": lambda a, b, _: a > b,
    "jge": lambda a, b, _: a >= b,
    "jlt": lambda a, b, _: a < b,
    "jle": lambda a, b, _: a <= b,
    "jsgt": lambda a, b, bits: signed(a, bits) > signed(b, bits),
    "jsge": lambda a, b, bits: signed(a, bits) >= signed(b, bits),
    "jslt": lambda a, b, bits: signed(a, bits) < signed(b, bits),
    "jsle": lambda a, b, bits: signed(a, bits) <= signed(b, bits),
}
"""(a, b, bits) -> truth; a and b are already cut to that many bits."""
