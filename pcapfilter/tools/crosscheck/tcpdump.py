"""What the tcpdump installed compiles of a filter."""

import os
import re
import shutil
import subprocess
from typing import Self

from pcapfilter.bpf.program import Program
from pcapfilter.bpf.text import parse
from pcapfilter.errors import PcapFilterError, ProgramError

_PLACES = "/usr/sbin:/usr/bin:/sbin:/usr/local/sbin:/usr/local/bin:/opt/homebrew/sbin"
_UNKNOWN_LINK = re.compile(r"invalid data link type|unknown data link type")
_SAYS = re.compile(r"^[^:\n]*tcpdump: ", re.MULTILINE)


class TroubleError(PcapFilterError):
    """There is no tcpdump, or it gives no answer."""


class RefusalError(Exception):
    """What tcpdump says of a filter that it does not take."""


class UnknownLinkError(Exception):
    """What tcpdump says of a link type that it does not know."""


class Tcpdump:
    """A tcpdump: its path, and what it says of itself."""

    def __init__(self, path: str, version: str) -> None:
        self.path, self.version = path, version

    @classmethod
    def find(cls, path: str | None = None, timeout: float = 30.0) -> Self:
        """Give the tcpdump at a path, or the first one found; TroubleError where there is none.

        `timeout` is how many seconds it may take to say what it is.
        """
        found = path or shutil.which("tcpdump", path=f"{os.environ.get('PATH', '')}:{_PLACES}")
        if not found:
            raise TroubleError("no tcpdump is installed here (apt-get install tcpdump)")
        answer = _run([found, "--version"], timeout)
        lines = [line for line in (answer.stdout + answer.stderr).splitlines() if line]
        names = [line for line in lines if line.startswith(("tcpdump version", "libpcap version"))]
        if not names:
            raise TroubleError(f"{found} is no tcpdump: {' '.join(lines)[:100]!r}")
        return cls(found, ", ".join(name.replace(" version", "") for name in names))

    def compile(self, text: str, link: str, *, optimize: bool, timeout: float) -> Program:
        """Give the program of a filter, as `tcpdump -ddd -y LINK` prints it.

        RefusalError and UnknownLinkError carry what it says instead.
        """
        command = [self.path, *([] if optimize else ["-O"]), "-ddd", "-y", link, "--", text]
        answer = _run(command, timeout)
        if answer.returncode == 0:
            try:
                return parse(answer.stdout)
            except ProgramError as error:
                raise TroubleError(f"what {self.path} -ddd printed: {error}") from None
        said = _SAYS.sub("", answer.stderr).strip()
        if _UNKNOWN_LINK.search(said):
            raise UnknownLinkError(said)
        if answer.returncode < 0:
            raise TroubleError(f"{self.path} was ended by signal {-answer.returncode}")
        raise RefusalError(said)


def _run(command: list[str], timeout: float) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(  # noqa: S603 -- no shell, and the path is the user's
            command,
            capture_output=True,
            check=False,
            timeout=timeout,
            encoding="utf-8",
            errors="replace",
            env={**os.environ, "LC_ALL": "C"},
        )
    except subprocess.TimeoutExpired:
        raise TroubleError(f"{command[0]} gave no answer in {timeout:g} s") from None
    except ValueError:
        raise TroubleError(f"{command[0]} cannot be given a text with a NUL in it") from None
    except OSError as error:
        raise TroubleError(f"{command[0]}: {error.strerror}") from None
