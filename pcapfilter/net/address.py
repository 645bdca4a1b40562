"""Addresses as people write them: IPv4 of one to four parts, IPv6, MAC.

Pure functions from text to numbers. A fault is a ValueError whose text is libpcap's own message.
"""

import re
from collections.abc import Callable

_NUMBER = r"(?:0[xX][0-9A-Fa-f]+|[0-9]+)"
_B = "[0-9A-Fa-f]{1,2}"
_DOTTED = re.compile(rf"{_NUMBER}(?:\.{_NUMBER}){{3}}")
_GROUP = re.compile("[0-9A-Fa-f]{1,4}")
_COLON_MAC = re.compile(f"{_B}(?::{_B}){{5}}")
_COLON_RUN = re.compile(f"{_B}:+(?:{_B}:+)+")

_shapes: dict[str, Callable[[str], re.Match[str] | None]] = {}


def _shape(name: str, pattern: str) -> Callable[[str], re.Match[str] | None]:
    """Compile a pattern when it is first needed: most filters need none."""
    match = _shapes.get(name)
    if match is None:
        match = _shapes[name] = re.compile(pattern).fullmatch
    return match


def is_dotted(text: str) -> bool:
    """Whether the text has the shape of two to four numbers with dots between them."""
    return _shape("dotted", rf"{_NUMBER}(?:\.{_NUMBER}){{1,3}}")(text) is not None


def is_mac(text: str) -> bool:
    """Whether the text is a MAC address: octets or pairs with marks between, or 12 digits."""
    octets = rf"{_B}(?::{_B}){{5}}|{_B}(?:-{_B}){{5}}|{_B}(?:\.{_B}){{5}}"
    digits = r"[0-9A-Fa-f]{4}(?:\.[0-9A-Fa-f]{4}){2}|[0-9A-Fa-f]{12}"
    return _shape("mac", f"{octets}|{digits}")(text) is not None


def parse_mac(text: str) -> bytes:
    """Give the six octets of a MAC address in any of its spellings."""
    for mark in ":-.":
        octets = text.split(mark)
        if len(octets) == 6:
            return bytes(int(octet, 16) for octet in octets)
    return bytes.fromhex(text.replace(".", ""))


def parse_v4(text: str) -> tuple[int, int]:
    """Give the number that one to four dotted decimal parts spell, and 8 bits per part."""
    value = 0
    parts = text.split(".")
    for part in parts:
        short = part.lstrip("0") or part[:1]
        if not (part.isascii() and part.isdigit()) or len(short) > 3 or int(short) > 255:
            raise ValueError(f"invalid IPv4 address '{text}'")
        value = value << 8 | int(short)
    return value, 8 * len(parts)


def format_v4(address: int, bits: int) -> str:
    """Write a number as `bits / 8` dotted decimal parts."""
    return ".".join(str(address >> shift & 0xFF) for shift in range(bits - 8, -1, -8))


def parse_v6(text: str) -> int:
    """Give the 128-bit number of an IPv6 address (RFC 4291, section 2.2)."""
    head, gap, tail = text.partition("::")
    left, right = _groups(head, last=not gap), _groups(tail, last=True)
    missing = 8 - len(left) - len(right)
    if (missing < 1 if gap else missing != 0) or None in left or None in right:
        raise ValueError(f"bogus IPv6 address {text}")
    value = 0
    for group in [*left, *[0] * missing, *right]:
        value = value << 16 | (group or 0)
    return value


def _groups(text: str, *, last: bool) -> list[int | None]:
    """Give the 16-bit groups of a half; None for a bad one. The last may be four dotted parts."""
    if not text:
        return []
    *words, end = text.split(":")
    groups = [_group(word) for word in words]
    if "." not in end or not last:
        return [*groups, _group(end)]
    parts = end.split(".")
    plain = all(re.fullmatch("0|[1-9][0-9]{0,2}", part) for part in parts)
    if not plain or len(parts) != 4 or any(int(part) > 255 for part in parts):
        return [*groups, None]
    value, _ = parse_v4(end)
    return [*groups, value >> 16, value & 0xFFFF]


def _group(text: str) -> int | None:
    """Give the value of one 16-bit group."""
    return int(text, 16) if _GROUP.fullmatch(text) else None


def format_v6(address: int) -> str:
    """Write an IPv6 address with its longest run of zero groups left out (RFC 5952)."""
    groups = [f"{address >> shift & 0xFFFF:x}" for shift in range(112, -1, -16)]
    best, start = 1, -1
    run = 0
    for n, group in enumerate(groups):
        run = run + 1 if group == "0" else 0
        if run > best:
            best, start = run, n - run + 1
    if start < 0:
        return ":".join(groups)
    return ":".join(groups[:start]) + "::" + ":".join(groups[start + best :])


def scan_colons(text: str, start: int) -> tuple[str, int]:
    """Find the longest address with colons at `start`: its sort ("mac", "v6", "bogus"), its end.

    "bogus" is a run of octets with colons that is no address. The sort is "" where none begins.
    """
    found = ("", start)
    if mac := _COLON_MAC.match(text, start):
        found = ("mac", mac.end())
    end = _scan_v6(text, start)
    if end > found[1]:
        found = ("v6", end)
    run = _COLON_RUN.match(text, start)
    if run and run.end() > found[1]:
        found = ("bogus", run.end())
    return found


def _scan_v6(text: str, start: int) -> int:
    """Find the end of the longest text at `start` with the shape of an IPv6 address."""
    count, gap, at, best = 0, False, start, start
    if text.startswith("::", at):
        gap, at = True, at + 2
        best = at
    while count < 8:
        tail = _DOTTED.match(text, at)
        if tail and (count <= 5 if gap else count == 6):
            best = max(best, tail.end())
        group = _GROUP.match(text, at)
        if not group or (gap and count == 7):
            break
        count, at = count + 1, group.end()
        if gap or count == 8:
            best = max(best, at)
        if text.startswith("::", at) and not gap and count <= 7:
            gap, at = True, at + 2
            best = max(best, at)
        elif text.startswith(":", at):
            at += 1
        else:
            break
    return best
