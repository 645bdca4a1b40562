"""The command `pcapfilter`: tcpdump's flags, its listings and its files."""

import sys
from io import BufferedWriter, FileIO, TextIOWrapper
from typing import Any


def main(words: list[str] | None = None) -> int:
    """Run the command with the words after its name; give the exit code: 0, or 1 for any fault.

    Without words it is a process of its own: it takes its words from the system, it is ended at
    once by Ctrl-C until it has output to finish, and it ends without taking the interpreter apart,
    which would cost as much as many a listing.
    """
    if words is not None:
        return _run(words)
    import signal

    if signal.getsignal(signal.SIGINT) == signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    import gc
    import os

    gc.set_threshold(100_000)
    # Standard files closed by the caller: no other file is to come by their numbers. What is said
    # goes nowhere; what is written fails, as it should.
    for number, name, flags in ((1, "stdout", os.O_RDONLY), (2, "stderr", os.O_WRONLY)):
        if getattr(sys, name) is None:
            os.dup2(os.open(os.devnull, flags), number)
            file = open(number, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 -- it stays
            setattr(sys, name, file)
    told = BufferedWriter(_Unheard(2, "w", closefd=False))
    sys.stderr = TextIOWrapper(told, sys.stderr.encoding, "backslashreplace", line_buffering=True)
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # words that are no text are shown, too
    code = _run(sys.argv[1:])
    sys.stderr.flush()
    os._exit(code)


class _Unheard(FileIO):
    """Standard error: where nobody can be told anything, the job is done all the same."""

    def write(self, octets: Any) -> int:
        """Write some octets, or none; either way they are done with."""
        try:
            return super().write(octets) or len(octets)
        except OSError:
            return len(octets)


def _run(words: list[str]) -> int:
    from pcapfilter.cli.options import UsageError
    from pcapfilter.errors import InternalError, PcapFilterError

    trouble = 1
    try:
        if words and words[0].isalpha():
            from pcapfilter.cli.commands import COMMANDS, command

            if words[0] in COMMANDS:
                trouble = COMMANDS[words[0]].trouble
                code = command(words[0])(words[1:])
                sys.stdout.flush()
                return code
        from pcapfilter.cli.run import run

        code = run(words)
        sys.stdout.flush()
    except (UsageError, PcapFilterError, InternalError) as error:
        return _complain(str(error), trouble)
    except BrokenPipeError:
        return _hush()
    except OSError as error:
        from pcapfilter.cli.faults import said

        return _complain(said(error), trouble)
    except KeyboardInterrupt:
        return _complain("broken off", trouble)
    return code


def _complain(message: str, code: int) -> int:
    try:
        sys.stdout.flush()
    except OSError:
        _hush()
    print(f"pcapfilter: {message}", file=sys.stderr)
    return code


def _hush() -> int:
    """Nobody reads what we write: end without a word, at Python's own last flush too."""
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return 1
