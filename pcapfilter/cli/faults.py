"""What is said of faults: to people in a line, and to machines as an object of JSON."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from errno import EBADF

from pcapfilter.cli.options import UsageError
from pcapfilter.cli.statistics import print_row
from pcapfilter.errors import PcapFilterError


def said(error: Exception) -> str:
    """Give what is said of an error; of an OSError, which file it is about."""
    if not isinstance(error, OSError):
        return str(error)
    if error.errno == EBADF and not error.filename:
        return "a standard file that is needed is closed"
    reason = error.strerror or str(error)
    name = "''" if error.filename == "" else error.filename
    return f"{name}: {reason}" if name else reason


@contextmanager
def told_to_machines(*, to_stderr: bool) -> Iterator[None]:
    """Print whatever goes wrong as `{"error": ...}`, too."""
    try:
        yield
    except BrokenPipeError:
        raise
    except (UsageError, PcapFilterError, OSError) as error:
        with suppress(OSError):
            print_row({"error": said(error)}, to_stderr=to_stderr)
        raise
