"""The command `pcapfilter`: tcpdump's flags, its listings and its files."""

import sys

from pcapfilter.cli.options import UsageError


def main(words: list[str] | None = None) -> int:
    """Run the command with the words after its name; give the exit code: 0, or 1 for any fault.

    130 says that the user broke it off, as shells have it.
    """
    from pcapfilter.errors import PcapFilterError

    try:
        from pcapfilter.cli.run import run

        code = run(sys.argv[1:] if words is None else words)
        sys.stdout.flush()
    except (UsageError, PcapFilterError) as error:
        return _complain(str(error))
    except BrokenPipeError:
        return _hush()
    except OSError as error:
        reason = error.strerror or str(error)
        return _complain(f"{error.filename}: {reason}" if error.filename else reason)
    except KeyboardInterrupt:
        return 130
    return code


def _complain(message: str) -> int:
    sys.stdout.flush()
    print(f"pcapfilter: {message}", file=sys.stderr)
    return 1


def _hush() -> int:
    """Nobody reads what we write: end without a word, at Python's own last flush too."""
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return 1
