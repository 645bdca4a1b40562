"""What each operator and comparison means on unsigned 32-bit words: the only definition.

Where the kernel and libpcap differ (a shift by X of 32 or more), the meaning is libpcap's.
Division and modulus by zero have no value: the machine rejects the packet instead.
"""

from collections.abc import Callable

MASK = 0xFFFFFFFF

BINARY: dict[str, Callable[[int, int], int]] = {
    "add": lambda a, b: (a + b) & MASK,
    "sub": lambda a, b: (a - b) & MASK,
    "mul": lambda a, b: (a * b) & MASK,
    "div": lambda a, b: a // b,
    "or": lambda a, b: a | b,
    "and": lambda a, b: a & b,
    "lsh": lambda a, b: (a << b) & MASK if b < 32 else 0,
    "rsh": lambda a, b: a >> b if b < 32 else 0,
    "mod": lambda a, b: a % b,
    "xor": lambda a, b: a ^ b,
}

COMPARE: dict[str, Callable[[int, int], bool]] = {
    "jeq": lambda a, b: a == b,
    "jgt": lambda a, b: a > b,
    "jge": lambda a, b: a >= b,
    "jset": lambda a, b: a & b != 0,
}


def negate(a: int) -> int:
    """Two's complement of a 32-bit word."""
    return -a & MASK
