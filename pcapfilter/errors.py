"""Every error that pcapfilter raises on purpose.

PcapFilterError
  FilterError(ValueError)        the expression is at fault: .text .span .hint; str() has the caret
    FilterSyntaxError            it does not parse
    UnknownNameError             no such host, port, protocol
    UnsupportedError             fine in itself, but not on this link type or this host
    RejectsAllError              the optimiser found that no packet can match
  ProgramError(ValueError)       a BPF or eBPF program is malformed: .pc
  CaptureError(ValueError)       a file or socket is malformed: .offset .packet
InternalError(AssertionError)    our bug: names the stage, asks for a report
"""

from typing import NamedTuple


class Span(NamedTuple):
    """A half-open range of character offsets in a filter's text."""

    start: int
    end: int


class PcapFilterError(Exception):
    """The root of all errors that a user can cause."""


class FilterError(PcapFilterError, ValueError):
    """The expression is at fault.

    The first line is libpcap's own message where libpcap has one. Text and span may be unknown
    where the error is found; `located` supplies them on the way up.
    """

    def __init__(
        self, message: str, *, text: str = "", span: Span | None = None, hint: str = ""
    ) -> None:
        super().__init__(message)
        self.message = message
        self.text = text
        self.span = span
        self.hint = hint

    def located(self, text: str) -> "FilterError":
        """Return this error with the filter's text filled in where it was unknown."""
        self.text = self.text or text
        return self

    def __str__(self) -> str:
        """Give the message, the line of the text at fault with a caret under it, and the hint."""
        lines = [self.message]
        if self.span is not None and self.text:
            lines.extend(_caret(self.text, self.span))
        if self.hint:
            lines.append(f"hint: {self.hint}")
        return "\n".join(lines)

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle by constructor arguments, so that workers can hand errors over."""
        return (_rebuild, (type(self), self.message, self.text, self.span, self.hint))


class FilterSyntaxError(FilterError):
    """The text does not parse."""


class UnknownNameError(FilterError):
    """No such host, network, port, protocol or Ethernet address."""


class UnsupportedError(FilterError):
    """Fine in itself, but not on this link type, or not on this host."""


class RejectsAllError(FilterError):
    """The optimiser found that no packet can match (libpcap refuses such a filter)."""


class ProgramError(PcapFilterError, ValueError):
    """A BPF or eBPF program is malformed; `pc` is the instruction at fault."""

    def __init__(self, message: str, *, pc: int | None = None) -> None:
        super().__init__(message if pc is None else f"instruction {pc}: {message}")
        self.message = message
        self.pc = pc

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle by constructor arguments."""
        return (_rebuild_program, (self.message, self.pc))


class CaptureError(PcapFilterError, ValueError):
    """A capture is malformed at byte `offset` (of file or stream), in packet `packet` (from 1)."""

    def __init__(
        self, message: str, *, name: str = "", offset: int | None = None, packet: int | None = None
    ) -> None:
        place = [f"offset {offset}"] if offset is not None else []
        place += [f"packet {packet}"] if packet is not None else []
        where = f" ({', '.join(place)})" if place else ""
        super().__init__(f"{name}: {message}{where}" if name else f"{message}{where}")
        self.message = message
        self.name = name
        self.offset = offset
        self.packet = packet

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle by constructor arguments."""
        return (_rebuild_capture, (self.message, self.name, self.offset, self.packet))


class InternalError(AssertionError):
    """Our bug. The message names the stage and asks for a report."""

    def __init__(self, stage: str, message: str) -> None:
        super().__init__(f"{stage}: {message} (a bug in pcapfilter: please report it)")
        self.stage = stage
        self.message = message

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle by constructor arguments."""
        return (InternalError, (self.stage, self.message))


def _rebuild(
    kind: type[FilterError], message: str, text: str, span: Span | None, hint: str
) -> FilterError:
    return kind(message, text=text, span=span, hint=hint)


def _rebuild_program(message: str, pc: int | None) -> ProgramError:
    return ProgramError(message, pc=pc)


def _rebuild_capture(
    message: str, name: str, offset: int | None, packet: int | None
) -> CaptureError:
    return CaptureError(message, name=name, offset=offset, packet=packet)


def _caret(text: str, span: Span) -> list[str]:
    """The line of text where the span starts, and a line with carets under the span."""
    start = text.rfind("\n", 0, span.start) + 1
    end = text.find("\n", span.start)
    end = len(text) if end < 0 else end
    width = max(1, min(span.end, end) - span.start)
    lead = "".join("\t" if c == "\t" else " " for c in text[start : span.start])
    return ["  " + text[start:end], "  " + lead + "^" * width]
