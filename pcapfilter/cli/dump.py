"""The octets of a packet as tcpdump's -x, -X and -A show them."""

LINE = 16
NEWLINE, RETURN, TAB, BLANK = 0x0A, 0x0D, 0x09, 0x20
WHITE = frozenset((NEWLINE, TAB, BLANK))


def hexadecimal(octets: bytes) -> str:
    """Give the octets in hexadecimal, in pairs, sixteen a line (-x)."""
    return "".join(f"\n\t0x{at:04x}: {_pairs(octets, at)}" for at in range(0, len(octets), LINE))


def both(octets: bytes) -> str:
    """Give the octets in hexadecimal and as text beside it (-X)."""
    return "".join(
        f"\n\t0x{at:04x}: {_pairs(octets, at):<40}  {_text(octets[at : at + LINE])}"
        for at in range(0, len(octets), LINE)
    )


def text(octets: bytes) -> str:
    """Give the octets as text, lines and blanks as they are (-A)."""
    written = ["\n"] if octets else []
    for at, octet in enumerate(octets):
        if (
            octet == RETURN
        ):  # none at the end of a line, nor, in tcpdump, just before the last octet
            if at + 2 < len(octets) and octets[at + 1] != NEWLINE:
                written.append(".")
        elif octet in WHITE:
            written.append(chr(octet))
        else:
            written.append(_letter(octet))
    return "".join(written)


def _pairs(octets: bytes, at: int) -> str:
    line = octets[at : at + LINE]
    return "".join(f" {line[n : n + 2].hex()}" for n in range(0, len(line), 2))


def _text(octets: bytes) -> str:
    return "".join(map(_letter, octets))


def _letter(octet: int) -> str:
    return chr(octet) if BLANK < octet < 0x7F else "."
