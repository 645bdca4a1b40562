"""Colours on a terminal, and plain text elsewhere."""

import os
import pty
import subprocess
import sys
from pathlib import Path


def on_a_terminal(*words: str, **extra: str) -> bytes:
    """What the command prints to a terminal."""
    leader, follower = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "pcapfilter", *words],
        stdout=follower,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "TERM": "xterm-256color", **extra},
    ) as process:
        os.close(follower)
        printed = b""
        while True:
            try:
                part = os.read(leader, 65536)
            except OSError:  # the other side is closed
                break
            if not part:
                break
            printed += part
        process.wait(timeout=60)
    os.close(leader)
    return printed


def test_an_explanation_has_colours() -> None:
    printed = on_a_terminal("explain", "tcp[13] = 2")
    assert b"\x1b[32mtcp[13] = 2\x1b[0m" in printed
    assert b"\x1b[36mEtherType" in printed


def test_a_trace_has_colours(captures: Path) -> None:
    printed = on_a_terminal("trace", "-c", "1", "-r", str(captures / "ethernet.pcap"), "tcp")
    assert b"\x1b[1;31mno: \x1b[0mIPv4 protocol is 17 (udp), not 6 (tcp)" in printed


def test_who_wants_no_colours_gets_none() -> None:
    assert b"\x1b[36m" not in on_a_terminal("explain", "tcp", NO_COLOR="1")
